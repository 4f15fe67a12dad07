/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which columns of a table are shown. */
#include "config.h"

#include "columns.h"

#include "exit-status.h"

#include <glib/gi18n.h>
#include <string.h>

/* "DIRTY TRACKING" is called dirty-tracking. It is not translated: scripts use it. */
static char *
name_of_column (const IommuctlColumn *column)
{
  return g_strdelimit (g_ascii_strdown (column->title, -1), " ", '-');
}

static char *
list_names (const IommuctlColumn *columns)
{
  GString *names = g_string_new (NULL);

  for (; columns->title != NULL; columns++)
    {
      g_autofree char *name = name_of_column (columns);

      g_string_append_printf (names, "%s%s", names->len == 0 ? "" : ", ", name);
    }
  return g_string_free (names, FALSE);
}

static const IommuctlColumn *
find_column (const IommuctlColumn *columns, const char *name, GError **error)
{
  g_autofree char *known = NULL;

  for (const IommuctlColumn *column = columns; column->title != NULL; column++)
    {
      g_autofree char *own_name = name_of_column (column);

      if (g_ascii_strcasecmp (own_name, name) == 0)
        return column;
    }
  known = list_names (columns);
  g_set_error (error, IOMMUCTL_ERROR, IOMMUCTL_EXIT_USAGE,
               _ ("There is no column '%s'; the columns are: %s"), name, known);
  return NULL;
}

static gboolean
add_named (GArray *chosen, const char *list, const IommuctlColumn *columns, GError **error)
{
  g_auto (GStrv) names = g_strsplit (list, ",", -1);

  if (names[0] == NULL)
    return find_column (columns, list, error) != NULL;
  for (guint i = 0; names[i] != NULL; i++)
    {
      const IommuctlColumn *column = find_column (columns, names[i], error);

      if (column == NULL)
        return FALSE;
      g_array_append_vals (chosen, column, 1);
    }
  return TRUE;
}

static void
add_usual (GArray *chosen, const IommuctlColumn *columns)
{
  for (; columns->title != NULL; columns++)
    if (!columns->is_extra)
      g_array_append_vals (chosen, columns, 1);
}

static gboolean
check_usage (IommuctlRequest *request, GError **error)
{
  const char *message = NULL;

  if (iommuctl_output_is_json (request->output))
    message = _ ("--columns and --json exclude each other");
  else if (iommuctl_request_has (request, "names"))
    message = _ ("--columns and --names exclude each other");
  if (message == NULL)
    return TRUE;
  g_set_error_literal (error, IOMMUCTL_ERROR, IOMMUCTL_EXIT_USAGE, message);
  return FALSE;
}

IommuctlColumn *
iommuctl_columns_choose (IommuctlRequest *request, const IommuctlColumn *columns, GError **error)
{
  g_autoptr (GArray) chosen = g_array_new (TRUE, TRUE, sizeof (IommuctlColumn));
  const char *list = NULL;

  if (!g_variant_dict_lookup (request->values, "columns", "&s", &list))
    add_usual (chosen, columns);
  else if (!check_usage (request, error) || !add_named (chosen, list, columns, error))
    return NULL;
  return (gpointer) g_array_free (g_steal_pointer (&chosen), FALSE);
}
