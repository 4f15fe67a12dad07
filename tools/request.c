/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What commands share: access to their arguments and options, and small steps that many of them
 * take. */
#include "config.h"

#include "command.h"
#include "exit-status.h"
#include "numbers.h"

#include <glib/gi18n.h>
#include <inttypes.h>

/* How many bytes a bit of a bitmap stands for at least, and by default. */
#define SMALLEST_PAGE 4096

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

gboolean
iommuctl_request_parse_argument (IommuctlRequest *request, guint index, const char *name,
                                 guint64 *number, GError **error)
{
  return iommuctl_numbers_parse (name, request->arguments[index], number, error);
}

gboolean
iommuctl_request_parse_range (IommuctlRequest *request, guint index, IommuctlRange *range,
                              GError **error)
{
  guint64 length = 0;

  if (!iommuctl_request_parse_argument (request, index, "IOVA", &range->first, error)
      || !iommuctl_request_parse_argument (request, index + 1, "LENGTH", &length, error))
    return FALSE;
  if (length == 0)
    {
      g_set_error_literal (error, IOMMUCTL_ERROR, IOMMUCTL_EXIT_USAGE, _ ("LENGTH must not be 0"));
      return FALSE;
    }
  if (length - 1 <= G_MAXUINT64 - range->first)
    {
      range->last = range->first + (length - 1);
      return TRUE;
    }
  g_set_error_literal (error, IOMMUCTL_ERROR, IOMMUCTL_EXIT_USAGE,
                       _ ("The range reaches beyond the last address"));
  return FALSE;
}

gboolean
iommuctl_request_get_page_size (IommuctlRequest *request, guint64 *page_size, GError **error)
{
  *page_size = SMALLEST_PAGE;
  g_variant_dict_lookup (request->values, "page-size", "t", page_size);
  if (*page_size >= SMALLEST_PAGE && (*page_size & (*page_size - 1)) == 0)
    return TRUE;
  g_set_error (error, IOMMUCTL_ERROR, IOMMUCTL_EXIT_USAGE,
               _ ("--page-size takes a power of two of at least %d, not %" PRIu64), SMALLEST_PAGE,
               *page_size);
  return FALSE;
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

void
iommuctl_request_fail_interrupted (GError **error, const char *message)
{
  g_clear_error (error);
  g_set_error_literal (error, IOMMUCTL_ERROR, IOMMUCTL_EXIT_INTERRUPTED, message);
}
