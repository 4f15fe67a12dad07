/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One IOMMUFD context: an open /dev/iommu, the containers in it, and the queue of its operations.
 */
#include "model/context.h"

#include "model/descriptors.h"

struct _IommudContext
{
  grefcount references;
  guint64 serial;
  const IommudSyscalls *syscalls;
  IommudQueue *queue;
  IommudOpenFiles *open_files;
  int fd;
  guint n_containers;
  gboolean shared;
};

IommudContext *
iommud_context_new (const IommudContextRecord *record, const IommudSyscalls *syscalls,
                    IommudQueue *queue, IommudOpenFiles *open_files)
{
  IommudContext *self = g_new0 (IommudContext, 1);

  g_ref_count_init (&self->references);
  self->serial = record->serial;
  self->shared = record->shared;
  self->syscalls = syscalls;
  self->queue = queue;
  self->open_files = iommud_open_files_ref (open_files);
  self->fd = -1;
  return self;
}

IommudContext *
iommud_context_ref (IommudContext *self)
{
  g_ref_count_inc (&self->references);
  return self;
}

void
iommud_context_unref (IommudContext *self)
{
  if (!g_ref_count_dec (&self->references))
    return;
  iommud_queue_unref (self->queue);
  iommud_open_files_unref (self->open_files);
  g_free (self);
}

guint64
iommud_context_get_serial (IommudContext *self)
{
  return self->serial;
}

IommudQueue *
iommud_context_get_queue (IommudContext *self)
{
  return self->queue;
}

IommudOpenFiles *
iommud_context_get_open_files (IommudContext *self)
{
  return self->open_files;
}

gboolean
iommud_context_is_shared (IommudContext *self)
{
  return self->shared;
}

void
iommud_context_set_shared (IommudContext *self)
{
  self->shared = TRUE;
}

int
iommud_context_get_fd (IommudContext *self)
{
  return self->fd;
}

void
iommud_context_set_fd (IommudContext *self, int fd)
{
  char *name = iommud_descriptors_name_context (self->serial);

  self->fd = fd;
  if (fd >= 0)
    iommud_open_files_add (self->open_files, name, fd);
  else
    iommud_open_files_remove (self->open_files, name);
}

void
iommud_context_close (IommudContext *self)
{
  if (self->fd >= 0)
    self->syscalls->close (self->syscalls, self->fd);
  iommud_context_set_fd (self, -1);
}

guint
iommud_context_get_n_containers (IommudContext *self)
{
  return self->n_containers;
}

void
iommud_context_add_container (IommudContext *self)
{
  self->n_containers++;
}

void
iommud_context_remove_container (IommudContext *self)
{
  self->n_containers--;
}
