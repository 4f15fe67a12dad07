/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The open files of a simulated kernel: real file descriptors. Every copy of a descriptor stands
 * for the same file, which is released when the last copy in any process is closed. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum
{
  IOMMUD_SIMULATED_FILE_IOMMUFD,
  IOMMUD_SIMULATED_FILE_CDEV,
  IOMMUD_SIMULATED_FILE_FAULT_QUEUE,
} IommudSimulatedFileType;

typedef struct
{
  IommudSimulatedFileType type;
  gpointer subject; /* a context, a function or a queue */
  guint references; /* one while it is open, one for each call on it */
  guint64 identity; /* of the caller's end of the socket pair */
  guint64 inode;    /* of the same end, as links below /proc name it */
  int far_end;      /* -1 once it is closed */
  gboolean closing; /* a copy of it was closed here, and nobody has waited for the others yet */
} IommudSimulatedFile;

typedef struct _IommudSimulatedFiles IommudSimulatedFiles;

/* Called with the lock held when a file is closed and no call on it is running. */
typedef void (*IommudSimulatedRelease) (IommudSimulatedFile *file, gpointer data);

/* @lock guards everything here and everything that @release touches. */
IommudSimulatedFiles *iommud_simulated_files_new (GMutex *lock, IommudSimulatedRelease release,
                                                  gpointer data);
/* Releases all files. The lock must not be held. */
void iommud_simulated_files_free (IommudSimulatedFiles *self);
/* Any process that looks into /proc holds a file for a moment, so that its last close comes a
 * little after the call that looked like it. Waits once, and not for long, for each file that was
 * closed here and is open still: a copy of it may be elsewhere for good. The lock must not be held.
 */
void iommud_simulated_files_settle (IommudSimulatedFiles *self);

/* The functions below are called with the lock held. */

/* Puts a new descriptor for the caller into @fd; 0 or an errno. */
int iommud_simulated_files_open (IommudSimulatedFiles *self, IommudSimulatedFileType type,
                                 gpointer subject, gboolean close_on_exec, int *fd);
/* The caller gives the reference back. EBADF: no such descriptor; ENOTTY: it is not ours. */
int iommud_simulated_files_get (IommudSimulatedFiles *self, int fd, IommudSimulatedFile **file);
void iommud_simulated_files_put (IommudSimulatedFiles *self, IommudSimulatedFile *file);
/* After a copy of its descriptor was closed: closes the file if no other is left anywhere. */
void iommud_simulated_files_check (IommudSimulatedFiles *self, IommudSimulatedFile *file);
/* Closes a descriptor that the caller does not know of. */
void iommud_simulated_files_abandon (IommudSimulatedFiles *self, int fd);
/* Calls @function for each open file. */
void iommud_simulated_files_foreach (IommudSimulatedFiles *self,
                                     void (*function) (const IommudSimulatedFile *file,
                                                       gpointer user_data),
                                     gpointer user_data);
guint iommud_simulated_files_count (const IommudSimulatedFiles *self);

G_END_DECLS
