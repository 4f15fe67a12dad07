/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* iommud-simulated: serves a simulated host. It is what `iommud --simulate` becomes. */
#include "config.h"

#include <iommud-sim.h>

#include "program.h"

static IommudBackend *
make_backend (const IommudProgramRequest *request, GError **error)
{
  IommudSimulator *simulator = iommud_simulator_new (request->simulated_host, error);
  g_autoptr (GError) cause = NULL;

  if (simulator == NULL)
    return NULL;
  /* The host works without this, too: only edits of its file would have no effect. */
  if (request->simulated_host != NULL && !iommud_simulator_follow_file (simulator, &cause))
    g_warning ("%s", cause->message);
  return IOMMUD_BACKEND (simulator);
}

int
main (int argc, char **argv)
{
  return iommud_program_main (argc, argv, make_backend);
}
