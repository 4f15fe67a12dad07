/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A process that has copies of all open files of the test, and does nothing. */
#include "config.h"

#include "holder-process.h"

#include <fcntl.h>
#include <glib.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static G_NORETURN void
hold (const char *name, int ready)
{
  char byte = 0;

  prctl (PR_SET_PDEATHSIG, SIGKILL);
  if (name != NULL)
    prctl (PR_SET_NAME, name);
  if (write (ready, &byte, 1) == 1)
    pause ();
  _exit (0);
}

pid_t
holder_process_start (const char *name)
{
  int ready[2];
  char byte = 0;
  pid_t pid;

  g_assert_cmpint (pipe2 (ready, O_CLOEXEC), ==, 0);
  pid = fork ();
  if (pid == 0)
    hold (name, ready[1]);
  g_assert_cmpint (pid, >, 0);
  g_assert_cmpint (read (ready[0], &byte, 1), ==, 1);
  close (ready[0]);
  close (ready[1]);
  return pid;
}

void
holder_process_stop (pid_t pid)
{
  kill (pid, SIGKILL);
  g_assert_cmpint (waitpid (pid, NULL, 0), ==, pid);
}
