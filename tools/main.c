/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* iommuctl: reads the command line, connects, runs one command and says how it ended. */
#include "config.h"

#include "bus.h"
#include "command.h"
#include "exit-status.h"
#include "options.h"
#include "usage.h"

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
  gboolean help;
  gboolean version;
  char **rest;
  char **arguments; /* in the rest, after the command */
  char **program;   /* after "--", of a command that runs one; NULL: there is no "--" */
  char *first;      /* word that is no option, and the one after it */
  char *second;
  char *help_text; /* if it is asked for */
  const IommuctlCommand *command;
  IommuctlOptions options;
  int exit_status;
} CommandLine;

static void
command_line_clear (CommandLine *self)
{
  g_free (self->address);
  g_free (self->first);
  g_free (self->second);
  g_free (self->help_text);
  g_strfreev (self->rest);
  g_strfreev (self->program);
  g_variant_dict_unref (self->options.values);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (CommandLine, command_line_clear)

/* Up to one without a name. Free with g_free(). */
static GOptionEntry *
new_global_options (CommandLine *self)
{
  const GOptionEntry entries[] = {
    { "system", 0, 0, G_OPTION_ARG_NONE, &self->system, N_ ("Use the system bus (the default)"),
      NULL },
    { "session", 0, 0, G_OPTION_ARG_NONE, &self->session, N_ ("Use the session bus"), NULL },
    { "address", 0, 0, G_OPTION_ARG_STRING, &self->address, N_ ("Use the bus at this address"),
      N_ ("ADDRESS") },
    { "json", 0, 0, G_OPTION_ARG_NONE, &self->json, N_ ("Print JSON, errors included"), NULL },
    { "version", 0, 0, G_OPTION_ARG_NONE, &self->version, N_ ("Print the version"), NULL },
    { "help", 'h', 0, G_OPTION_ARG_NONE, &self->help, N_ ("Print help"), NULL },
    { "help", '?', G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_NONE, &self->help, NULL, NULL },
    { G_OPTION_REMAINING, 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_STRING_ARRAY, &self->rest, NULL,
      NULL },
    { NULL },
  };

  return g_memdup2 (entries, sizeof entries);
}

/* @family: the first word of commands of two words, or NULL for all. */
static char *
describe_commands (const char *family)
{
  g_autofree char *prefix = family == NULL ? g_strdup ("") : g_strconcat (family, " ", NULL);
  GString *text = g_string_new (_ ("Commands:"));

  for (const IommuctlCommand *command = iommuctl_commands_get (); command->name != NULL; command++)
    if (g_str_has_prefix (command->name, prefix))
      g_string_append_printf (text, "\n  %-13s %s", command->name, _ (command->summary));
  g_string_append_printf (text, "\n\n%s",
                          _ ("'iommuctl COMMAND --help' tells more about one. The manual is "
                             "iommuctl(1)."));
  return g_string_free (text, FALSE);
}

static GOptionContext *
new_general_context (CommandLine *self)
{
  g_autofree char *commands = describe_commands (self->first);
  g_autofree char *parameters = g_strdup_printf ("%s %s", self->first == NULL ? "" : self->first,
                                                 _ ("COMMAND [ARGUMENT...]"));
  GOptionContext *context = g_option_context_new (g_strchug (parameters));

  g_option_context_set_summary (context, _ ("See and drive the IOMMU contexts, page tables and "
                                            "VFIO devices of this host."));
  g_option_context_set_description (context, commands);
  return context;
}

static GOptionContext *
new_context_of_command (const IommuctlCommand *command, GOptionGroup *group)
{
  const char *arguments = *command->arguments == '\0' ? "" : _ (command->arguments);
  g_autofree char *parameters = g_strdup_printf ("%s %s", command->name, arguments);
  GOptionContext *context = g_option_context_new (g_strchomp (parameters));

  g_option_context_set_summary (context, _ (command->description));
  if (command->options != NULL)
    iommuctl_options_add (group, command->options);
  return context;
}

static GOptionContext *
new_context (CommandLine *self, const GOptionEntry *global_options)
{
  GOptionGroup *group = g_option_group_new (NULL, NULL, NULL, &self->options, NULL);
  GOptionContext *context = self->command == NULL ? new_general_context (self)
                                                  : new_context_of_command (self->command, group);

  g_option_group_add_entries (group, global_options);
  g_option_group_set_translation_domain (group, GETTEXT_PACKAGE);
  g_option_context_set_translation_domain (context, GETTEXT_PACKAGE);
  g_option_context_set_main_group (context, group);
  /* GOption's own --help ends the program, and does not see whether it could be written. */
  g_option_context_set_help_enabled (context, FALSE);
  return context;
}

static guint
find_word (char **words, guint start)
{
  guint i = start;

  while (words[i] != NULL && words[i][0] == '-')
    i += g_str_equal (words[i], "--address") && words[i + 1] != NULL ? 2 : 1;
  return i;
}

/* "help attach" is "attach --help". */
static void
turn_help_round (char ***words)
{
  guint position = find_word (*words, 1);
  guint n_words = g_strv_length (*words);

  if (g_strcmp0 ((*words)[position], "help") != 0)
    return;
  g_free ((*words)[position]);
  memmove (*words + position, *words + position + 1, (n_words - position - 1) * sizeof **words);
  (*words)[n_words - 1] = g_strdup ("--help");
}

/* The command that the first word names, if necessary together with the second one. Options are
 * parsed afterwards, since those of a command are known only then. */
static void
guess_command (CommandLine *self, char **words)
{
  guint first = find_word (words, 1);

  if (words[first] == NULL)
    return;
  self->first = g_strdup (words[first]);
  self->second = g_strdup (words[find_word (words, first + 1)]);
  self->command = iommuctl_commands_find (self->first, self->second);
  if (self->command != NULL)
    self->options.known = self->command->options;
}

/* What stands after "--" is for the program that the command runs, and may be no text. */
static void
cut_off_program (CommandLine *self, char **words)
{
  guint position = 1;

  if (self->command == NULL || !self->command->runs_program)
    return;
  while (words[position] != NULL && !g_str_equal (words[position], "--"))
    position++;
  if (words[position] == NULL)
    return;
  self->program = g_strdupv (words + position + 1);
  for (; words[position] != NULL; position++)
    g_clear_pointer (&words[position], g_free);
}

/* Without "--", options of the program would be taken for those of the command. */
static gboolean
check_program (CommandLine *self, char **words, GError **error)
{
  static const char *const others[] = { "--help", "-h", "-?", "--version" };
  gboolean is_asked = FALSE;

  for (gsize i = 0; i < G_N_ELEMENTS (others); i++)
    is_asked = is_asked || g_strv_contains ((const char *const *) words, others[i]);
  if (is_asked || self->command == NULL || !self->command->runs_program
      || (self->program != NULL && self->program[0] != NULL))
    return TRUE;
  return iommuctl_usage_fail (error, _ ("%s needs a program after '--': iommuctl %s %s"),
                              self->command->name, self->command->name,
                              _ (self->command->arguments));
}

/* An unknown word is told before --help after it is answered. */
static gboolean
check_first_word (CommandLine *self, GError **error)
{
  g_autofree char *family = NULL;

  if (self->command != NULL || self->first == NULL)
    return TRUE;
  family = iommuctl_commands_list_family (self->first);
  return (family != NULL && self->second == NULL)
         || iommuctl_usage_fail_command (self->first, self->second, error);
}

static gboolean
check_command_line (CommandLine *self, GError **error)
{
  guint count = self->rest == NULL ? 0 : g_strv_length (self->rest);

  if ((self->address != NULL) + self->session + self->system > 1)
    return iommuctl_usage_fail (error, _ ("--address, --session and --system exclude each other"));
  if (self->help || self->version)
    return TRUE;
  if (count == 0)
    return iommuctl_usage_fail (error, _ ("A command is missing. 'iommuctl --help' lists them"));
  if (self->command == NULL)
    return iommuctl_usage_fail_command (self->first, self->second, error);
  self->arguments = self->rest + iommuctl_commands_count_words (self->command);
  count = g_strv_length (self->arguments);
  if (count < self->command->min_arguments)
    return iommuctl_usage_fail (error, _ ("%s needs more arguments: iommuctl %s %s"),
                                self->command->name, self->command->name,
                                _ (self->command->arguments));
  if (count > self->command->max_arguments)
    return iommuctl_usage_fail (error, _ ("%s does not take the argument '%s'"),
                                self->command->name, self->arguments[self->command->max_arguments]);
  return TRUE;
}

/* GOption would not say which word it is. */
static gboolean
check_encoding (char **words, GError **error)
{
  for (guint i = 1; words[i] != NULL; i++)
    {
      g_autofree char *text = g_locale_to_utf8 (words[i], -1, NULL, NULL, NULL);

      if (text == NULL)
        return iommuctl_usage_fail (error, _ ("'%s' is not text in the encoding of the locale"),
                                    words[i]);
    }
  return TRUE;
}

static gboolean
parse_command_line (CommandLine *self, char ***words, GError **error)
{
  g_autofree GOptionEntry *global_options = new_global_options (self);
  g_autoptr (GOptionContext) context = NULL;
  g_auto (GStrv) all_words = NULL;

  turn_help_round (words);
  guess_command (self, *words);
  cut_off_program (self, *words);
  all_words = g_strdupv (*words);
  if (!check_encoding (*words, error) || !check_first_word (self, error)
      || !check_program (self, *words, error))
    return FALSE;
  context = new_context (self, global_options);
  if (g_option_context_parse_strv (context, words, error))
    {
      self->help_text = self->help ? g_option_context_get_help (context, FALSE, NULL) : NULL;
      return check_command_line (self, error);
    }
  if (g_error_matches (*error, G_OPTION_ERROR, G_OPTION_ERROR_UNKNOWN_OPTION))
    iommuctl_usage_fail_option (self->command, global_options, all_words, error);
  return FALSE;
}

static gboolean
run_on (CommandLine *self, GDBusConnection *connection, IommuctlInterrupt *interrupt,
        IommuctlOutput *output, GError **error)
{
  GCancellable *cancellable = iommuctl_interrupt_get_cancellable (interrupt);
  g_autoptr (IommuctlService) service = iommuctl_service_new (connection, cancellable, error);
  IommuctlRequest request = { .options = self->command->options,
                              .arguments = self->arguments,
                              .program = self->program,
                              .values = self->options.values,
                              .service = service,
                              .interrupt = interrupt,
                              .cancellable = cancellable,
                              .output = output };
  gboolean done = FALSE;

  if (service == NULL)
    return FALSE;
  iommuctl_output_set_service (output, service);
  done = self->command->run (&request, error) && iommuctl_output_flush (output, error);
  iommuctl_output_set_service (output, NULL);
  self->exit_status = request.exit_status;
  return done;
}

/* The words for errors that depend on what the command was to do. */
static void
explain (const IommuctlCommand *command, GError **error)
{
  if (g_error_matches (*error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    iommuctl_usage_explain_interrupt (command, error);
  else if (g_error_matches (*error, G_IO_ERROR, G_IO_ERROR_CLOSED))
    iommuctl_usage_explain_closed (error);
  else if (g_error_matches (*error, G_DBUS_ERROR, G_DBUS_ERROR_ACCESS_DENIED))
    iommuctl_usage_explain_refusal (error);
  else if (command->changes
           && g_error_matches (*error, IOMMUD_DBUS_ERROR, IOMMUD_DBUS_ERROR_NOT_AUTHORIZED))
    iommuctl_usage_add_way_out (error);
}

static gboolean
run_command (CommandLine *self, IommuctlOutput *output, GError **error)
{
  g_autoptr (IommuctlInterrupt) interrupt = iommuctl_interrupt_new (self->command->runs_program);
  g_autoptr (GDBusConnection) connection =
      iommuctl_bus_connect (self->address, self->session ? G_BUS_TYPE_SESSION : G_BUS_TYPE_SYSTEM,
                            iommuctl_interrupt_get_cancellable (interrupt), error);
  gboolean done = connection != NULL && run_on (self, connection, interrupt, output, error);

  if (connection != NULL)
    g_dbus_connection_close_sync (connection, NULL, NULL);
  if (!done)
    explain (self->command, error);
  return done;
}

/* GOption writes an ellipsis, which not every locale has. */
static void
print_help (CommandLine *self, IommuctlOutput *output)
{
  g_autoptr (GVariant) record =
      g_variant_ref_sink (g_variant_new_parsed ("{'Help': <%s>}", self->help_text));
  const char *charset = NULL;
  g_autofree char *converted = NULL;

  if (iommuctl_output_is_json (output))
    {
      iommuctl_output_record (output, record);
      return;
    }
  if (!g_get_charset (&charset))
    converted =
        g_convert_with_fallback (self->help_text, -1, charset, "UTF-8", "?", NULL, NULL, NULL);
  iommuctl_output_text (output, converted != NULL ? converted : self->help_text);
}

static gboolean
run (CommandLine *self, char ***words, IommuctlOutput *output, GError **error)
{
  if (!parse_command_line (self, words, error))
    return FALSE;
  if (!self->help && !self->version)
    return run_command (self, output, error);
  if (self->help)
    print_help (self, output);
  else
    iommuctl_output_result (output, g_variant_new_parsed ("{'Version': <%s>}", PACKAGE_VERSION),
                            PROGRAM " " PACKAGE_VERSION);
  return iommuctl_output_flush (output, error);
}

static gboolean
has_option (char **words, const char *option)
{
  for (guint i = 1; words[i] != NULL && !g_str_equal (words[i], "--"); i++)
    if (g_str_equal (words[i], option))
      return TRUE;
  return FALSE;
}

int
main (int argc, char **argv)
{
  g_auto (GStrv) words = g_strdupv (argv);
  g_auto (CommandLine) command_line = { .options.values = g_variant_dict_new (NULL) };
  g_autoptr (IommuctlOutput) output = NULL;
  g_autoptr (GError) error = NULL;

  setlocale (LC_ALL, "");
  bindtextdomain (GETTEXT_PACKAGE, LOCALEDIR);
  bind_textdomain_codeset (GETTEXT_PACKAGE, "UTF-8");
  textdomain (GETTEXT_PACKAGE);

  /* The answer to a bad command line is JSON too if --json stands anywhere in it. */
  output = iommuctl_output_new (has_option (words, "--json"));
  if (run (&command_line, &words, output, &error))
    return command_line.exit_status;
  iommuctl_output_error (output, error);
  iommuctl_output_flush (output, NULL);
  return iommuctl_exit_status_of_error (error);
}
