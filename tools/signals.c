/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The signals that iommuctl handles, read from a descriptor: it tells who sent them. */
#include "config.h"

#include "signals.h"

#include <errno.h>
#include <signal.h>
#include <unistd.h>

struct _IommuctlSignals
{
  int fd;
  sigset_t mask_before;
  gboolean for_program;
  struct sigaction broken_pipe; /* before: GIO ignores SIGPIPE */
  struct sigaction child;       /* before: if SIGCHLD is ignored, no status of a child is kept */
};

/* What a parent has made us ignore, such as nohup SIGHUP, the program ignores too. */
static void
add_if_heeded (sigset_t *set, int signal_number)
{
  struct sigaction action;

  if (sigaction (signal_number, NULL, &action) == 0 && action.sa_handler != SIG_IGN)
    sigaddset (set, signal_number);
}

static void
add_those_for_program (sigset_t *set)
{
  static const int passed_on[] = { SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGTSTP, SIGCONT };

  for (gsize i = 0; i < G_N_ELEMENTS (passed_on); i++)
    add_if_heeded (set, passed_on[i]);
  sigaddset (set, SIGCHLD);
}

IommuctlSignals *
iommuctl_signals_new (gboolean for_program)
{
  const struct sigaction by_default = { .sa_handler = SIG_DFL };
  IommuctlSignals *self = g_new0 (IommuctlSignals, 1);
  sigset_t set;

  self->for_program = for_program;
  sigemptyset (&set);
  sigaddset (&set, SIGINT);
  sigaddset (&set, SIGTERM);
  if (for_program)
    {
      add_those_for_program (&set);
      sigaction (SIGPIPE, NULL, &self->broken_pipe);
      sigaction (SIGCHLD, &by_default, &self->child);
    }
  pthread_sigmask (SIG_BLOCK, &set, &self->mask_before);
  self->fd = signalfd (-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
  return self;
}

void
iommuctl_signals_free (IommuctlSignals *self)
{
  close (self->fd);
  if (self->for_program)
    sigaction (SIGCHLD, &self->child, NULL);
  pthread_sigmask (SIG_SETMASK, &self->mask_before, NULL);
  g_free (self);
}

int
iommuctl_signals_get_fd (const IommuctlSignals *self)
{
  return self->fd;
}

gboolean
iommuctl_signals_take (const IommuctlSignals *self, struct signalfd_siginfo *info)
{
  gssize n;

  do
    n = read (self->fd, info, sizeof *info);
  while (n < 0 && errno == EINTR);
  return n == sizeof *info;
}

/* Calls only what is allowed after a fork. */
void
iommuctl_signals_restore (const IommuctlSignals *self)
{
  sigaction (SIGPIPE, &self->broken_pipe, NULL);
  sigaction (SIGCHLD, &self->child, NULL);
  pthread_sigmask (SIG_SETMASK, &self->mask_before, NULL);
}
