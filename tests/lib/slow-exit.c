/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A process that ends as slowly as the test wants. */
#include "config.h"

#include "slow-exit.h"

#include "base/process.h"

#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

struct _SlowExit
{
  pid_t parent; /* of the two others */
  pid_t pid;
  int orders; /* to the parent */
  int reports;
};

static void
wait_for (pid_t pid)
{
  if (waitpid (pid, NULL, 0) < 0)
    _exit (1);
}

static pid_t
fork_pausing (void)
{
  pid_t pid = fork ();

  if (pid != 0)
    return pid;
  prctl (PR_SET_PDEATHSIG, SIGKILL);
  for (;;)
    pause ();
}

/* Only calls that are safe after a fork of a program with threads. */
static G_NORETURN void
be_parent (int orders, int reports)
{
  pid_t pids[2]; /* of the first of the namespace, and of the one that it has to wait for */
  char byte;

  prctl (PR_SET_PDEATHSIG, SIGKILL);
  if (unshare (CLONE_NEWPID | (geteuid () != 0 ? CLONE_NEWUSER : 0)) < 0)
    _exit (1);
  pids[0] = fork_pausing ();
  pids[1] = fork_pausing ();
  if (pids[0] < 0 || pids[1] < 0 || write (reports, &pids[0], sizeof pids[0]) < 0
      || read (orders, &byte, 1) != 1)
    _exit (1);
  kill (pids[1], SIGKILL);
  kill (pids[0], SIGKILL);
  if (read (orders, &byte, 1) != 1)
    _exit (1);
  wait_for (pids[1]);
  wait_for (pids[0]);
  _exit (0);
}

SlowExit *
slow_exit_new (void)
{
  SlowExit *self = g_new0 (SlowExit, 1);
  int orders[2];
  int reports[2];

  g_assert_cmpint (pipe (orders), ==, 0);
  g_assert_cmpint (pipe (reports), ==, 0);
  self->parent = fork ();
  g_assert_cmpint (self->parent, >=, 0);
  if (self->parent == 0)
    {
      close (orders[1]);
      close (reports[0]);
      be_parent (orders[0], reports[1]);
    }
  close (orders[0]);
  close (reports[1]);
  self->orders = orders[1];
  self->reports = reports[0];
  if (read (self->reports, &self->pid, sizeof self->pid) == sizeof self->pid)
    return self;
  slow_exit_free (self);
  return NULL;
}

pid_t
slow_exit_get_pid (const SlowExit *self)
{
  return self->pid;
}

static void
order (SlowExit *self)
{
  g_assert_cmpint (write (self->orders, "", 1), ==, 1);
}

void
slow_exit_begin (SlowExit *self)
{
  IommudProcess process = { 0 };

  order (self);
  while (!process.is_exiting)
    {
      g_assert_cmpint (iommud_process_read_pid (self->pid, &process), ==, 0);
      g_usleep (1000);
    }
}

void
slow_exit_finish (SlowExit *self)
{
  order (self);
  g_assert_cmpint (waitpid (self->parent, NULL, 0), ==, self->parent);
  self->parent = 0;
}

void
slow_exit_free (SlowExit *self)
{
  close (self->orders);
  close (self->reports);
  /* It ends when nobody can give it orders any more. */
  if (self->parent > 0)
    waitpid (self->parent, NULL, 0);
  g_free (self);
}
