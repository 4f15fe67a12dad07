/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How the properties of an object become a record: the D-Bus API's names and types, but for IOVAs,
 * which are strings such as "0xfee00000" because JSON numbers lose the low bits of 64, and for
 * mappings, whose parts get names. */
#include "config.h"

#include "records.h"

#include "mapping.h"

static const struct
{
  const char *interface_name;
  const char *kind;
} kinds[] = {
  { IOMMUD_DBUS_DEVICE_INTERFACE, "device" },
  { IOMMUD_DBUS_CONTAINER_INTERFACE, "container" },
  { IOMMUD_DBUS_HWPT_INTERFACE, "hwpt" },
  { IOMMUD_DBUS_MANAGER_INTERFACE, "manager" },
};

const char *
iommuctl_records_kind (const char *interface_name)
{
  for (gsize i = 0; i < G_N_ELEMENTS (kinds); i++)
    if (g_str_equal (kinds[i].interface_name, interface_name))
      return kinds[i].kind;
  return NULL;
}

static GVariant *
ranges_in_hex (GVariant *ranges)
{
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a(ss)"));
  GVariantIter iter;
  guint64 first, last;

  g_variant_iter_init (&iter, ranges);
  while (g_variant_iter_next (&iter, "(tt)", &first, &last))
    {
      g_autofree char *first_hex = g_strdup_printf ("0x%" G_GINT64_MODIFIER "x", first);
      g_autofree char *last_hex = g_strdup_printf ("0x%" G_GINT64_MODIFIER "x", last);

      g_variant_builder_add (&builder, "(ss)", first_hex, last_hex);
    }
  return g_variant_builder_end (&builder);
}

static void
add_property (GVariantBuilder *builder, const char *name, GVariant *value)
{
  if (g_variant_is_of_type (value, G_VARIANT_TYPE ("a(tt)")))
    value = ranges_in_hex (value);
  else if (g_variant_is_of_type (value, G_VARIANT_TYPE ("a(tttu)")))
    value = iommuctl_mapping_records (value);
  g_variant_builder_add (builder, "{sv}", name, value);
}

static void
open_record (GVariantBuilder *builder, const char *interface_name, const char *path)
{
  g_variant_builder_init (builder, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (builder, "{sv}", "Kind",
                         g_variant_new_string (iommuctl_records_kind (interface_name)));
  g_variant_builder_add (builder, "{sv}", "Path", g_variant_new_string (path));
}

static int
compare_strings (gconstpointer a, gconstpointer b)
{
  return g_strcmp0 (*(const char *const *) a, *(const char *const *) b);
}

GVariant *
iommuctl_records_of_proxy (GDBusProxy *proxy)
{
  g_auto (GStrv) names = g_dbus_proxy_get_cached_property_names (proxy);
  GVariantBuilder builder;

  open_record (&builder, g_dbus_proxy_get_interface_name (proxy),
               g_dbus_proxy_get_object_path (proxy));
  if (names != NULL)
    qsort (names, g_strv_length (names), sizeof *names, compare_strings);
  for (guint i = 0; names != NULL && names[i] != NULL; i++)
    {
      g_autoptr (GVariant) value = g_dbus_proxy_get_cached_property (proxy, names[i]);

      if (value != NULL)
        add_property (&builder, names[i], value);
    }
  return g_variant_ref_sink (g_variant_builder_end (&builder));
}

GVariant *
iommuctl_records_of_properties (const char *interface_name, const char *path, GVariant *properties)
{
  GVariantBuilder builder;
  GVariantIter iter;
  const char *name = NULL;
  GVariant *value = NULL;

  open_record (&builder, interface_name, path);
  g_variant_iter_init (&iter, properties);
  while (g_variant_iter_loop (&iter, "{&sv}", &name, &value))
    add_property (&builder, name, value);
  return g_variant_ref_sink (g_variant_builder_end (&builder));
}

gboolean
iommuctl_records_has_objects (GVariant *value)
{
  g_autoptr (GVariant) first = NULL;

  if (!g_variant_is_of_type (value, G_VARIANT_TYPE ("aa{sv}")) || g_variant_n_children (value) == 0)
    return FALSE;
  first = g_variant_get_child_value (value, 0);
  return g_variant_lookup (first, "Kind", "&s", NULL);
}

/* By number where the paths end in one, so that container 10 comes after 9. */
static int
compare_proxies (gconstpointer a, gconstpointer b)
{
  g_autofree char *a_key =
      g_utf8_collate_key_for_filename (g_dbus_proxy_get_object_path ((gpointer) a), -1);
  g_autofree char *b_key =
      g_utf8_collate_key_for_filename (g_dbus_proxy_get_object_path ((gpointer) b), -1);

  return strcmp (a_key, b_key);
}

static GVariant *
records_of_list (GList *proxies)
{
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("aa{sv}"));

  proxies = g_list_sort (proxies, compare_proxies);
  for (GList *l = proxies; l != NULL; l = l->next)
    {
      g_autoptr (GVariant) record = iommuctl_records_of_proxy (l->data);

      g_variant_builder_add_value (&builder, record);
    }
  g_list_free_full (proxies, g_object_unref);
  return g_variant_ref_sink (g_variant_builder_end (&builder));
}

GVariant *
iommuctl_records_of_devices (IommudDBusClient *client)
{
  return records_of_list (iommud_dbus_client_get_devices (client));
}

GVariant *
iommuctl_records_of_containers (IommudDBusClient *client)
{
  return records_of_list (iommud_dbus_client_get_containers (client));
}

GVariant *
iommuctl_records_of_path (IommudDBusClient *client, const char *path)
{
  GDBusObjectManager *manager = iommud_dbus_client_get_object_manager (client);

  for (gsize i = 0; i < G_N_ELEMENTS (kinds); i++)
    {
      g_autoptr (GDBusInterface) interface =
          g_dbus_object_manager_get_interface (manager, path, kinds[i].interface_name);

      if (interface != NULL)
        return iommuctl_records_of_proxy (G_DBUS_PROXY (interface));
    }
  return NULL;
}

static void
copy_without (GVariantBuilder *builder, GVariant *record, GPtrArray *left_out)
{
  GVariantIter iter;
  const char *key = NULL;
  GVariant *value = NULL;

  g_variant_iter_init (&iter, record);
  while (g_variant_iter_loop (&iter, "{&sv}", &key, &value))
    if (!g_ptr_array_find_with_equal_func (left_out, key, g_str_equal, NULL))
      g_variant_builder_add (builder, "{sv}", key, value);
}

GVariant *
iommuctl_records_without (GVariant *record, ...)
{
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_VARDICT);
  g_autoptr (GPtrArray) left_out = g_ptr_array_new ();
  const char *key = NULL;
  va_list keys;

  va_start (keys, record);
  while ((key = va_arg (keys, const char *)) != NULL)
    g_ptr_array_add (left_out, (gpointer) key);
  va_end (keys);
  copy_without (&builder, record, left_out);
  return g_variant_ref_sink (g_variant_builder_end (&builder));
}

GVariant *
iommuctl_records_with (GVariant *record, const char *key, GVariant *value)
{
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_VARDICT);
  g_autoptr (GPtrArray) left_out = g_ptr_array_new ();

  g_ptr_array_add (left_out, (gpointer) key);
  copy_without (&builder, record, left_out);
  g_variant_builder_add (&builder, "{sv}", key, value);
  return g_variant_ref_sink (g_variant_builder_end (&builder));
}
