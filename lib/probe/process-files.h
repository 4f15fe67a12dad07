/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The open files of all other processes: one pass over /proc, bounded in time. */
#pragma once

#include "probe/holder.h"

G_BEGIN_DECLS

/* Of a device. More say nothing new, and who holds a device may have any number of processes. */
#define IOMMUD_MAX_HOLDERS 256

/* A million files takes about two seconds. */
#define IOMMUD_MAX_HOLDER_SECONDS 10

/* Processes of a user who has more files open are looked at after all others. */
#define IOMMUD_MAX_FILES_OF_USER 65536

typedef struct _IommudProcessFiles IommudProcessFiles;

/* An open file of the process that the search is at. */
typedef struct
{
  int folder;         /* /proc/PID, or one like it */
  const char *number; /* of the descriptor: its link is fd/NUMBER there */
  const char *target; /* what the link says */
} IommudProcessFile;

/* Says with iommud_process_files_mark() which of the devices the file is of. It makes no call that
 * could wait for the server of a file system. */
typedef void (*IommudProcessFileFunc) (IommudProcessFiles *self, const IommudProcessFile *file,
                                       gpointer user_data);

typedef struct
{
  guint n_devices;
  guint max_holders; /* of a device */
  guint max_seconds;
  guint max_files; /* of a user, before others have had their turn */
  IommudProcessFileFunc look;
  gpointer user_data;
  const char *proc; /* NULL: /proc; a test has another one */
} IommudProcessFilesQuestion;

/* An array of IommudFoundHolder: each process once for each device of which it has a file. This
 * process is none of them, and those that may not be looked into are passed over. @complete:
 * whether a device that is not in the array has no holder: that is not known if there was no time,
 * or no descriptor was left. */
IOMMUD_INTERNAL GPtrArray *iommud_process_files_search (const IommudProcessFilesQuestion *question,
                                                        gboolean *complete);
IOMMUD_INTERNAL void iommud_process_files_mark (IommudProcessFiles *self, guint device);
/* Something could not be read. That a process or a file of it is gone, or may not be looked into,
 * is no reason to say that not all were looked at. */
void iommud_process_files_miss (IommudProcessFiles *self, int errnum);

/* What a process calls itself, and its systemd unit, as IommudFoundHolder has them; "" if it has
 * ended. Both are owned. */
void iommud_process_files_describe_process (gint pid, char **command, char **unit);

G_END_DECLS
