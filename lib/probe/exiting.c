/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The processes that are ending at this moment. */
#include "config.h"

#include "probe/exiting.h"

#include "probe/process-files.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

static int
open_number (DIR *folder, const char *number)
{
  if (!g_ascii_isdigit (*number))
    return -1;
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
      int folder = open_number (threads, entry->d_name);

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
is_exiting (int folder, IommudProcess *process)
{
  return iommud_process_read (folder, process) == 0 && process->is_exiting
         && !iommud_process_has_ended (process)
         && (!iommud_process_is_dead (process) || has_exiting_thread (folder));
}

static void
add (GArray *found, gint pid, const IommudProcess *process)
{
  IommudExitingProcess exiting = { .id = { pid, process->start_time }, .parent = process->parent };
  g_autofree char *command = NULL;

  iommud_process_files_describe_process (pid, &command, &exiting.unit);
  g_array_append_val (found, exiting);
}

static void
exiting_clear (gpointer data)
{
  g_free (((IommudExitingProcess *) data)->unit);
}

GArray *
iommud_exiting_list (const char *proc)
{
  GArray *found = g_array_new (FALSE, FALSE, sizeof (IommudExitingProcess));
  DIR *processes = opendir (proc != NULL ? proc : "/proc");
  const struct dirent *entry;

  g_array_set_clear_func (found, exiting_clear);
  while (processes != NULL && (entry = readdir (processes)) != NULL)
    {
      int folder = open_number (processes, entry->d_name);
      IommudProcess process;

      if (folder >= 0 && is_exiting (folder, &process))
        add (found, atoi (entry->d_name), &process);
      if (folder >= 0)
        close (folder);
    }
  if (processes != NULL)
    closedir (processes);
  return found;
}
