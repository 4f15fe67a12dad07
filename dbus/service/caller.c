/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A program on the bus that calls: its name, its user, and what is under way between it and the
 * service. */
#include "caller.h"

/* Its user is not known yet. */
IommudCaller *
iommud_caller_new (const char *name)
{
  IommudCaller *self = g_new0 (IommudCaller, 1);

  g_ref_count_init (&self->references);
  self->name = g_strdup (name);
  self->uid = G_MAXUINT32;
  g_queue_init (&self->waiting);
  self->cancellable = g_cancellable_new ();
  return self;
}

IommudCaller *
iommud_caller_ref (IommudCaller *self)
{
  g_ref_count_inc (&self->references);
  return self;
}

void
iommud_caller_unref (IommudCaller *self)
{
  if (!g_ref_count_dec (&self->references))
    return;
  g_queue_clear_full (&self->waiting, g_object_unref);
  g_clear_error (&self->cause);
  g_clear_pointer (&self->groups, g_array_unref);
  g_object_unref (self->cancellable);
  g_free (self->name);
  g_free (self);
}
