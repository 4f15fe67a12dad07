/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The exported interfaces whose changes have not been told yet, in the order in which they changed.
 *
 * Changes are collected, so that one operation gives one PropertiesChanged for each object. They
 * are told when the main loop comes round, or earlier where the order matters: before an object
 * leaves the bus and before a method is answered. */
#include "changes.h"

struct _IommudChanges
{
  GQueue interfaces; /* with a reference each */
  guint source_id;
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

  self->source_id = 0;
  iommud_changes_flush (self);
  return G_SOURCE_REMOVE;
}

/* To be called with the first change after a flush; flushing twice does no harm. */
void
iommud_changes_add (IommudChanges *self, GDBusInterfaceSkeleton *interface)
{
  g_queue_push_tail (&self->interfaces, g_object_ref (interface));
  if (self->source_id == 0)
    self->source_id = g_idle_add_full (G_PRIORITY_DEFAULT, on_main_loop, self, NULL);
}

void
iommud_changes_flush (IommudChanges *self)
{
  while (!g_queue_is_empty (&self->interfaces))
    {
      g_autoptr (GDBusInterfaceSkeleton) interface = g_queue_pop_head (&self->interfaces);

      g_dbus_interface_skeleton_flush (interface);
    }
  g_clear_handle_id (&self->source_id, g_source_remove);
}

/* Forgets the changes untold, as when the service goes. */
void
iommud_changes_clear (IommudChanges *self)
{
  g_clear_handle_id (&self->source_id, g_source_remove);
  g_queue_clear_full (&self->interfaces, g_object_unref);
}
