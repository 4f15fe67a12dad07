/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the commands do alike with what they were given. */
#include "config.h"

#include "command.h"
#include "exit-status.h"

#include <glib/gi18n.h>

gboolean
iommuctl_request_has (IommuctlRequest *request, const char *option)
{
  return g_variant_dict_contains (request->values, option);
}

GVariant *
iommuctl_request_method_options (IommuctlRequest *request)
{
  return g_variant_dict_end (request->values);
}

void
iommuctl_request_print_names (IommuctlRequest *request, GVariant *records)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new ();
  GVariantIter iter;
  GVariant *record = NULL;

  g_variant_iter_init (&iter, records);
  while (g_variant_iter_loop (&iter, "@a{sv}", &record))
    {
      const char *name = NULL;

      if (g_variant_lookup (record, "Name", "&s", &name))
        g_ptr_array_add (names, (gpointer) name);
    }
  g_ptr_array_add (names, NULL);
  iommuctl_output_names (request->output, (const char *const *) names->pdata);
}

gboolean
iommuctl_request_fail_without_service (GError **error)
{
  g_set_error_literal (error, IOMMUCTL_ERROR, IOMMUCTL_EXIT_NO_SERVICE,
                       _ ("iommud has gone from the bus"));
  return FALSE;
}

void
iommuctl_request_settle (IommuctlRequest *request)
{
  GMainContext *context = g_main_context_get_thread_default ();

  while (g_main_context_iteration (context, FALSE))
    ;
}
