/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What Ctrl-C does while a command runs. A thread waits for the signals, because the main one waits
 * for the service. */
#include "config.h"

#include "interrupt.h"

#include "exit-status.h"

#include <glib-unix.h>
#include <stdio.h>
#include <unistd.h>

struct _IommuctlInterrupt
{
  GMainContext *context;
  GMainLoop *loop;
  GThread *thread;
  GCancellable *cancellable;
  int n_left;          /* signals that are told before one cancels */
  int was_interrupted; /* a boolean; both are used atomically */
  const char *message;
};

static gboolean
on_signal (gpointer user_data)
{
  IommuctlInterrupt *self = user_data;

  g_atomic_int_set (&self->was_interrupted, TRUE);
  if (g_atomic_int_dec_and_test (&self->n_left))
    g_cancellable_cancel (self->cancellable);
  else if (g_atomic_int_get (&self->n_left) > 0)
    fprintf (stderr, "iommuctl: %s\n", self->message);
  else
    _exit (IOMMUCTL_EXIT_INTERRUPTED);
  return G_SOURCE_CONTINUE;
}

static void
watch (IommuctlInterrupt *self, int signal_number)
{
  g_autoptr (GSource) source = g_unix_signal_source_new (signal_number);

  g_source_set_callback (source, on_signal, self, NULL);
  g_source_attach (source, self->context);
}

static gpointer
run (gpointer user_data)
{
  IommuctlInterrupt *self = user_data;

  g_main_loop_run (self->loop);
  return NULL;
}

IommuctlInterrupt *
iommuctl_interrupt_new (void)
{
  IommuctlInterrupt *self = g_new0 (IommuctlInterrupt, 1);

  self->context = g_main_context_new ();
  self->loop = g_main_loop_new (self->context, FALSE);
  self->cancellable = g_cancellable_new ();
  self->n_left = 1;
  watch (self, SIGINT);
  watch (self, SIGTERM);
  self->thread = g_thread_new ("interrupt", run, self);
  return self;
}

static gboolean
on_end (gpointer user_data)
{
  g_main_loop_quit (((IommuctlInterrupt *) user_data)->loop);
  return G_SOURCE_REMOVE;
}

void
iommuctl_interrupt_free (IommuctlInterrupt *self)
{
  g_autoptr (GSource) source = g_idle_source_new ();

  /* The loop may not run yet: then it would not see that it was told to quit. */
  g_source_set_callback (source, on_end, self, NULL);
  g_source_attach (source, self->context);
  g_thread_join (self->thread);
  g_main_loop_unref (self->loop);
  g_main_context_unref (self->context);
  g_object_unref (self->cancellable);
  g_free (self);
}

void
iommuctl_interrupt_finish_first (IommuctlInterrupt *self, const char *message)
{
  self->message = message;
  g_atomic_int_inc (&self->n_left);
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
