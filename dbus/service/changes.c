/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The exported interfaces that have changes to signal, in the order in which they changed.
 *
 * Changes are collected, so that one operation gives one PropertiesChanged for each interface. They
 * are signalled when the main loop is idle, or earlier if the order matters: before an object
 * leaves the bus and before a method is answered. */
#include "changes.h"

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

static void
stop_waiting (IommudChanges *self)
{
  if (self->source == NULL)
    return;
  g_source_destroy (self->source);
  g_clear_pointer (&self->source, g_source_unref);
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
  if (self->source != NULL)
    return;
  self->source = g_idle_source_new ();
  g_source_set_priority (self->source, G_PRIORITY_DEFAULT);
  g_source_set_callback (self->source, on_main_loop, self, NULL);
  g_source_attach (self->source, g_main_context_get_thread_default ());
}

void
iommud_changes_flush (IommudChanges *self)
{
  while (!g_queue_is_empty (&self->interfaces))
    self->signal (g_queue_pop_head (&self->interfaces));
  stop_waiting (self);
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
  stop_waiting (self);
  g_queue_clear (&self->interfaces);
}
