/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The command line of the program. */
#include "config.h"

#include "program-options.h"

void
iommud_program_options_clear (IommudProgramOptions *self)
{
  g_clear_pointer (&self->address, g_free);
  g_clear_pointer (&self->simulated_host, g_free);
  g_clear_pointer (&self->config_dir, g_free);
  g_clear_pointer (&self->state_folder, g_free);
}

static gboolean
on_simulate_option (const char *name, const char *value, gpointer data, GError **error)
{
  IommudProgramOptions *options = data;

  options->simulate = TRUE;
  g_free (options->simulated_host);
  options->simulated_host = g_strdup (value);
  return TRUE;
}

static GOptionContext *
make_option_context (IommudProgramOptions *options)
{
  const GOptionEntry entries[] = {
    { "system", 0, 0, G_OPTION_ARG_NONE, &options->system,
      "Serve on the system bus; only root may do everything (the default)", NULL },
    { "session", 0, 0, G_OPTION_ARG_NONE, &options->session,
      "Serve on the session bus; its user may change things", NULL },
    { "address", 0, 0, G_OPTION_ARG_STRING, &options->address,
      "Serve on the message bus at ADDRESS; the service's own user may change things", "ADDRESS" },
    { "config-dir", 0, 0, G_OPTION_ARG_FILENAME, &options->config_dir,
      "Read quotas and grants from FOLDER (on the system bus by default from " SYSCONFDIR
      "/iommud)",
      "FOLDER" },
    { "simulate", 0, G_OPTION_FLAG_OPTIONAL_ARG | G_OPTION_FLAG_FILENAME, G_OPTION_ARG_CALLBACK,
      on_simulate_option,
      "Serve the simulated host that FILE describes, or without FILE a built-in one", "FILE" },
    { "state-dir", 0, 0, G_OPTION_ARG_FILENAME, &options->state_folder,
      "Write down in FOLDER what the next run of the service needs to go on", "FOLDER" },
    { "verbose", 'v', 0, G_OPTION_ARG_NONE, &options->verbose, "Log each call and its answer",
      NULL },
    { "version", 0, 0, G_OPTION_ARG_NONE, &options->version, "Print the version and exit", NULL },
    { NULL },
  };
  GOptionContext *context = g_option_context_new (NULL);
  GOptionGroup *group = g_option_group_new ("iommud", "", "", options, NULL);

  g_option_group_add_entries (group, entries);
  g_option_context_set_main_group (context, group);
  g_option_context_set_summary (
      context, "Manages the iommufd address spaces and VFIO devices of this host over D-Bus.");
  g_option_context_set_description (
      context,
      "Exit status: 0 after SIGTERM or SIGINT; 1 after a failure, which one line explains.");
  return context;
}

static gboolean
check_options (const IommudProgramOptions *options, int argc, char **argv, GError **error)
{
  int n_buses =
      (options->system ? 1 : 0) + (options->session ? 1 : 0) + (options->address != NULL ? 1 : 0);

  if (argc > 1)
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED, "Unexpected argument %s", argv[1]);
  else if (n_buses > 1)
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED,
                 "Only one of --system, --session and --address can be given");
  else
    return TRUE;
  return FALSE;
}

gboolean
iommud_program_options_parse (IommudProgramOptions *self, int *argc, char ***argv, GError **error)
{
  g_autoptr (GOptionContext) context = make_option_context (self);

  return g_option_context_parse (context, argc, argv, error)
         && check_options (self, *argc, *argv, error);
}
