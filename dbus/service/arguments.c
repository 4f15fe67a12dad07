/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The arguments that several methods have: an object first, options last. */
#include "arguments.h"

static gpointer
get_object (IommudExport *export, IommudCall *call, GType type, GError **error)
{
  const char *path = NULL;

  g_variant_get_child (iommud_call_get_arguments (call), 0, "&o", &path);
  return iommud_paths_find (iommud_export_get_parts (export)->paths, path, type, error);
}

/* Borrowed. */
IommudDevice *
iommud_arguments_get_device (IommudExport *export, IommudCall *call, GError **error)
{
  return get_object (export, call, IOMMUD_TYPE_DEVICE, error);
}

/* Borrowed. */
IommudContainer *
iommud_arguments_get_container (IommudExport *export, IommudCall *call, GError **error)
{
  return get_object (export, call, IOMMUD_TYPE_CONTAINER, error);
}

gboolean
iommud_arguments_parse_options (IommudExport *export, IommudCall *call, const IommudOption *known,
                                gsize n_known, GError **error)
{
  GVariant *arguments = iommud_call_get_arguments (call);
  g_autoptr (GVariant) options =
      g_variant_get_child_value (arguments, g_variant_n_children (arguments) - 1);

  return iommud_options_parse (options, known, n_known, iommud_export_get_parts (export)->paths,
                               error);
}
