/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Records become GVariants and come back the same; a damaged one is refused by the name of what is
 * damaged. */
#include "config.h"

#include <string.h>

#include "iommud-error.h"
#include "model/record.h"

typedef struct
{
  const char *name;
  const char *text; /* a whole one */
  gpointer (*from_variant) (GVariant *variant, GError **error);
  GVariant *(*to_variant) (gconstpointer record);
  GDestroyNotify free;
} Kind;

#define KIND(name, prefix, text)                                                                   \
  {                                                                                                \
    name, text, (gpointer (*) (GVariant *, GError **)) prefix##_from_variant,                      \
        (GVariant * (*) (gconstpointer)) prefix##_to_variant, (GDestroyNotify) prefix##_free       \
  }

#define CONTEXT "{'serial': <@t 7>, 'n_containers': <@u 2>, 'shared': <true>}"
#define CONTAINER                                                                                  \
  "{'serial': <@t 9>, 'context': <@t 7>, 'name': <'a'>, 'owner': <@u 1000>, 'ioas_id': <@u 1>, "   \
  "'accounting': <@u 1>, 'policy': <@u 2>, 'huge_pages': <true>, "                                 \
  "'allowed': <@a(tt) [(0, 4095), (8192, 18446744073709551615)]>, 'orphans': <@au [4, 5]>, "       \
  "'last_hwpt_serial': <@t 3>, 'n_refusals': <@u 1>, 'n_hwpts': <@u 1>, 'n_devices': <@u 1>, "     \
  "'n_mappings': <@t 1>, 'lease': <@t 5>}"
#define LEASE                                                                                      \
  "{'serial': <@t 5>, 'name': <'vm1'>, 'owner': <@u 1000>, 'pid': <@u 42>, 'command': <'qemu'>, "  \
  "'unit': <'vm1.service'>, 'since': <@t 3>, 'locked_memory': <@t 4096>, 'lingering': <true>, "    \
  "'handed_out': <@as ['0000:01:00.0']>}"
#define HWPT                                                                                       \
  "{'container': <@t 9>, 'serial': <@t 3>, 'parent': <@t 0>, 'hwpt_id': <@u 2>, "                  \
  "'management': <@u 2>, 'flags': <@u 3>, 'iommu': <'dmar0'>, 'refused': <@as ['dmar1']>, "        \
  "'devices': <@as ['0000:01:00.0']>}"
#define BINDING                                                                                    \
  "{'name': <'0000:01:00.0'>, 'sysfs_path': <'/sys/devices/a'>, 'container': <@t 9>, "             \
  "'hwpt': <@t 3>, 'attached': <true>, 'device_id': <@u 3>, 'iommu_capabilities': <@t 1>, "        \
  "'iommu_type': <@u 1>, 'max_pasid_width': <@u 16>, 'dma_logging': <true>, 'tracker': <@u 2>}"
#define MAPPING                                                                                    \
  "{'container': <@t 9>, 'iova': <@t 4096>, 'length': <@t 8192>, 'file_offset': <@t 4096>, "       \
  "'flags': <@u 3>, 'memory_is_writable': <true>, 'first_piece': <@t 4096>, "                      \
  "'piece': <@t 1073741824>, 'by_address': <true>}"
#define TRACKER                                                                                    \
  "{'kind': <@u 1>, 'device': <'0000:01:00.0'>, 'hwpt_id': <@u 0>, 'page_size': <@t 4096>, "       \
  "'runs': <true>, 'ranges': <@a(tt) [(0, 4095)]>, 'blind': <false>}"
#define TRACKING                                                                                   \
  "{'container': <@t 9>, 'active': <true>, 'stopping': <false>, 'page_size': <@t 4096>, "          \
  "'trackers': <@aa{sv} [" TRACKER "]>, 'saved_of_logs': <@a(tt) [(0, 4095)]>, "                   \
  "'saved_of_hwpts': <@a(tt) []>}"
#define INTENT                                                                                     \
  "{'number': <@t 1>, 'act': <'attach-device'>, 'context': <@t 7>, 'container': <@t 9>, "          \
  "'hwpt': <@t 0>, 'source': <@t 0>, 'name': <''>, 'owner': <@u 0>, 'device': <'0000:01:00.0'>, "  \
  "'iova': <@t 0>, 'length': <@t 0>, 'closes': <@as ['context-7']>}"
#define SCOPE "{'kind': <'hwpts'>, 'key': <@t 9>, 'first': <@t 0>, 'last': <@t 3>, 'name': <''>}"
#define HOST                                                                                       \
  "{'version': <@u 2>, 'damaged': <false>, 'last_context_serial': <@t 7>, "                        \
  "'last_container_serial': <@t 9>, "                                                              \
  "'last_lease_serial': <@t 5>, 'n_contexts': <@u 1>, 'n_containers': <@u 1>, "                    \
  "'n_leases': <@u 1>, 'contexts': <@aa{sv} [" CONTEXT "]>, "                                      \
  "'containers': <@aa{sv} [" CONTAINER "]>, 'leases': <@aa{sv} [" LEASE "]>, "                     \
  "'hwpts': <@aa{sv} [" HWPT "]>, "                                                                \
  "'bindings': <@aa{sv} [" BINDING "]>, 'mappings': <@aa{sv} [" MAPPING "]>, "                     \
  "'trackings': <@aa{sv} [" TRACKING "]>, 'intents': <@aa{sv} [" INTENT "]>, "                     \
  "'scopes': <@aa{sv} [" SCOPE "]>}"

static const Kind kinds[] = {
  KIND ("context", iommud_context_record, CONTEXT),
  KIND ("container", iommud_container_record, CONTAINER),
  KIND ("lease", iommud_lease_record, LEASE),
  KIND ("HWPT", iommud_hwpt_record, HWPT),
  KIND ("bound device", iommud_binding_record, BINDING),
  KIND ("mapping", iommud_mapping_record, MAPPING),
  KIND ("tracker", iommud_tracker_record, TRACKER),
  KIND ("dirty tracking", iommud_tracking_record, TRACKING),
  KIND ("intent", iommud_intent_record, INTENT),
  KIND ("scope", iommud_scope_record, SCOPE),
  KIND ("host", iommud_host_record, HOST),
};

static const Kind *
find_kind (const char *name)
{
  const Kind *kind = kinds;

  while (!g_str_equal (kind->name, name))
    kind++;
  return kind;
}

static GVariant *
parse (const char *text)
{
  g_autoptr (GError) error = NULL;
  GVariant *variant = g_variant_parse (NULL, text, NULL, NULL, &error);

  g_assert_no_error (error);
  return variant;
}

static void
assert_refused (const Kind *kind, GVariant *variant, const char *what)
{
  g_autoptr (GVariant) owned = g_variant_ref_sink (variant);
  g_autoptr (GError) error = NULL;

  g_assert_null (kind->from_variant (owned, &error));
  g_assert_error (error, IOMMUD_ERROR, IOMMUD_ERROR_INVALID_ARGUMENT);
  if (strstr (error->message, what) == NULL || strstr (error->message, kind->name) == NULL)
    g_error ("\"%s\" names no %s of a %s", error->message, what, kind->name);
}

static void
test_round_trip (gconstpointer data)
{
  const Kind *kind = data;
  g_autoptr (GVariant) variant = parse (kind->text);
  g_autoptr (GError) error = NULL;
  gpointer record = kind->from_variant (variant, &error);
  g_autoptr (GVariant) again = NULL;

  g_assert_no_error (error);
  again = g_variant_ref_sink (kind->to_variant (record));
  g_assert_cmpvariant (again, variant);
  kind->free (record);
}

/* The fields of @variant, without one (or NULL), with another (or NULL). */
static GVariant *
rebuild (GVariant *variant, const char *without, const char *with, GVariant *value)
{
  GVariantBuilder builder;
  GVariantIter iter;
  const char *name;
  GVariant *field;

  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  g_variant_iter_init (&iter, variant);
  while (g_variant_iter_next (&iter, "{&sv}", &name, &field))
    {
      if (without == NULL || !g_str_equal (name, without))
        g_variant_builder_add (&builder, "{sv}", name, field);
      g_variant_unref (field);
    }
  if (with != NULL)
    g_variant_builder_add (&builder, "{sv}", with, value);
  return g_variant_builder_end (&builder);
}

/* Each field missing, of another type, and there twice. */
static void
test_fields (gconstpointer data)
{
  const Kind *kind = data;
  g_autoptr (GVariant) variant = parse (kind->text);
  GVariantIter iter;
  const char *name;
  GVariant *value;

  g_variant_iter_init (&iter, variant);
  while (g_variant_iter_next (&iter, "{&sv}", &name, &value))
    {
      assert_refused (kind, rebuild (variant, name, NULL, NULL), name);
      assert_refused (kind, rebuild (variant, name, name, g_variant_new_double (1)), name);
      assert_refused (kind, rebuild (variant, NULL, name, value), "twice");
      g_variant_unref (value);
    }
  assert_refused (kind, rebuild (variant, NULL, "more", g_variant_new_uint32 (1)), "fields");
  assert_refused (kind, g_variant_new_uint32 (1), "type");
}

static const struct
{
  const char *kind;
  const char *field;
  const char *value;
} damages[] = {
  { "context", "serial", "@t 0" },
  { "context", "serial", "@t 9007199254740992" },
  { "context", "n_containers", "@u 0" },
  { "container", "serial", "@t 0" },
  { "container", "context", "@t 0" },
  { "container", "name", "''" },
  { "container", "name", "'17'" },
  { "container", "name", "'a/b'" },
  { "container", "name", "'a\\nb'" },
  { "container", "name", "'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'" },
  { "container", "ioas_id", "@u 0" },
  { "container", "ioas_id", "@u 0x80000000" },
  { "container", "accounting", "@u 2" },
  { "container", "policy", "@u 3" },
  { "container", "allowed", "@a(tt) [(1, 0)]" },
  { "container", "allowed", "@a(tt) [(8192, 12287), (0, 4095)]" },
  { "container", "allowed", "@a(tt) [(0, 4095), (4095, 8191)]" },
  { "container", "orphans", "@au [0]" },
  { "container", "last_hwpt_serial", "@t 9007199254740992" },
  { "container", "n_hwpts", "@u 65537" },
  { "container", "n_devices", "@u 65537" },
  { "container", "n_mappings", "@t 4194305" },
  { "container", "lease", "@t 9007199254740992" },
  { "lease", "serial", "@t 0" },
  { "lease", "name", "''" },
  { "lease", "name", "'a b'" },
  { "lease", "since", "'x'" },
  { "HWPT", "container", "@t 0" },
  { "HWPT", "serial", "@t 0" },
  { "HWPT", "parent", "@t 9007199254740992" },
  { "HWPT", "hwpt_id", "@u 0" },
  { "HWPT", "management", "@u 3" },
  { "HWPT", "flags", "@u 4" },
  { "HWPT", "iommu", "'\\t'" },
  { "HWPT", "refused", "@as ['\\n']" },
  { "HWPT", "devices", "@as ['\\n']" },
  { "bound device", "name", "''" },
  { "bound device", "name", "'a/b'" },
  { "bound device", "sysfs_path", "'sys'" },
  { "bound device", "container", "@t 0" },
  { "bound device", "device_id", "@u 0" },
  { "bound device", "tracker", "@u 3" },
  { "mapping", "container", "@t 0" },
  { "mapping", "length", "@t 0" },
  { "mapping", "flags", "@u 0" },
  { "mapping", "flags", "@u 4" },
  { "mapping", "first_piece", "@t 0" },
  { "mapping", "piece", "@t 0" },
  { "mapping", "piece", "@t 18446744073709551615" },
  { "tracker", "kind", "@u 0" },
  { "tracker", "kind", "@u 3" },
  { "tracker", "device", "'a/b'" },
  { "tracker", "hwpt_id", "@u 0x80000000" },
  { "tracker", "ranges", "@a(tt) [(4096, 0)]" },
  { "dirty tracking", "container", "@t 0" },
  { "dirty tracking", "page_size", "@t 0" },
  { "dirty tracking", "page_size", "@t 2147483648" },
  { "dirty tracking", "saved_of_logs", "@a(tt) [(4096, 0)]" },
  { "dirty tracking", "saved_of_hwpts", "@a(tt) [(4096, 0)]" },
  { "host", "version", "@u 1" },
  { "host", "version", "@u 3" },
  { "host", "last_lease_serial", "@t 9007199254740992" },
  { "host", "n_leases", "@u 65537" },
  { "host", "last_context_serial", "@t 9007199254740992" },
  { "host", "last_container_serial", "@t 9007199254740992" },
  { "host", "n_contexts", "@u 65537" },
  { "host", "n_containers", "@u 65537" },
};

static void
test_damages (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (damages); i++)
    {
      const Kind *kind = find_kind (damages[i].kind);
      g_autoptr (GVariant) variant = parse (kind->text);
      g_autoptr (GVariant) value = parse (damages[i].value);

      assert_refused (kind, rebuild (variant, damages[i].field, damages[i].field, value),
                      damages[i].field);
    }
}

static void
test_long_lists (void)
{
  const Kind *kind = find_kind ("container");
  g_autoptr (GVariant) variant = parse (kind->text);
  g_autofree guint32 *ids = g_new (guint32, 65537);

  for (guint i = 0; i < 65537; i++)
    ids[i] = i + 1;
  assert_refused (
      kind,
      rebuild (variant, "orphans", "orphans",
               g_variant_new_fixed_array (G_VARIANT_TYPE_UINT32, ids, 65537, sizeof *ids)),
      "orphans");
}

/* A damaged record inside of another one is named by itself. */
static void
test_inner_damage (void)
{
  g_autoptr (GVariant) variant = parse (HOST);
  g_autoptr (GVariant) hwpts = parse ("@aa{sv} [{'serial': <@t 1>}]");
  g_autoptr (GVariant) damaged = g_variant_ref_sink (rebuild (variant, "hwpts", "hwpts", hwpts));
  g_autoptr (GError) error = NULL;

  g_assert_null (iommud_host_record_from_variant (damaged, &error));
  g_assert_error (error, IOMMUD_ERROR, IOMMUD_ERROR_INVALID_ARGUMENT);
  g_assert_nonnull (strstr (error->message, "of a HWPT"));
}

/* Bytes that are no such GVariant at all read as one, of default values, and are refused. */
static void
test_bytes (void)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (7);
  g_autoptr (GVariant) good = parse (HOST);
  gsize size = g_variant_get_size (good);

  for (guint i = 0; i < 2000; i++)
    {
      guint8 *bytes = g_memdup2 (g_variant_get_data (good), size);
      g_autoptr (GVariant) flipped = NULL;
      g_autoptr (IommudHostRecord) record = NULL;
      g_autoptr (GError) error = NULL;

      bytes[g_rand_int_range (random, 0, (gint32) size)] ^=
          (guint8) g_rand_int_range (random, 1, 256);
      flipped = g_variant_ref_sink (g_variant_new_from_data (
          G_VARIANT_TYPE_VARDICT, bytes, (gsize) g_rand_int_range (random, 0, (gint32) size + 1),
          FALSE, g_free, bytes));
      record = iommud_host_record_from_variant (flipped, &error);
      g_assert_true ((record == NULL) == (error != NULL));
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (kinds); i++)
    {
      g_autofree char *round_trip = g_strdup_printf ("/records/round-trip/%s", kinds[i].name);
      g_autofree char *fields = g_strdup_printf ("/records/fields/%s", kinds[i].name);

      g_test_add_data_func (round_trip, &kinds[i], test_round_trip);
      g_test_add_data_func (fields, &kinds[i], test_fields);
    }
  g_test_add_func ("/records/damages", test_damages);
  g_test_add_func ("/records/long-lists", test_long_lists);
  g_test_add_func ("/records/inner-damage", test_inner_damage);
  g_test_add_func ("/records/bytes", test_bytes);
  return g_test_run ();
}
