/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The arguments that several methods have: an object first, options last. */
#include "arguments.h"

static gpointer
get_object (IommudCall *call, GType type, GError **error)
{
  const char *path = NULL;

  g_variant_get_child (iommud_call_get_arguments (call), 0, "&o", &path);
  return iommud_objects_find (iommud_call_get_objects (call), path, type, error);
}

/* Borrowed. */
IommudDevice *
iommud_arguments_get_device (IommudCall *call, GError **error)
{
  return get_object (call, IOMMUD_TYPE_DEVICE, error);
}

/* Borrowed. */
IommudContainer *
iommud_arguments_get_container (IommudCall *call, GError **error)
{
  return get_object (call, IOMMUD_TYPE_CONTAINER, error);
}

static GVariant *
get_options (IommudCall *call)
{
  GVariant *arguments = iommud_call_get_arguments (call);

  return g_variant_get_child_value (arguments, g_variant_n_children (arguments) - 1);
}

gboolean
iommud_arguments_parse_options (IommudCall *call, const IommudOption *known, gsize n_known,
                                GError **error)
{
  g_autoptr (GVariant) options = get_options (call);

  return iommud_options_parse (options, known, n_known, iommud_call_get_objects (call), error);
}

/* A new object of the type; the known options set its properties. NULL with error set. */
gpointer
iommud_arguments_new_options (IommudCall *call, GType type, const char *const *known,
                              GError **error)
{
  g_autoptr (GVariant) options = get_options (call);
  g_autoptr (GObject) object = g_object_new (type, NULL);

  if (!iommud_options_set (options, known, object, iommud_call_get_objects (call), error))
    return NULL;
  return g_steal_pointer (&object);
}

/* Those that CreateContainer has, of the manager and of a lease. NULL with error set. */
IommudContainerOptions *
iommud_arguments_new_container_options (IommudCall *call, GError **error)
{
  static const char *const known[] = { "name",          "dirty-tracking", "accounting",
                                       "share-context", "huge-pages",     NULL };

  return iommud_arguments_new_options (call, IOMMUD_TYPE_CONTAINER_OPTIONS, known, error);
}
