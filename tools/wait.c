/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Waiting for the service while people may press Ctrl-C. The service finishes what it has begun,
 * and a program that does not wait does not learn the result. */
#include "config.h"

#include "wait.h"

#include <glib-unix.h>

#define INTERRUPTS_THAT_CANCEL 2

struct _IommuctlWait
{
  GFunc on_interrupt;
  gpointer on_interrupt_data;
  guint sources[2];
  guint n_interrupts;
  GCancellable *cancellable;
  GAsyncResult *result;
};

static gboolean
on_signal (gpointer user_data)
{
  IommuctlWait *self = user_data;

  self->n_interrupts++;
  if (self->n_interrupts >= INTERRUPTS_THAT_CANCEL)
    g_cancellable_cancel (self->cancellable);
  else
    self->on_interrupt (self, self->on_interrupt_data);
  return G_SOURCE_CONTINUE;
}

IommuctlWait *
iommuctl_wait_new (GFunc on_interrupt, gpointer on_interrupt_data)
{
  IommuctlWait *self = g_new0 (IommuctlWait, 1);

  self->on_interrupt = on_interrupt;
  self->on_interrupt_data = on_interrupt_data;
  self->cancellable = g_cancellable_new ();
  self->sources[0] = g_unix_signal_add (SIGINT, on_signal, self);
  self->sources[1] = g_unix_signal_add (SIGTERM, on_signal, self);
  return self;
}

void
iommuctl_wait_free (IommuctlWait *self)
{
  for (gsize i = 0; i < G_N_ELEMENTS (self->sources); i++)
    g_source_remove (self->sources[i]);
  g_clear_object (&self->result);
  g_object_unref (self->cancellable);
  g_free (self);
}

GCancellable *
iommuctl_wait_get_cancellable (IommuctlWait *self)
{
  return self->cancellable;
}

void
iommuctl_wait_on_result (GObject *source, GAsyncResult *result, gpointer wait)
{
  IommuctlWait *self = wait;

  self->result = g_object_ref (result);
}

GAsyncResult *
iommuctl_wait_for_result (IommuctlWait *self)
{
  while (self->result == NULL)
    g_main_context_iteration (NULL, TRUE);
  return g_steal_pointer (&self->result);
}

gboolean
iommuctl_wait_was_interrupted (IommuctlWait *self)
{
  return self->n_interrupts > 0;
}
