/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One IOMMUFD context: an open /dev/iommu, the containers in it, and the queue of its operations.
 */
#pragma once

#include "base/queue.h"
#include "iommud-types.h"
#include "kernel/syscalls.h"
#include "model/open-files.h"
#include "model/record.h"

G_BEGIN_DECLS

typedef struct _IommudContext IommudContext;

/* @queue is taken. The context is in @open_files while it is open, and devices that are bound to it
 * are. */
IommudContext *iommud_context_new (const IommudContextRecord *record,
                                   const IommudSyscalls *syscalls, IommudQueue *queue,
                                   IommudOpenFiles *open_files);
IommudOpenFiles *iommud_context_get_open_files (IommudContext *self);
IommudContext *iommud_context_ref (IommudContext *self);
void iommud_context_unref (IommudContext *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (IommudContext, iommud_context_unref)

guint64 iommud_context_get_serial (IommudContext *self);
IommudQueue *iommud_context_get_queue (IommudContext *self);
/* The iommufd; -1 before it was opened and after it was closed. */
int iommud_context_get_fd (IommudContext *self);
void iommud_context_set_fd (IommudContext *self, int fd);
/* For the end of the host: no operation is under way then. */
void iommud_context_close (IommudContext *self);
/* A copy of it was handed out, whose holder may change what is in it. */
gboolean iommud_context_is_shared (IommudContext *self);
void iommud_context_set_shared (IommudContext *self);
/* These count the containers in it: removing the last one closes it. */
guint iommud_context_get_n_containers (IommudContext *self);
void iommud_context_add_container (IommudContext *self);
void iommud_context_remove_container (IommudContext *self);

G_END_DECLS
