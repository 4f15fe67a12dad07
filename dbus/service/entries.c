/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the objects on the bus show: an entry for each, kept until something changes in the form in
 * which it is sent, since clients often ask for all objects at once. */
#include "entries.h"

#include "export.h"

/* In the form in which it is sent: the small parts that it was built from are freed. */
static GVariant *
serialise (GVariant *value)
{
  g_autoptr (GVariant) built = g_variant_ref_sink (value);
  g_autoptr (GBytes) bytes = g_variant_get_data_as_bytes (built);

  return g_variant_ref_sink (g_variant_new_from_bytes (g_variant_get_type (built), bytes, TRUE));
}

static GVariant *
make_entry (const IommudBusObject *object)
{
  GVariantBuilder interfaces;

  g_variant_builder_init (&interfaces, G_VARIANT_TYPE ("a{sa{sv}}"));
  for (gsize i = 0; object->exports[i] != NULL; i++)
    g_variant_builder_add (&interfaces, "{s@a{sv}}", object->interfaces[i],
                           iommud_export_read_all (object->exports[i]));
  return serialise (g_variant_new ("{oa{sa{sv}}}", object->path, &interfaces));
}

/* All properties of all interfaces of an object, as {oa{sa{sv}}}. Borrowed. */
GVariant *
iommud_entries_get (IommudObjects *objects, IommudBusObject *object)
{
  if (object->entry == NULL)
    iommud_objects_set_entry (objects, object, make_entry (object));
  return object->entry;
}

/* The properties of one of its interfaces: a{sv}. Owned. */
GVariant *
iommud_entries_get_properties (IommudObjects *objects, IommudBusObject *object,
                               const char *interface)
{
  g_autoptr (GVariant) interfaces =
      g_variant_get_child_value (iommud_entries_get (objects, object), 1);

  return g_variant_lookup_value (interfaces, interface, G_VARIANT_TYPE_VARDICT);
}

/* Makes the entry of one object that has none. FALSE if all have one. */
gboolean
iommud_entries_refresh_one (IommudObjects *objects)
{
  IommudBusObject *object = iommud_objects_peek_stale (objects);

  if (object == NULL)
    return FALSE;
  iommud_entries_get (objects, object);
  return TRUE;
}

/* The entries of all objects: a{oa{sa{sv}}}. Floating. */
GVariant *
iommud_entries_get_all (IommudObjects *objects)
{
  g_autoptr (GPtrArray) all = iommud_objects_list (objects);
  g_autofree GVariant **entries = g_new (GVariant *, all->len);

  for (guint i = 0; i < all->len; i++)
    entries[i] = iommud_entries_get (objects, g_ptr_array_index (all, i));
  return g_variant_new_array (G_VARIANT_TYPE ("{oa{sa{sv}}}"), entries, all->len);
}
