/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Makes a fault queue and a descriptor of its file, as fault.c of Linux 6.12 does. */
#include "config.h"

#include "sim/ioctls/fault-queue.h"

#include "sim/objects/fault-queue.h"

#include "kernel/abi.h"

#include <errno.h>

static int
respond (IommudSimulatedCommand *command, const IommudSimulatedObject *queue, int fd)
{
  struct iommud_abi_fault_alloc *record = command->record;

  record->out_fault_id = queue->id;
  record->out_fault_fd = (guint32) fd;
  return iommud_simulated_command_respond (command);
}

int
iommud_simulated_fault_queue_alloc (IommudSimulatedCommand *command)
{
  const struct iommud_abi_fault_alloc *record = command->record;
  IommudSimulatedObject *queue;
  int fd;
  int errnum;

  if (record->flags != 0)
    return EOPNOTSUPP;
  queue = iommud_simulated_fault_queue_new (command->context);
  errnum = iommud_simulated_files_open (command->files, IOMMUD_SIMULATED_FILE_FAULT_QUEUE, queue,
                                        TRUE, &fd);
  if (errnum != 0)
    {
      iommud_simulated_object_destroy (queue);
      return errnum;
    }
  iommud_simulated_fault_queue_open (queue);
  if (respond (command, queue, fd) == 0)
    return 0;
  /* The file drops its reference to the queue, which is the only one. */
  iommud_simulated_files_abandon (command->files, fd);
  iommud_simulated_object_destroy (queue);
  return EFAULT;
}
