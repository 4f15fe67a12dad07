/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The exported interfaces that have changes to signal, in the order in which they changed.
 *
 * Changes are collected, so that one operation gives one PropertiesChanged for each interface. They
 * are signalled when the main loop is idle, or earlier if the order matters: before an object
 * leaves the bus and before a method is answered. */
#include "changes.h"

#include "idle.h"

struct _IommudChanges
{
  GQueue interfaces;
  IommudChangesFunc signal; /* for each of them */
  GSource *source;          /* NULL while there is nothing to signal */
};

IommudChanges *
iommud_changes_new (void)
{
  return g_new0 (IommudChanges, 1);
}

void
iommud_changes_free (IommudChanges *self)
{
  iommud_changes_clear (self);
  g_free (self);
}

static gboolean
on_main_loop (gpointer user_data)
{
  IommudChanges *self = user_data;

  iommud_changes_flush (self);
  return G_SOURCE_REMOVE;
}

/* To be called with the first change after a flush. */
void
iommud_changes_add (IommudChanges *self, gpointer interface, IommudChangesFunc signal)
{
  self->signal = signal;
  g_queue_push_tail (&self->interfaces, interface);
  iommud_idle_start (&self->source, on_main_loop, self);
}

void
iommud_changes_flush (IommudChanges *self)
{
  while (!g_queue_is_empty (&self->interfaces))
    self->signal (g_queue_pop_head (&self->interfaces));
  iommud_idle_stop (&self->source);
}

/* An interface leaves the bus with changes that were not signalled. */
void
iommud_changes_forget (IommudChanges *self, gpointer interface)
{
  g_queue_remove (&self->interfaces, interface);
}

/* Forgets all changes without a signal, for example when the service ends. */
void
iommud_changes_clear (IommudChanges *self)
{
  iommud_idle_stop (&self->source);
  g_queue_clear (&self->interfaces);
}
