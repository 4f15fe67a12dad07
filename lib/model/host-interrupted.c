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

void
iommud_host_write_interrupted_down (IommudHost *self, IommudHostRecord *record)
{
  for (guint i = 0; self->interrupted != NULL && i < self->interrupted->len; i++)
    {
      g_autoptr (GVariant) copy = g_variant_ref_sink (
          iommud_intent_record_to_variant (g_ptr_array_index (self->interrupted, i)));

      g_ptr_array_add (record->intents, iommud_intent_record_from_variant (copy, NULL));
    }
}
