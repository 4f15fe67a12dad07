/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How the properties of an object become a record: with the names and types of the D-Bus API,
 * except that IOVAs are strings such as "0xfee00000", because many programs that read JSON lose the
 * low bits of 64-bit numbers, and that the parts of mappings and holders have names. */
#include "config.h"

#include "records.h"

#include "holder.h"
#include "mapping.h"
#include "names.h"
#include "numbers.h"

/* A container has three interfaces, whose properties make one record. Those of dirty tracking get
 * its name as a prefix: Active alone would say little beside Accounting and MappedBytes. */
typedef struct
{
  const char *interface_name;
  const char *kind;
  const char *prefix;
  gboolean is_main; /* that an object is known by */
} RecordKind;

static const RecordKind kinds[] = {
  { IOMMUD_DBUS_DEVICE_INTERFACE, "device", "", TRUE },
  { IOMMUD_DBUS_CONTAINER_INTERFACE, "container", "", TRUE },
  { IOMMUD_DBUS_MEMORY_INTERFACE, "container", "", FALSE },
  { IOMMUD_DBUS_DIRTY_TRACKING_INTERFACE, "container", "DirtyTracking", FALSE },
  { IOMMUD_DBUS_HWPT_INTERFACE, "hwpt", "", TRUE },
  { IOMMUD_DBUS_LEASE_INTERFACE, "lease", "", TRUE },
  { IOMMUD_DBUS_MANAGER_INTERFACE, "manager", "", TRUE },
};

static const RecordKind *
find_kind (const char *interface_name)
{
  for (gsize i = 0; i < G_N_ELEMENTS (kinds); i++)
    if (g_str_equal (kinds[i].interface_name, interface_name))
      return &kinds[i];
  return NULL;
}

const char *
iommuctl_records_kind (const char *interface_name)
{
  const RecordKind *kind = find_kind (interface_name);

  return kind == NULL ? NULL : kind->kind;
}

char *
iommuctl_records_member (const char *interface_name, const char *property_name)
{
  const RecordKind *kind = find_kind (interface_name);

  return g_strconcat (kind == NULL ? "" : kind->prefix, property_name, NULL);
}

/* "" for a foreign object. */
static const char *
main_interface_of (GVariant *interfaces)
{
  const RecordKind *kind = NULL;
  gsize n_interfaces = g_variant_n_children (interfaces);

  for (gsize i = 0; i < n_interfaces && (kind == NULL || !kind->is_main); i++)
    {
      g_autoptr (GVariant) entry = g_variant_get_child_value (interfaces, i);
      g_autoptr (GVariant) name = g_variant_get_child_value (entry, 0);

      kind = find_kind (g_variant_get_string (name, NULL));
    }
  return kind == NULL || !kind->is_main ? "" : kind->interface_name;
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

/* A value as records have it; a new reference. */
static GVariant *
member_value (GVariant *value)
{
  if (g_variant_is_of_type (value, G_VARIANT_TYPE ("a(tt)")))
    return g_variant_ref_sink (ranges_in_hex (value));
  if (g_variant_is_of_type (value, G_VARIANT_TYPE ("a(tttu)")))
    return g_variant_ref_sink (iommuctl_mapping_records (value));
  if (g_variant_is_of_type (value, G_VARIANT_TYPE ("a(uss)")))
    return g_variant_ref_sink (iommuctl_holder_records (value));
  return g_variant_ref (value);
}

/* A property as a member: most are the same as in the listing, and are shared with it. */
static GVariant *
member_of_entry (GVariant *entry, const char *prefix)
{
  g_autoptr (GVariant) boxed = g_variant_get_child_value (entry, 1);
  g_autoptr (GVariant) value = g_variant_get_variant (boxed);
  g_autoptr (GVariant) of_record = member_value (value);
  g_autoptr (GVariant) name = NULL;
  g_autofree char *member = NULL;

  if (*prefix == '\0' && of_record == value)
    return g_variant_ref (entry);
  name = g_variant_get_child_value (entry, 0);
  member = g_strconcat (prefix, g_variant_get_string (name, NULL), NULL);
  return g_variant_ref_sink (g_variant_new ("{sv}", member, of_record));
}

static void
add_members (GPtrArray *members, const char *interface_name, GVariant *properties)
{
  const RecordKind *kind = find_kind (interface_name);
  gsize n_properties = g_variant_n_children (properties);

  for (gsize i = 0; i < n_properties; i++)
    {
      g_autoptr (GVariant) entry = g_variant_get_child_value (properties, i);

      g_ptr_array_add (members, member_of_entry (entry, kind == NULL ? "" : kind->prefix));
    }
}

static const char *
key_of (GVariant *member)
{
  g_autoptr (GVariant) key = g_variant_get_child_value (member, 0);

  return g_variant_get_string (key, NULL);
}

static int
compare_members (gconstpointer a, gconstpointer b)
{
  return strcmp (key_of (*(GVariant *const *) a), key_of (*(GVariant *const *) b));
}

static GVariant *
new_member (const char *name, const char *value)
{
  return g_variant_ref_sink (g_variant_new ("{sv}", name, g_variant_new_string (value)));
}

static GVariant *
close_record (GPtrArray *members, const char *interface_name, const char *path)
{
  g_ptr_array_insert (members, 0, new_member ("Kind", iommuctl_records_kind (interface_name)));
  g_ptr_array_insert (members, 1, new_member ("Path", path));
  return g_variant_ref_sink (g_variant_new_array (
      G_VARIANT_TYPE ("{sv}"), (GVariant *const *) members->pdata, members->len));
}

static GPtrArray *
new_members (void)
{
  return g_ptr_array_new_with_free_func ((GDestroyNotify) g_variant_unref);
}

GVariant *
iommuctl_records_of_object (const char *path, GVariant *interfaces)
{
  g_autoptr (GPtrArray) members = new_members ();
  GVariantIter iter;
  const char *name = NULL;
  GVariant *properties = NULL;

  g_variant_iter_init (&iter, interfaces);
  while (g_variant_iter_loop (&iter, "{&s@a{sv}}", &name, &properties))
    if (find_kind (name) != NULL)
      add_members (members, name, properties);
  g_ptr_array_sort (members, compare_members);
  return close_record (members, main_interface_of (interfaces), path);
}

GVariant *
iommuctl_records_of_properties (const char *interface_name, const char *path, GVariant *properties)
{
  g_autoptr (GPtrArray) members = new_members ();

  add_members (members, interface_name, properties);
  return close_record (members, interface_name, path);
}

static gboolean
read_interface (GVariantBuilder *interfaces, IommuctlService *service, const char *path,
                const char *interface_name, GError **error)
{
  g_autoptr (GVariant) properties =
      iommuctl_service_read_all (service, path, interface_name, error);

  if (properties != NULL)
    g_variant_builder_add (interfaces, "{s@a{sv}}", interface_name, properties);
  return properties != NULL;
}

GVariant *
iommuctl_records_read (IommuctlService *service, const char *path, GError **error)
{
  g_autoptr (GVariantBuilder) builder = g_variant_builder_new (G_VARIANT_TYPE ("a{sa{sv}}"));
  g_autoptr (GVariant) interfaces = NULL;
  const char *kind = iommuctl_records_kind (iommuctl_names_get_interface (path));

  for (gsize i = 0; i < G_N_ELEMENTS (kinds); i++)
    if (g_str_equal (kinds[i].kind, kind)
        && !read_interface (builder, service, path, kinds[i].interface_name, error))
      return NULL;
  interfaces = g_variant_ref_sink (g_variant_builder_end (builder));
  return iommuctl_records_of_object (path, interfaces);
}

/* Objects whose names are not in their paths, but numbers at the end. */
static gboolean
is_numbered (const char *path)
{
  return g_str_has_prefix (path, IOMMUD_DBUS_CONTAINERS_PATH "/")
         || g_str_has_prefix (path, IOMMUD_DBUS_LEASES_PATH "/");
}

static void
learn_name (IommuctlService *service, GVariant *object)
{
  g_autoptr (GVariant) path = g_variant_get_child_value (object, 0);
  g_autoptr (GVariant) interfaces = NULL;
  g_autoptr (GVariant) properties = NULL;
  g_autofree char *name = NULL;

  if (!is_numbered (g_variant_get_string (path, NULL)))
    return;
  interfaces = g_variant_get_child_value (object, 1);
  properties =
      g_variant_lookup_value (interfaces, main_interface_of (interfaces), G_VARIANT_TYPE_VARDICT);
  if (properties == NULL)
    return;
  name = iommuctl_records_dup_string (properties, "Name");
  if (*name != '\0')
    iommuctl_service_learn_name (service, g_variant_get_string (path, NULL), name);
}

GVariant *
iommuctl_records_list (IommuctlService *service, GError **error)
{
  GVariant *listing = iommuctl_service_list (service, error);
  gsize n_objects = listing == NULL ? 0 : g_variant_n_children (listing);

  for (gsize i = 0; i < n_objects; i++)
    {
      g_autoptr (GVariant) object = g_variant_get_child_value (listing, i);

      learn_name (service, object);
    }
  return listing;
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

char *
iommuctl_records_dup_string (GVariant *record, const char *key)
{
  g_autoptr (GVariant) value = g_variant_lookup_value (record, key, NULL);

  if (value == NULL
      || !(g_variant_is_of_type (value, G_VARIANT_TYPE_STRING)
           || g_variant_is_of_type (value, G_VARIANT_TYPE_OBJECT_PATH)))
    return g_strdup ("");
  return g_variant_dup_string (value, NULL);
}

gboolean
iommuctl_records_has_string (GVariant *record, const char *key, const char *string)
{
  g_autofree char *own_string = iommuctl_records_dup_string (record, key);

  return g_str_equal (own_string, string);
}

typedef struct
{
  GVariant *path;
  GVariant *interfaces;
} Listed;

static void
listed_clear (gpointer listed)
{
  g_variant_unref (((Listed *) listed)->path);
  g_variant_unref (((Listed *) listed)->interfaces);
}

/* Numbers at the end of paths are in their order this way: that of container 10 is longer than that
 * of 9. Addresses have the same length. */
static int
compare_listed (gconstpointer a, gconstpointer b)
{
  const char *first = g_variant_get_string (((const Listed *) a)->path, NULL);
  const char *second = g_variant_get_string (((const Listed *) b)->path, NULL);
  const gboolean numbered = is_numbered (first);
  const gsize first_length = numbered ? strlen (first) : 0;
  const gsize second_length = numbered ? strlen (second) : 0;

  if (first_length != second_length)
    return first_length < second_length ? -1 : 1;
  return strcmp (first, second);
}

/* Formats that borrow strings would make GVariant copy the whole listing first. */
static GArray *
list_objects (GVariant *listing, const char *interface_name)
{
  GArray *objects = g_array_new (FALSE, FALSE, sizeof (Listed));
  gsize n_objects = g_variant_n_children (listing);

  g_array_set_clear_func (objects, listed_clear);
  for (gsize i = 0; i < n_objects; i++)
    {
      g_autoptr (GVariant) object = g_variant_get_child_value (listing, i);
      Listed listed = { g_variant_get_child_value (object, 0),
                        g_variant_get_child_value (object, 1) };

      if (g_str_equal (main_interface_of (listed.interfaces), interface_name))
        g_array_append_val (objects, listed);
      else
        listed_clear (&listed);
    }
  g_array_sort (objects, compare_listed);
  return objects;
}

GVariant *
iommuctl_records_of_listing (GVariant *listing, const char *interface_name)
{
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("aa{sv}"));
  g_autoptr (GArray) objects = list_objects (listing, interface_name);

  for (guint i = 0; i < objects->len; i++)
    {
      const Listed *listed = &g_array_index (objects, Listed, i);
      g_autoptr (GVariant) record = iommuctl_records_of_object (
          g_variant_get_string (listed->path, NULL), listed->interfaces);

      g_variant_builder_add_value (&builder, record);
    }
  return g_variant_ref_sink (g_variant_builder_end (&builder));
}

GVariant *
iommuctl_records_share_listing (GVariant *listing, const char *interface_name)
{
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("aa{sv}"));
  g_autoptr (GArray) objects = list_objects (listing, interface_name);

  for (guint i = 0; i < objects->len; i++)
    {
      g_autoptr (GVariant) properties = g_variant_lookup_value (
          g_array_index (objects, Listed, i).interfaces, interface_name, G_VARIANT_TYPE_VARDICT);

      g_variant_builder_add_value (&builder, properties);
    }
  return g_variant_ref_sink (g_variant_builder_end (&builder));
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
