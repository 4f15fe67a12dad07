/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* iommuctl: reads the command line, connects, runs one command and says how it ended. */
#include "config.h"

#include "command.h"
#include "exit-status.h"
#include "numbers.h"

#include <glib/gi18n.h>
#include <locale.h>
#include <string.h>

#define PROGRAM "iommuctl"

/* What the command line asks for; options of all commands may stand before or after the command. */
typedef struct
{
  char *address;
  gboolean session;
  gboolean system;
  gboolean json;
  gboolean version;
  char **rest;
  char **arguments; /* in the rest, after the command */
  const IommuctlCommand *command;
  GVariantDict *values;
} CommandLine;

static void
command_line_clear (CommandLine *self)
{
  g_free (self->address);
  g_strfreev (self->rest);
  g_variant_dict_unref (self->values);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (CommandLine, command_line_clear)

static const IommuctlOption *
find_option (const IommuctlCommand *command, const char *name)
{
  for (const IommuctlOption *option = command->options; option->name != NULL; option++)
    if (g_str_equal (option->name, name))
      return option;
  return NULL;
}

static gboolean
take_count (CommandLine *self, const IommuctlOption *option, const char *value, GError **error)
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
take_size (CommandLine *self, const IommuctlOption *option, const char *value, GError **error)
{
  g_autofree char *dashed_name = g_strconcat ("--", option->name, NULL);
  guint64 number = 0;

  if (!iommuctl_numbers_parse (dashed_name, value, &number, error))
    return FALSE;
  g_variant_dict_insert (self->values, option->name, "t", number);
  return TRUE;
}

static gboolean
take_answer (CommandLine *self, const IommuctlOption *option, const char *value, GError **error)
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
take_command_option (const char *dashed_name, const char *value, gpointer user_data, GError **error)
{
  CommandLine *self = user_data;
  const IommuctlOption *option = find_option (self->command, dashed_name + strlen ("--"));

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

static void
add_global_options (GOptionGroup *group, CommandLine *self)
{
  const GOptionEntry entries[] = {
    { "system", 0, 0, G_OPTION_ARG_NONE, &self->system, N_ ("Use the system bus (the default)"),
      NULL },
    { "session", 0, 0, G_OPTION_ARG_NONE, &self->session, N_ ("Use the session bus"), NULL },
    { "address", 0, 0, G_OPTION_ARG_STRING, &self->address, N_ ("Use the bus at this address"),
      N_ ("ADDRESS") },
    { "json", 0, 0, G_OPTION_ARG_NONE, &self->json, N_ ("Print JSON, errors included"), NULL },
    { "version", 0, 0, G_OPTION_ARG_NONE, &self->version, N_ ("Print the version"), NULL },
    { G_OPTION_REMAINING, 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_STRING_ARRAY, &self->rest, NULL,
      NULL },
    { NULL },
  };

  g_option_group_add_entries (group, entries);
}

static void
add_command_options (GOptionGroup *group, const IommuctlOption *options)
{
  g_autoptr (GArray) entries = g_array_new (TRUE, TRUE, sizeof (GOptionEntry));

  for (const IommuctlOption *option = options; option->name != NULL; option++)
    {
      GOptionEntry entry = { 0 };

      entry.long_name = option->name;
      entry.flags = option->type == IOMMUCTL_OPTION_SWITCH ? G_OPTION_FLAG_NO_ARG : 0;
      entry.arg = G_OPTION_ARG_CALLBACK;
      entry.arg_data = (gpointer) take_command_option;
      entry.description = option->help;
      entry.arg_description = option->value_name;
      g_array_append_val (entries, entry);
    }
  g_option_group_add_entries (group, &g_array_index (entries, GOptionEntry, 0));
}

static char *
describe_commands (void)
{
  GString *text = g_string_new (_ ("Commands:"));

  for (const IommuctlCommand *command = iommuctl_commands_get (); command->name != NULL; command++)
    g_string_append_printf (text, "\n  %-13s %s", command->name, _ (command->summary));
  g_string_append_printf (text, "\n\n%s",
                          _ ("'iommuctl COMMAND --help' tells more about one. The manual is "
                             "iommuctl(1)."));
  return g_string_free (text, FALSE);
}

static GOptionContext *
new_context (CommandLine *self)
{
  g_autofree char *parameters = NULL;
  g_autofree char *commands = NULL;
  GOptionContext *context = NULL;
  GOptionGroup *group = g_option_group_new (NULL, NULL, NULL, self, NULL);

  if (self->command == NULL)
    {
      commands = describe_commands ();
      context = g_option_context_new (_ ("COMMAND [ARGUMENT...]"));
      g_option_context_set_summary (context, _ ("See and drive the IOMMU contexts, page tables and "
                                                "VFIO devices of this host."));
      g_option_context_set_description (context, commands);
    }
  else
    {
      const char *arguments = *self->command->arguments == '\0' ? "" : _ (self->command->arguments);

      parameters = g_strdup_printf ("%s %s", self->command->name, arguments);
      context = g_option_context_new (g_strchomp (parameters));
      g_option_context_set_summary (context, _ (self->command->description));
      if (self->command->options != NULL)
        add_command_options (group, self->command->options);
    }
  add_global_options (group, self);
  g_option_group_set_translation_domain (group, GETTEXT_PACKAGE);
  g_option_context_set_translation_domain (context, GETTEXT_PACKAGE);
  g_option_context_set_main_group (context, group);
  return context;
}

/* The command that the first word names, if necessary together with the second one. Options are
 * parsed afterwards, since those of a command are known only then. */
static const IommuctlCommand *
guess_command (char **words)
{
  for (guint i = 1; words[i] != NULL; i++)
    {
      if (g_str_equal (words[i], "--address") && words[i + 1] != NULL)
        i++;
      else if (words[i][0] != '-')
        return iommuctl_commands_find (words[i], words[i + 1]);
    }
  return NULL;
}

static gboolean fail_usage (GError **error, const char *format, ...) G_GNUC_PRINTF (2, 3);

static gboolean
fail_usage (GError **error, const char *format, ...)
{
  va_list arguments;

  va_start (arguments, format);
  g_clear_error (error);
  *error = g_error_new_valist (IOMMUCTL_ERROR, IOMMUCTL_EXIT_USAGE, format, arguments);
  va_end (arguments);
  return FALSE;
}

static gboolean
fail_unknown_command (const char *word, GError **error)
{
  g_autofree char *family = iommuctl_commands_list_family (word);

  if (family != NULL)
    return fail_usage (error, _ ("%s needs a second word; the commands are: %s"), word, family);
  return fail_usage (error, _ ("There is no command '%s'. 'iommuctl --help' lists them"), word);
}

static gboolean
check_command_line (CommandLine *self, GError **error)
{
  guint count = self->rest == NULL ? 0 : g_strv_length (self->rest);

  if ((self->address != NULL) + self->session + self->system > 1)
    return fail_usage (error, _ ("--address, --session and --system exclude each other"));
  if (self->version)
    return TRUE;
  if (count == 0)
    return fail_usage (error, _ ("A command is missing. 'iommuctl --help' lists them"));
  if (self->command == NULL)
    return fail_unknown_command (self->rest[0], error);
  self->arguments = self->rest + iommuctl_commands_count_words (self->command);
  count = g_strv_length (self->arguments);
  if (count < self->command->min_arguments)
    return fail_usage (error, _ ("%s needs more arguments: iommuctl %s %s"), self->command->name,
                       self->command->name, _ (self->command->arguments));
  if (count > self->command->max_arguments)
    return fail_usage (error, _ ("%s does not take the argument '%s'"), self->command->name,
                       self->arguments[self->command->max_arguments]);
  return TRUE;
}

static gboolean
parse_command_line (CommandLine *self, char **words, GError **error)
{
  g_autoptr (GOptionContext) context = NULL;

  self->command = guess_command (words);
  context = new_context (self);
  return g_option_context_parse_strv (context, &words, error) && check_command_line (self, error);
}

static IommudDBusClient *
connect_client (CommandLine *self, GError **error)
{
  g_autoptr (GError) local_error = NULL;
  IommudDBusClient *client = NULL;

  if (self->address != NULL && !g_dbus_is_supported_address (self->address, NULL))
    {
      fail_usage (error, _ ("'%s' is not the address of a bus, such as unix:path=/run/bus"),
                  self->address);
      return NULL;
    }
  if (self->address != NULL)
    client = iommud_dbus_client_new_for_address_sync (self->address, NULL, &local_error);
  else
    client = iommud_dbus_client_new_sync (self->session ? G_BUS_TYPE_SESSION : G_BUS_TYPE_SYSTEM,
                                          NULL, &local_error);
  if (client != NULL)
    return client;
  if (local_error->domain == G_DBUS_ERROR)
    g_propagate_error (error, g_steal_pointer (&local_error));
  else
    g_set_error (
        error, IOMMUCTL_ERROR, IOMMUCTL_EXIT_NO_SERVICE, _ ("Cannot reach the bus at %s: %s"),
        self->address != NULL ? self->address : _ ("its usual address"), local_error->message);
  return NULL;
}

static gboolean
run_command (CommandLine *self, IommuctlOutput *output, GError **error)
{
  g_autoptr (IommudDBusClient) client = connect_client (self, error);
  IommuctlRequest request = { 0 };

  if (client == NULL)
    return FALSE;
  iommuctl_output_set_client (output, client);
  request.options = self->command->options;
  request.arguments = self->arguments;
  request.values = self->values;
  request.client = client;
  request.output = output;
  return self->command->run (&request, error) && iommuctl_output_flush (output, error);
}

static gboolean
run (CommandLine *self, char **words, IommuctlOutput *output, GError **error)
{
  if (!parse_command_line (self, words, error))
    return FALSE;
  if (!self->version)
    return run_command (self, output, error);
  g_print (PROGRAM " " PACKAGE_VERSION "\n");
  return TRUE;
}

int
main (int argc, char **argv)
{
  g_auto (GStrv) words = g_strdupv (argv);
  g_auto (CommandLine) command_line = { .values = g_variant_dict_new (NULL) };
  g_autoptr (IommuctlOutput) output = NULL;
  g_autoptr (GError) error = NULL;

  setlocale (LC_ALL, "");
  bindtextdomain (GETTEXT_PACKAGE, LOCALEDIR);
  bind_textdomain_codeset (GETTEXT_PACKAGE, "UTF-8");
  textdomain (GETTEXT_PACKAGE);

  /* The answer to a bad command line is JSON too if --json stands anywhere in it. */
  output = iommuctl_output_new (g_strv_contains ((const char *const *) argv, "--json"));
  if (run (&command_line, words, output, &error))
    return IOMMUCTL_EXIT_OK;
  iommuctl_output_error (output, error);
  iommuctl_output_flush (output, NULL);
  return iommuctl_exit_status_of_error (error);
}
