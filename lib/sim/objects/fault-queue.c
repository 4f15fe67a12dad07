/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The life of a fault queue and of its file. */
#include "config.h"

#include "sim/objects/fault-queue.h"

static void
destroy (IommudSimulatedObject *object)
{
  g_free (object);
}

IommudSimulatedObject *
iommud_simulated_fault_queue_new (IommudSimulatedContext *context)
{
  IommudSimulatedObject *self = g_new0 (IommudSimulatedObject, 1);

  self->type = IOMMUD_SIMULATED_FAULT_QUEUE;
  self->destroy = destroy;
  iommud_simulated_context_add (context, self);
  return self;
}

void
iommud_simulated_fault_queue_open (IommudSimulatedObject *self)
{
  self->users++;
  iommud_simulated_context_ref (self->context);
}

void
iommud_simulated_fault_queue_release (IommudSimulatedObject *self)
{
  IommudSimulatedContext *context = self->context;

  self->users--;
  iommud_simulated_context_unref (context);
}
