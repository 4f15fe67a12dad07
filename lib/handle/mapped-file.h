/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Parts of clients' files, mapped into this process for as long as some IOAS refers to them.
 *
 * No code touches that memory: only the kernel follows its addresses. So a client that makes its
 * file shorter does no harm. */
#pragma once

#include "handle/binding.h"

G_BEGIN_DECLS

/* How much of this process's address space all files together take. Thread-safe. */
typedef struct _IommudMappedFiles IommudMappedFiles;

IommudMappedFiles *iommud_mapped_files_new (void);
IommudMappedFiles *iommud_mapped_files_ref (IommudMappedFiles *self);
void iommud_mapped_files_unref (IommudMappedFiles *self);

typedef struct _IommudMappedFile IommudMappedFile;

/* @owner: the serial of the container that it is mapped for. Also fails if @files takes up too much
 * address space already. */
gboolean iommud_mapped_file_new (IommudMappedFiles *files, const IommudKernelAccess *access,
                                 guint64 owner, int fd, guint64 offset, guint64 length,
                                 gboolean writable, IommudMappedFile **file, GError **error);
/* Safe to call from any thread. The last reference unmaps, which can take long: for workers. */
IommudMappedFile *iommud_mapped_file_ref (IommudMappedFile *self);
void iommud_mapped_file_unref (IommudMappedFile *self);

/* The address of its first byte. */
guint64 iommud_mapped_file_get_address (const IommudMappedFile *self);

G_END_DECLS
