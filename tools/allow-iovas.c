/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* iommuctl allow-iovas: the ranges in which the kernel may choose addresses. */
#include "config.h"

#include "command.h"
#include "names.h"
#include "records.h"

#include <glib/gi18n.h>

static GVariant *
parse_ranges (char **words, GError **error)
{
  g_autoptr (GVariantBuilder) builder = g_variant_builder_new (G_VARIANT_TYPE ("a(tt)"));

  if (g_str_equal (words[0], "all") && words[1] == NULL)
    return g_variant_ref_sink (g_variant_builder_end (builder));
  for (guint i = 0; words[i] != NULL; i++)
    {
      IommuctlRange range = { 0 };

      if (!iommuctl_range_parse (words[i], &range, error))
        return NULL;
      g_variant_builder_add (builder, "(tt)", range.first, range.last);
    }
  return g_variant_ref_sink (g_variant_builder_end (builder));
}

static gboolean
call_set_allowed_iovas (IommuctlRequest *request, const char *container, GVariant *ranges,
                        GError **error)
{
  g_autoptr (IommudDBusMemory) memory =
      iommuctl_service_new_proxy (request->service, container, IOMMUD_DBUS_TYPE_MEMORY_PROXY,
                                  IOMMUD_DBUS_MEMORY_INTERFACE, error);

  return memory != NULL
         && iommud_dbus_memory_call_set_allowed_iovas_sync (
             memory, ranges, iommuctl_request_method_options (request),
             G_DBUS_CALL_FLAGS_ALLOW_INTERACTIVE_AUTHORIZATION, G_MAXINT, request->cancellable,
             error);
}

gboolean
iommuctl_allow_iovas_run (IommuctlRequest *request, GError **error)
{
  g_autoptr (GVariant) ranges = parse_ranges (request->arguments + 1, error);
  g_autoptr (GVariant) record = NULL;
  g_autofree char *container = NULL;
  g_autofree char *name = NULL;
  g_autofree char *words = NULL;

  if (ranges == NULL)
    return FALSE;
  container = iommuctl_names_find_container (request->service, request->arguments[0], error);
  if (container == NULL || !call_set_allowed_iovas (request, container, ranges, error))
    return FALSE;
  record = iommuctl_records_read (request->service, container, error);
  if (record == NULL)
    return FALSE;
  words = g_strjoinv (", ", request->arguments + 1);
  name = iommuctl_names_of_path (request->service, container);
  iommuctl_output_result (request->output, record, _ ("Allowed IOVAs of %s: %s"), name, words);
  return TRUE;
}
