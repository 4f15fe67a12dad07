/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From the options of a command's table to GOption, and from the command line to their values. */
#include "config.h"

#include "options.h"

#include "numbers.h"

#include <glib/gi18n.h>
#include <string.h>

static const IommuctlOption *
find_option (const IommuctlOption *known, const char *name)
{
  for (const IommuctlOption *option = known; option->name != NULL; option++)
    if (g_str_equal (option->name, name))
      return option;
  return NULL;
}

static gboolean
take_count (IommuctlOptions *self, const IommuctlOption *option, const char *value, GError **error)
{
  guint64 number = 0;

  if (!g_ascii_string_to_unsigned (value, 10, 1, G_MAXINT32, &number, NULL))
    {
      g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                   _ ("--%s takes a whole number of at least 1, not '%s'"), option->name, value);
      return FALSE;
    }
  g_variant_dict_insert (self->values, option->name, "u", (guint32) number);
  return TRUE;
}

static gboolean
take_size (IommuctlOptions *self, const IommuctlOption *option, const char *value, GError **error)
{
  g_autofree char *dashed_name = g_strconcat ("--", option->name, NULL);
  guint64 number = 0;

  if (!iommuctl_numbers_parse (dashed_name, value, &number, error))
    return FALSE;
  g_variant_dict_insert (self->values, option->name, "t", number);
  return TRUE;
}

static gboolean
take_answer (IommuctlOptions *self, const IommuctlOption *option, const char *value, GError **error)
{
  if (!g_str_equal (value, "yes") && !g_str_equal (value, "no"))
    {
      g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                   _ ("--%s takes yes or no, not '%s'"), option->name, value);
      return FALSE;
    }
  g_variant_dict_insert (self->values, option->name, "b", g_str_equal (value, "yes"));
  return TRUE;
}

/* GOption calls it for each option of a command, with its two dashes. */
static gboolean
take_option (const char *dashed_name, const char *value, gpointer user_data, GError **error)
{
  IommuctlOptions *self = user_data;
  const IommuctlOption *option = find_option (self->known, dashed_name + strlen ("--"));

  switch (option->type)
    {
    case IOMMUCTL_OPTION_COUNT:
      return take_count (self, option, value, error);
    case IOMMUCTL_OPTION_SIZE:
      return take_size (self, option, value, error);
    case IOMMUCTL_OPTION_ANSWER:
      return take_answer (self, option, value, error);
    case IOMMUCTL_OPTION_WORD:
      g_variant_dict_insert (self->values, option->name, "s", value);
      return TRUE;
    case IOMMUCTL_OPTION_SWITCH:
      g_variant_dict_insert (self->values, option->name, "b", TRUE);
      return TRUE;
    default:
      g_return_val_if_reached (FALSE);
    }
}

void
iommuctl_options_add (GOptionGroup *group, const IommuctlOption *options)
{
  g_autoptr (GArray) entries = g_array_new (TRUE, TRUE, sizeof (GOptionEntry));

  for (const IommuctlOption *option = options; option->name != NULL; option++)
    {
      GOptionEntry entry = { 0 };

      entry.long_name = option->name;
      entry.flags = option->type == IOMMUCTL_OPTION_SWITCH ? G_OPTION_FLAG_NO_ARG : 0;
      entry.arg = G_OPTION_ARG_CALLBACK;
      entry.arg_data = (gpointer) take_option;
      entry.description = option->help;
      entry.arg_description = option->value_name;
      g_array_append_val (entries, entry);
    }
  g_option_group_add_entries (group, &g_array_index (entries, GOptionEntry, 0));
}
