/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A part of a client's file, mapped into this process for as long as some IOAS refers to it.
 *
 * Nothing here or elsewhere touches that memory: only the kernel follows its addresses. So a client
 * that makes its file shorter meanwhile does no harm. */
#pragma once

#include "kernel/syscalls.h"

G_BEGIN_DECLS

typedef struct _IommudMappedFile IommudMappedFile;

/* 0 or a positive errno. */
int iommud_mapped_file_new (const IommudSyscalls *syscalls, int fd, guint64 offset, guint64 length,
                            gboolean writable, IommudMappedFile **file);
/* From any thread. The last reference unmaps, which can take long: for workers. */
IommudMappedFile *iommud_mapped_file_ref (IommudMappedFile *self);
void iommud_mapped_file_unref (IommudMappedFile *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (IommudMappedFile, iommud_mapped_file_unref)

/* Where its first byte is. */
guint64 iommud_mapped_file_get_address (const IommudMappedFile *self);

G_END_DECLS
