/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Memory that areas of IOASes map: memory of the calling process, or of a file. It may disappear at
 * any time: that gives EFAULT and never a signal. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Memory that a user or a process without CAP_IPC_LOCK has pinned. */
typedef struct
{
  guint64 pages;
} IommudSimulatedAccount;

/* RLIMIT_MEMLOCK of every caller: 8 MiB, as is the default of Linux. */
#define IOMMUD_SIMULATED_LOCKED_PAGES_LIMIT 2048

/* One or more areas, in one or more IOASes, map parts of it. */
typedef struct _IommudSimulatedPages IommudSimulatedPages;

/* Memory of this process that begins with the page of @address. */
IommudSimulatedPages *iommud_simulated_pages_new (guint64 address, gboolean writable);
/* @length bytes of a file, from the page of @offset on. Any file is accepted: as in the kernel,
 * what kind of file it is matters only when it is pinned. NULL: there is no such file (EBADF). */
IommudSimulatedPages *iommud_simulated_pages_new_of_file (int file, guint64 offset, guint64 length,
                                                          gboolean writable);
IommudSimulatedPages *iommud_simulated_pages_ref (IommudSimulatedPages *self);
void iommud_simulated_pages_unref (IommudSimulatedPages *self);

/* Pinned pages are charged to @account, which outlives @self; NULL: to none. */
void iommud_simulated_pages_set_account (IommudSimulatedPages *self,
                                         IommudSimulatedAccount *account);
gboolean iommud_simulated_pages_is_writable (const IommudSimulatedPages *self);
/* The address, or the offset in the file, of the byte at @start: an IOVA is chosen by it. */
guint64 iommud_simulated_pages_get_origin (const IommudSimulatedPages *self, guint64 start);

/* Pins memory; a page that is pinned already is not charged again. EFAULT: the memory is not there;
 * EINVAL: the file is not a memory file, or is too short; ENOMEM: the account is at its limit. */
int iommud_simulated_pages_pin (IommudSimulatedPages *self, guint64 start, guint64 length);
void iommud_simulated_pages_unpin (IommudSimulatedPages *self, guint64 start, guint64 length);
/* 0 or EFAULT. */
int iommud_simulated_pages_read (const IommudSimulatedPages *self, guint64 start, void *to,
                                 gsize length);
int iommud_simulated_pages_write (const IommudSimulatedPages *self, guint64 start, const void *from,
                                  gsize length);

G_END_DECLS
