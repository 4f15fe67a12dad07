/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* iommud: serves this machine's kernel. If a simulated host is asked for, it becomes
 * iommud-simulated, so that the simulator is not part of the program that runs as root. */
#include "config.h"

#include <errno.h>
#include <unistd.h>

#include "program.h"

/* The path of iommud-simulated, which lies beside this program, installed or not. */
static char *
find_simulated_program (GError **error)
{
  g_autofree char *self = g_file_read_link ("/proc/self/exe", error);
  g_autofree char *folder = NULL;

  if (self == NULL)
    return NULL;
  folder = g_path_get_dirname (self);
  return g_build_filename (folder, "iommud-simulated", NULL);
}

/* Returns only if that fails. */
static void
become_simulated (char **arguments, GError **error)
{
  g_autofree char *program = find_simulated_program (error);

  if (program == NULL)
    return;
  execv (program, arguments);
  g_set_error (error, G_FILE_ERROR, g_file_error_from_errno (errno),
               "Cannot start the simulator: %s: %s", program, g_strerror (errno));
}

static IommudBackend *
make_backend (const IommudProgramRequest *request, GError **error)
{
  if (!request->simulate)
    return IOMMUD_BACKEND (iommud_kernel_backend_new ());
  become_simulated (request->arguments, error);
  return NULL;
}

int
main (int argc, char **argv)
{
  return iommud_program_main (argc, argv, make_backend);
}
