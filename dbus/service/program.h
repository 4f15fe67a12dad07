/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The program, for any backend. */
#pragma once

#include <iommud.h>

G_BEGIN_DECLS

/* What the command line asks of the backend. */
typedef struct
{
  gboolean simulate;
  const char *simulated_host; /* the file that describes it; NULL: the built-in one */
  char **arguments;           /* the command line as it was given */
} IommudProgramRequest;

typedef IommudBackend *(*IommudProgramBackendFunc) (const IommudProgramRequest *request,
                                                    GError **error);

/* Serves the backend that @make_backend makes until a signal comes. Returns the exit status. */
int iommud_program_main (int argc, char **argv, IommudProgramBackendFunc make_backend);

G_END_DECLS
