/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* FAULT_QUEUE_ALLOC: fault.c of Linux 6.12. */
#include "config.h"

#include "sim/objects/fault-queue.h"

#include "kernel/abi.h"

#include <errno.h>

static void
destroy (IommudSimulatedObject *object)
{
  g_free (object);
}

void
iommud_simulated_fault_release (IommudSimulatedFile *file)
{
  IommudSimulatedObject *self = file->subject;
  IommudSimulatedContext *context = self->context;

  self->users--;
  iommud_simulated_context_unref (context);
}

int
iommud_simulated_fault_alloc (IommudSimulatedCommand *command)
{
  struct iommud_abi_fault_alloc *record = command->record;
  IommudSimulatedObject *self;
  int fd;
  int errnum;

  if (record->flags != 0)
    return EOPNOTSUPP;
  self = g_new0 (IommudSimulatedObject, 1);
  self->type = IOMMUD_SIMULATED_FAULT_QUEUE;
  self->destroy = destroy;
  iommud_simulated_context_add (command->context, self);
  errnum = iommud_simulated_files_open (command->files, IOMMUD_SIMULATED_FILE_FAULT_QUEUE, self,
                                        TRUE, &fd);
  if (errnum != 0)
    {
      iommud_simulated_object_destroy (self);
      return errnum;
    }
  self->users++;
  iommud_simulated_context_ref (command->context);
  record->out_fault_id = self->id;
  record->out_fault_fd = (guint32) fd;
  if (iommud_simulated_command_respond (command) == 0)
    return 0;
  /* With the file goes its reference to the queue; the queue has none other. */
  iommud_simulated_files_abandon (command->files, fd);
  iommud_simulated_object_destroy (self);
  return EFAULT;
}
