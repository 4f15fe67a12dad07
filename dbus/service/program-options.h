/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The command line of the program. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct
{
  gboolean system;
  gboolean session;
  char *address;
  char *config_dir; /* NULL: the usual one */
  gboolean simulate;
  char *simulated_host; /* NULL: the built-in one */
  char *state_folder;   /* NULL: nothing is kept for a next life */
  gboolean verbose;
  gboolean version;
} IommudProgramOptions;

gboolean iommud_program_options_parse (IommudProgramOptions *self, int *argc, char ***argv,
                                       GError **error);
void iommud_program_options_clear (IommudProgramOptions *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (IommudProgramOptions, iommud_program_options_clear)

G_END_DECLS
