/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What operations of an earlier life were about to do when it ended. */
#include "model/host-private.h"

/* Takes the array. */
void
iommud_host_set_interrupted (IommudHost *self, GPtrArray *intents)
{
  g_clear_pointer (&self->interrupted, g_ptr_array_unref);
  self->interrupted = intents;
}

GPtrArray *
iommud_host_take_interrupted (IommudHost *self)
{
  return g_steal_pointer (&self->interrupted);
}
