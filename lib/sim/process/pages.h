/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Memory that areas of IOASes map: of the calling process, or of a file. It may go away beneath us
 * at any time, which is EFAULT and never a signal. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Memory that callers without CAP_IPC_LOCK have pinned: of a user, or of a process. */
typedef struct
{
  guint64 pages;
} IommudSimulatedAccount;

/* RLIMIT_MEMLOCK of all, which is Linux's default: 8 MiB. */
#define IOMMUD_SIMULATED_LOCKED_PAGES_LIMIT 2048

/* One or more areas, in one or more IOASes, map parts of it. */
typedef struct _IommudSimulatedPages IommudSimulatedPages;

/* Memory of this process that begins with the page of @address. */
IommudSimulatedPages *iommud_simulated_pages_new (guint64 address, gboolean writable);
/* @length bytes of a file that begin with the page of @offset, whatever file it is: as the kernel,
 * this asks only when it is pinned. NULL: there is no such file (EBADF). */
IommudSimulatedPages *iommud_simulated_pages_new_of_file (int file, guint64 offset, guint64 length,
                                                          gboolean writable);
IommudSimulatedPages *iommud_simulated_pages_ref (IommudSimulatedPages *self);
void iommud_simulated_pages_unref (IommudSimulatedPages *self);

/* What is pinned of it is charged to @account, which outlives it; NULL for none. */
void iommud_simulated_pages_set_account (IommudSimulatedPages *self,
                                         IommudSimulatedAccount *account);
gboolean iommud_simulated_pages_is_writable (const IommudSimulatedPages *self);
/* The address, or the offset in the file, of the byte at @start: an IOVA is chosen by it. */
guint64 iommud_simulated_pages_get_origin (const IommudSimulatedPages *self, guint64 start);

/* Pins memory, and a page that is pinned already for nothing. EFAULT: it is not there; EINVAL: the
 * file is none that has memory, or ends before; ENOMEM: the account is at its limit. */
int iommud_simulated_pages_pin (IommudSimulatedPages *self, guint64 start, guint64 length);
void iommud_simulated_pages_unpin (IommudSimulatedPages *self, guint64 start, guint64 length);
/* 0 or EFAULT. */
int iommud_simulated_pages_read (const IommudSimulatedPages *self, guint64 start, void *to,
                                 gsize length);
int iommud_simulated_pages_write (const IommudSimulatedPages *self, guint64 start, const void *from,
                                  gsize length);

G_END_DECLS
