/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One IOMMUFD context: an open /dev/iommu and the operations on it, one after the other. */
#pragma once

#include <gio/gio.h>

#include "iommud-types.h"
#include "kernel/syscalls.h"

G_BEGIN_DECLS

typedef struct _IommudContext IommudContext;

/* An operation has three parts, so that the model changes on the main loop alone and no kernel call
 * runs there:
 *   plan     main loop, when the operation's turn has come: checks, and copies what perform needs
 *   perform  a worker thread: kernel calls, on nothing but the operation's own data
 *   publish  main loop: brings the result into the model; returns the task's object, or NULL
 *
 * A long operation takes turns: while goes_on says so after a publish that gave no error, all three
 * are called again, and between its turns other operations of the context have theirs. One that
 * cannot have its turn while a long one is at work says so by must_wait; those behind it wait too.
 * Only operations that are between turns may keep others waiting. One that is urgent has its turn
 * before all that have not begun. */
typedef struct
{
  gboolean (*plan) (gpointer data, GError **error);
  void (*perform) (gpointer data);
  gpointer (*publish) (gpointer data, GError **error);
  GDestroyNotify free;
  gboolean (*goes_on) (gpointer data);   /* or NULL: one turn is all */
  gboolean (*must_wait) (gpointer data); /* or NULL: never */
  gboolean urgent;
} IommudOperation;

/* @host is held while an operation is under way, and only then; it owns @pool, which runs the
 * workers. */
IommudContext *iommud_context_new (guint64 serial, IommudHost *host, const IommudSyscalls *syscalls,
                                   GThreadPool *pool, GMainContext *main_context);
IommudContext *iommud_context_ref (IommudContext *self);
void iommud_context_unref (IommudContext *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (IommudContext, iommud_context_unref)

guint64 iommud_context_get_serial (IommudContext *self);
/* The iommufd; -1 before it was opened and after it was closed. */
int iommud_context_get_fd (IommudContext *self);
void iommud_context_set_fd (IommudContext *self, int fd);
/* For the end of the host, when no operation is under way. */
void iommud_context_close (IommudContext *self);
/* Containers that live in it: the last one to go closes it. */
guint iommud_context_get_n_containers (IommudContext *self);
void iommud_context_add_container (IommudContext *self);
void iommud_context_remove_container (IommudContext *self);

/* Queues an operation behind those of this context. @device (or NULL) was claimed by the caller for
 * it; the claim ends just before @task (transfer full, or NULL where nobody waits) returns. */
void iommud_context_submit (IommudContext *self, const IommudOperation *operation, gpointer data,
                            IommudDevice *device, GTask *task);

/* The function of the pool that contexts run their workers on. */
void iommud_context_work (gpointer job, gpointer unused);

G_END_DECLS
