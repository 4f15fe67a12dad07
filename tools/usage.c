/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is wrong with a command line, and what was probably meant. */
#include "config.h"

#include "usage.h"

#include "exit-status.h"
#include "iommud-dbus.h"
#include "suggest.h"

#include <glib/gi18n.h>
#include <string.h>

gboolean
iommuctl_usage_fail (GError **error, const char *format, ...)
{
  va_list arguments;

  va_start (arguments, format);
  g_clear_error (error);
  *error = g_error_new_valist (IOMMUCTL_ERROR, IOMMUCTL_EXIT_USAGE, format, arguments);
  va_end (arguments);
  return FALSE;
}

/* The names of all commands; those of one family if the word is its first. */
static GPtrArray *
list_commands (const char *family)
{
  g_autofree char *prefix = family == NULL ? g_strdup ("") : g_strconcat (family, " ", NULL);
  GPtrArray *names = g_ptr_array_new ();

  for (const IommuctlCommand *command = iommuctl_commands_get (); command->name != NULL; command++)
    if (g_str_has_prefix (command->name, prefix))
      g_ptr_array_add (names, (gpointer) command->name);
  g_ptr_array_add (names, NULL);
  return names;
}

static gboolean
fail_family (const char *word, const char *second, const char *family, GError **error)
{
  g_autofree char *both = second == NULL ? NULL : g_strconcat (word, " ", second, NULL);
  g_autoptr (GPtrArray) names = list_commands (word);
  const char *meant =
      both == NULL ? NULL : iommuctl_suggest (both, (const char *const *) names->pdata);

  if (meant != NULL)
    return iommuctl_usage_fail (error, _ ("There is no command '%s'. Did you mean '%s'?"), both,
                                meant);
  return iommuctl_usage_fail (error, _ ("%s needs a second word; the commands are: %s"), word,
                              family);
}

gboolean
iommuctl_usage_fail_command (const char *word, const char *second, GError **error)
{
  g_autofree char *family = iommuctl_commands_list_family (word);
  g_autoptr (GPtrArray) names = NULL;
  const char *meant = NULL;

  if (family != NULL)
    return fail_family (word, second, family, error);
  names = list_commands (NULL);
  meant = iommuctl_suggest (word, (const char *const *) names->pdata);
  if (meant != NULL)
    return iommuctl_usage_fail (error, _ ("There is no command '%s'. Did you mean '%s'?"), word,
                                meant);
  return iommuctl_usage_fail (error, _ ("There is no command '%s'. 'iommuctl --help' lists them"),
                              word);
}

static GPtrArray *
list_options (const IommuctlCommand *command, const GOptionEntry *global_options)
{
  GPtrArray *names = g_ptr_array_new ();

  for (; global_options->long_name != NULL; global_options++)
    if (*global_options->long_name != '\0')
      g_ptr_array_add (names, (gpointer) global_options->long_name);
  if (command != NULL && command->options != NULL)
    for (const IommuctlOption *option = command->options; option->name != NULL; option++)
      g_ptr_array_add (names, (gpointer) option->name);
  g_ptr_array_add (names, NULL);
  return names;
}

/* The name of the first option that is not among them. */
static char *
find_unknown (char **words, GPtrArray *known)
{
  for (guint i = 1; words[i] != NULL && !g_str_equal (words[i], "--"); i++)
    {
      g_autofree char *name = NULL;

      if (!g_str_has_prefix (words[i], "--"))
        continue;
      name = g_strndup (words[i] + 2, strcspn (words[i] + 2, "="));
      if (!g_strv_contains ((const char *const *) known->pdata, name))
        return g_steal_pointer (&name);
    }
  return NULL;
}

gboolean
iommuctl_usage_fail_option (const IommuctlCommand *command, const GOptionEntry *global_options,
                            char **words, GError **error)
{
  g_autoptr (GPtrArray) known = list_options (command, global_options);
  g_autofree char *unknown = find_unknown (words, known);
  const char *meant = NULL;

  if (unknown == NULL)
    return FALSE;
  meant = iommuctl_suggest (unknown, (const char *const *) known->pdata);
  if (meant != NULL)
    return iommuctl_usage_fail (error, _ ("There is no option --%s. Did you mean --%s?"), unknown,
                                meant);
  if (command != NULL)
    return iommuctl_usage_fail (error,
                                _ ("There is no option --%s. 'iommuctl %s --help' lists them"),
                                unknown, command->name);
  return iommuctl_usage_fail (error, _ ("There is no option --%s. 'iommuctl --help' lists them"),
                              unknown);
}

void
iommuctl_usage_explain_interrupt (const IommuctlCommand *command, GError **error)
{
  g_clear_error (error);
  if (command->changes)
    g_set_error (error, IOMMUCTL_ERROR, IOMMUCTL_EXIT_INTERRUPTED,
                 _ ("Interrupted: the service cancels what '%s' has not finished. 'iommuctl tree' "
                    "and 'iommuctl mappings' show what there is"),
                 command->name);
  else
    g_set_error_literal (error, IOMMUCTL_ERROR, IOMMUCTL_EXIT_INTERRUPTED, _ ("Interrupted"));
}

void
iommuctl_usage_explain_closed (GError **error)
{
  g_clear_error (error);
  g_set_error_literal (error, IOMMUCTL_ERROR, IOMMUCTL_EXIT_NO_SERVICE,
                       _ ("The connection to the bus was closed"));
}

/* The bus lets every user call what some user may; the service decides. So if it refuses, it does
 * not know that. */
void
iommuctl_usage_explain_refusal (GError **error)
{
  g_clear_error (error);
  g_set_error (error, IOMMUD_DBUS_ERROR, IOMMUD_DBUS_ERROR_NOT_AUTHORIZED,
               _ ("The bus does not let this user ask iommud, which every user may: its policy, "
                  "%s.conf in the bus's folder system.d, is not installed or not read yet"),
               IOMMUD_DBUS_BUS_NAME);
}

/* The service says what is missing, but not how to get it here. */
void
iommuctl_usage_add_way_out (GError **error)
{
  g_autofree char *message = iommuctl_error_message (*error);

  g_clear_error (error);
  g_set_error (error, IOMMUD_DBUS_ERROR, IOMMUD_DBUS_ERROR_NOT_AUTHORIZED,
               _ ("%s: try it with sudo, or let 'iommuctl grant' give the device to this user"),
               message);
}
