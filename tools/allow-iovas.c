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

gboolean
iommuctl_allow_iovas_run (IommuctlRequest *request, GError **error)
{
  g_autoptr (GVariant) ranges = parse_ranges (request->arguments + 1, error);
  g_autoptr (IommudDBusContainer) container = NULL;
  g_autoptr (IommudDBusMemory) memory = NULL;
  g_autoptr (GVariant) record = NULL;
  g_autofree char *name = NULL;
  g_autofree char *words = NULL;

  if (ranges == NULL)
    return FALSE;
  container = iommuctl_names_find_container (request->client, request->arguments[0], error);
  if (container == NULL)
    return FALSE;
  memory = iommuctl_names_find_memory (request->client, container, error);
  if (memory == NULL
      || !iommud_dbus_memory_call_set_allowed_iovas_sync (
          memory, ranges, iommuctl_request_method_options (request), G_DBUS_CALL_FLAGS_NONE,
          G_MAXINT, NULL, error))
    return FALSE;
  iommuctl_request_settle (request);
  record = iommuctl_records_of_proxy (request->client, G_DBUS_PROXY (container));
  name = iommud_dbus_container_dup_name (container);
  words = g_strjoinv (", ", request->arguments + 1);
  iommuctl_output_result (request->output, record, _ ("Allowed IOVAs of %s: %s"), name, words);
  return TRUE;
}
