/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How the properties of an object become a record: with the names and types of the D-Bus API,
 * except that IOVAs are strings such as "0xfee00000", because many programs that read JSON lose the
 * low bits of 64-bit numbers, and that the parts of mappings have names. */
#include "config.h"

#include "records.h"

#include "mapping.h"
#include "numbers.h"

/* A container has three interfaces, whose properties make one record. Those of dirty tracking get
 * its name as a prefix: Active alone would say little beside Accounting and MappedBytes. */
static const struct
{
  const char *interface_name;
  const char *kind;
  const char *prefix;
} kinds[] = {
  { IOMMUD_DBUS_DEVICE_INTERFACE, "device", "" },
  { IOMMUD_DBUS_CONTAINER_INTERFACE, "container", "" },
  { IOMMUD_DBUS_MEMORY_INTERFACE, "container", "" },
  { IOMMUD_DBUS_DIRTY_TRACKING_INTERFACE, "container", "DirtyTracking" },
  { IOMMUD_DBUS_HWPT_INTERFACE, "hwpt", "" },
  { IOMMUD_DBUS_MANAGER_INTERFACE, "manager", "" },
};

const char *
iommuctl_records_kind (const char *interface_name)
{
  for (gsize i = 0; i < G_N_ELEMENTS (kinds); i++)
    if (g_str_equal (kinds[i].interface_name, interface_name))
      return kinds[i].kind;
  return NULL;
}

char *
iommuctl_records_member (const char *interface_name, const char *property_name)
{
  for (gsize i = 0; i < G_N_ELEMENTS (kinds); i++)
    if (g_str_equal (kinds[i].interface_name, interface_name))
      return g_strconcat (kinds[i].prefix, property_name, NULL);
  return g_strdup (property_name);
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
      g_autofree char *first_hex = iommuctl_numbers_describe_address (first);
      g_autofree char *last_hex = iommuctl_numbers_describe_address (last);

      g_variant_builder_add (&builder, "(ss)", first_hex, last_hex);
    }
  return g_variant_builder_end (&builder);
}

static int
compare_names (gconstpointer a, gconstpointer b, gpointer user_data)
{
  return strcmp (a, b);
}

/* Members of a record by name, in the order of their names. */
static GTree *
new_members (void)
{
  return g_tree_new_full (compare_names, NULL, g_free, (GDestroyNotify) g_variant_unref);
}

/* A value as records have it; a new reference. */
static GVariant *
member_value (GVariant *value)
{
  if (g_variant_is_of_type (value, G_VARIANT_TYPE ("a(tt)")))
    return g_variant_ref_sink (ranges_in_hex (value));
  if (g_variant_is_of_type (value, G_VARIANT_TYPE ("a(tttu)")))
    return g_variant_ref_sink (iommuctl_mapping_records (value));
  return g_variant_ref (value);
}

/* If signals have said that a property has changed but not what its value is, the value is read
 * now. */
static void
complete_proxy (GDBusProxy *proxy)
{
  const GDBusInterfaceInfo *info = g_dbus_proxy_get_interface_info (proxy);

  for (guint i = 0; info->properties[i] != NULL; i++)
    {
      const char *name = info->properties[i]->name;
      g_autoptr (GVariant) known = g_dbus_proxy_get_cached_property (proxy, name);
      g_autoptr (GVariant) value = NULL;

      if (known == NULL)
        value = iommud_dbus_read_property_sync (proxy, name, NULL, NULL);
    }
}

static void
add_proxy (GTree *members, GDBusProxy *proxy)
{
  g_auto (GStrv) names = NULL;

  complete_proxy (proxy);
  names = g_dbus_proxy_get_cached_property_names (proxy);
  for (guint i = 0; names != NULL && names[i] != NULL; i++)
    {
      g_autoptr (GVariant) value = g_dbus_proxy_get_cached_property (proxy, names[i]);

      if (value != NULL)
        g_tree_replace (members,
                        iommuctl_records_member (g_dbus_proxy_get_interface_name (proxy), names[i]),
                        member_value (value));
    }
}

static gboolean
append_member (gpointer name, gpointer value, gpointer builder)
{
  g_variant_builder_add (builder, "{sv}", name, value);
  return FALSE;
}

static void
open_record (GVariantBuilder *builder, const char *interface_name, const char *path)
{
  g_variant_builder_init (builder, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (builder, "{sv}", "Kind",
                         g_variant_new_string (iommuctl_records_kind (interface_name)));
  g_variant_builder_add (builder, "{sv}", "Path", g_variant_new_string (path));
}

GVariant *
iommuctl_records_of_proxy (IommudDBusClient *client, GDBusProxy *proxy)
{
  const char *path = g_dbus_proxy_get_object_path (proxy);
  g_autoptr (GTree) members = new_members ();
  GVariantBuilder builder;

  add_proxy (members, proxy);
  if (IOMMUD_DBUS_IS_CONTAINER (proxy))
    {
      g_autoptr (IommudDBusMemory) memory =
          iommud_dbus_client_find_memory (client, path, NULL, NULL);
      g_autoptr (IommudDBusDirtyTracking) dirty_tracking =
          iommud_dbus_client_find_dirty_tracking (client, path, NULL, NULL);

      if (memory != NULL)
        add_proxy (members, G_DBUS_PROXY (memory));
      if (dirty_tracking != NULL)
        add_proxy (members, G_DBUS_PROXY (dirty_tracking));
    }
  open_record (&builder, g_dbus_proxy_get_interface_name (proxy), path);
  g_tree_foreach (members, append_member, &builder);
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
    {
      g_autofree char *member = iommuctl_records_member (interface_name, name);
      g_autoptr (GVariant) member_of_record = member_value (value);

      g_variant_builder_add (&builder, "{sv}", member, member_of_record);
    }
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

/* By number if the paths end in one, so that container 10 comes after 9. */
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
records_of_list (IommudDBusClient *client, GList *proxies)
{
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("aa{sv}"));

  proxies = g_list_sort (proxies, compare_proxies);
  for (GList *l = proxies; l != NULL; l = l->next)
    {
      g_autoptr (GVariant) record = iommuctl_records_of_proxy (client, l->data);

      g_variant_builder_add_value (&builder, record);
    }
  g_list_free_full (proxies, g_object_unref);
  return g_variant_ref_sink (g_variant_builder_end (&builder));
}

GVariant *
iommuctl_records_of_devices (IommudDBusClient *client)
{
  return records_of_list (client, iommud_dbus_client_get_devices (client));
}

GVariant *
iommuctl_records_of_containers (IommudDBusClient *client)
{
  return records_of_list (client, iommud_dbus_client_get_containers (client));
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
        return iommuctl_records_of_proxy (client, G_DBUS_PROXY (interface));
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
