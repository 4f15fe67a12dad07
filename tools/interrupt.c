/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What Ctrl-C does while a command runs. A thread waits for the signals, because the main one waits
 * for the service. */
#include "config.h"

#include "interrupt.h"

#include "exit-status.h"

#include <glib-unix.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

struct _IommuctlInterrupt
{
  IommuctlSignals *signals;
  GMainContext *context;
  GMainLoop *loop;
  GThread *thread; /* NULL once the signals were handed over */
  GCancellable *cancellable;
  int n_left;          /* signals that are told before one cancels */
  int was_interrupted; /* a boolean; both are used atomically */
  const char *message;
};

static void
interrupt (IommuctlInterrupt *self)
{
  g_atomic_int_set (&self->was_interrupted, TRUE);
  if (g_atomic_int_dec_and_test (&self->n_left))
    g_cancellable_cancel (self->cancellable);
  else if (g_atomic_int_get (&self->n_left) > 0)
    fprintf (stderr, "iommuctl: %s\n", self->message);
  else
    _exit (IOMMUCTL_EXIT_INTERRUPTED);
}

/* The other signals are watched only for a program that is to run, and end us before it does. */
static gboolean
on_signals (int fd, GIOCondition condition, gpointer user_data)
{
  IommuctlInterrupt *self = user_data;
  struct signalfd_siginfo info;

  while (iommuctl_signals_take (self->signals, &info))
    if (info.ssi_signo == SIGTSTP)
      raise (SIGSTOP);
    else if (info.ssi_signo != SIGCONT && info.ssi_signo != SIGCHLD)
      interrupt (self);
  return G_SOURCE_CONTINUE;
}

static gpointer
run (gpointer user_data)
{
  IommuctlInterrupt *self = user_data;

  g_main_loop_run (self->loop);
  return NULL;
}

IommuctlInterrupt *
iommuctl_interrupt_new (gboolean for_program)
{
  IommuctlInterrupt *self = g_new0 (IommuctlInterrupt, 1);
  g_autoptr (GSource) source = NULL;

  self->signals = iommuctl_signals_new (for_program);
  self->context = g_main_context_new ();
  self->loop = g_main_loop_new (self->context, FALSE);
  self->cancellable = g_cancellable_new ();
  self->n_left = 1;
  source = g_unix_fd_source_new (iommuctl_signals_get_fd (self->signals), G_IO_IN);
  g_source_set_callback (source, G_SOURCE_FUNC (on_signals), self, NULL);
  g_source_attach (source, self->context);
  self->thread = g_thread_new ("interrupt", run, self);
  return self;
}

static gboolean
on_end (gpointer user_data)
{
  g_main_loop_quit (((IommuctlInterrupt *) user_data)->loop);
  return G_SOURCE_REMOVE;
}

static void
end_thread (IommuctlInterrupt *self)
{
  g_autoptr (GSource) source = g_idle_source_new ();

  /* The loop may not run yet: then it would not see that it was told to quit. */
  g_source_set_callback (source, on_end, self, NULL);
  g_source_attach (source, self->context);
  g_thread_join (g_steal_pointer (&self->thread));
}

void
iommuctl_interrupt_free (IommuctlInterrupt *self)
{
  if (self->thread != NULL)
    end_thread (self);
  g_main_loop_unref (self->loop);
  g_main_context_unref (self->context);
  g_object_unref (self->cancellable);
  iommuctl_signals_free (self->signals);
  g_free (self);
}

void
iommuctl_interrupt_finish_first (IommuctlInterrupt *self, const char *message)
{
  self->message = message;
  g_atomic_int_inc (&self->n_left);
}

IommuctlSignals *
iommuctl_interrupt_hand_over (IommuctlInterrupt *self)
{
  if (self->thread != NULL)
    end_thread (self);
  return self->signals;
}

GCancellable *
iommuctl_interrupt_get_cancellable (IommuctlInterrupt *self)
{
  return self->cancellable;
}

gboolean
iommuctl_interrupt_was_interrupted (IommuctlInterrupt *self)
{
  return g_atomic_int_get (&self->was_interrupted);
}
