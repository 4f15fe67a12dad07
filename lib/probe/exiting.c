/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The processes that are ending at this moment. */
#include "config.h"

#include "probe/exiting.h"

#include "probe/process-files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static int
open_number (DIR *folder, const char *number)
{
  return openat (dirfd (folder), number, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

/* The first thread may have ended before the others, of which the last one closes the files. */
static gboolean
has_exiting_thread (int process)
{
  int fd = openat (process, "task", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR *threads = fd >= 0 ? fdopendir (fd) : NULL;
  const struct dirent *entry;
  gboolean found = FALSE;
  IommudProcess thread;

  while (!found && threads != NULL && (entry = readdir (threads)) != NULL)
    {
      int folder = g_ascii_isdigit (*entry->d_name) ? open_number (threads, entry->d_name) : -1;

      found = folder >= 0 && iommud_process_read (folder, &thread) == 0 && thread.is_exiting
              && !iommud_process_is_dead (&thread);
      if (folder >= 0)
        close (folder);
    }
  if (threads != NULL)
    closedir (threads);
  return found;
}

static gboolean
is_exiting (int folder, const IommudProcess *process)
{
  return process->is_exiting && !iommud_process_has_ended (process)
         && (!iommud_process_is_dead (process) || has_exiting_thread (folder));
}

static void
add (GArray *found, gint pid, uid_t user, const IommudProcess *process)
{
  IommudExitingProcess exiting = { .id = { pid, process->start_time },
                                   .parent = process->parent,
                                   .user = user };
  g_autofree char *command = NULL;

  iommud_process_files_describe_process (pid, &command, &exiting.unit);
  g_array_append_val (found, exiting);
}

/* Adds the process if it is ending. That it has ended meanwhile is no reason to doubt the answer.
 */
static void
look_at (GArray *found, DIR *processes, const char *number, gboolean *complete)
{
  int folder = open_number (processes, number);
  IommudProcess process;
  struct stat status = { 0 };
  int errnum =
      folder < 0 || fstat (folder, &status) < 0 ? errno : iommud_process_read (folder, &process);

  if (errnum == 0 && is_exiting (folder, &process))
    add (found, atoi (number), status.st_uid, &process);
  if (errnum != 0 && errnum != ENOENT && errnum != ESRCH)
    *complete = FALSE;
  if (folder >= 0)
    close (folder);
}

static void
exiting_clear (gpointer data)
{
  g_free (((IommudExitingProcess *) data)->unit);
}

GArray *
iommud_exiting_list (const char *proc, gboolean *complete)
{
  GArray *found = g_array_new (FALSE, FALSE, sizeof (IommudExitingProcess));
  DIR *processes = opendir (proc != NULL ? proc : "/proc");
  const struct dirent *entry;

  g_array_set_clear_func (found, exiting_clear);
  *complete = processes != NULL;
  while (processes != NULL && (entry = readdir (processes)) != NULL)
    if (g_ascii_isdigit (*entry->d_name))
      look_at (found, processes, entry->d_name, complete);
  if (processes != NULL)
    closedir (processes);
  return found;
}
