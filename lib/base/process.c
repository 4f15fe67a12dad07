/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What /proc says of a process. Safe to call from any thread. */
#include "config.h"

#include "base/process.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif

/* Fields of /proc/PID/stat behind the name, of which the state is the third in the manual page. */
#define FIELD_STATE 0
#define FIELD_FLAGS 6
#define FIELD_THREADS 17
#define FIELD_START_TIME 19
#define N_FIELDS 20

/* Of the flags; not in any header of user space. */
#define PF_EXITING 0x4

gssize
iommud_process_read_file (int folder, const char *name, char *content, gsize size)
{
  int fd = openat (folder, name, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  gsize n_read = 0;
  gssize n = 0;
  int errnum;

  if (fd < 0)
    return -1;
  while (n_read < size - 1 && (n = read (fd, content + n_read, size - 1 - n_read)) > 0)
    n_read += (gsize) n;
  errnum = errno;
  close (fd);
  errno = errnum;
  if (n < 0)
    return -1;
  content[n_read] = '\0';
  return (gssize) n_read;
}

/* The name, which the process may choose, stands in brackets and may have any byte in it. */
gboolean
iommud_process_parse (const char *stat, IommudProcess *process)
{
  const char *name_end = strrchr (stat, ')');
  g_auto (GStrv) fields = NULL;
  guint64 n_threads, flags;

  if (name_end == NULL || name_end[1] != ' ')
    return FALSE;
  fields = g_strsplit (name_end + 2, " ", N_FIELDS + 1);
  if (g_strv_length (fields) < N_FIELDS
      || !g_ascii_string_to_unsigned (fields[FIELD_FLAGS], 10, 0, G_MAXUINT32, &flags, NULL)
      || !g_ascii_string_to_unsigned (fields[FIELD_THREADS], 10, 0, G_MAXUINT32, &n_threads, NULL)
      || !g_ascii_string_to_unsigned (g_strchomp (fields[FIELD_START_TIME]), 10, 0, G_MAXUINT64,
                                      &process->start_time, NULL))
    return FALSE;
  process->state = fields[FIELD_STATE][0];
  process->is_exiting = (flags & PF_EXITING) != 0;
  process->n_threads = (guint) n_threads;
  return TRUE;
}

int
iommud_process_read (int folder, IommudProcess *process)
{
  char stat[2048];

  if (iommud_process_read_file (folder, "stat", stat, sizeof stat) < 0)
    return errno;
  return iommud_process_parse (stat, process) ? 0 : ESRCH;
}

int
iommud_process_read_pid (gint pid, IommudProcess *process)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d", pid);
  int folder = open (path, O_PATH | O_DIRECTORY | O_CLOEXEC);
  int errnum;

  if (folder < 0)
    return errno;
  errnum = iommud_process_read (folder, process);
  close (folder);
  return errnum;
}

IommudProcessId
iommud_process_identify (gint pid)
{
  IommudProcessId id = { .pid = pid };
  IommudProcess process;

  if (pid == 0 || iommud_process_read_pid (pid, &process) != 0)
    return (IommudProcessId){ 0 };
  id.start_time = process.start_time;
  return id;
}

gboolean
iommud_process_is_same (const IommudProcess *first, const IommudProcess *second)
{
  return first->start_time == second->start_time;
}

static gboolean
is_dead (const IommudProcess *thread)
{
  return thread->state == 'Z' || thread->state == 'X';
}

gboolean
iommud_process_has_ended (const IommudProcess *process)
{
  return is_dead (process) && process->n_threads <= 1;
}

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
              && !is_dead (&thread);
      if (folder >= 0)
        close (folder);
    }
  if (threads != NULL)
    closedir (threads);
  return found;
}

static gboolean
read_exiting (int folder, IommudExitingProcess *exiting)
{
  IommudProcess process;
  struct stat status;

  if (iommud_process_read (folder, &process) != 0 || !process.is_exiting
      || iommud_process_has_ended (&process) || fstat (folder, &status) < 0
      || (is_dead (&process) && !has_exiting_thread (folder)))
    return FALSE;
  exiting->id.start_time = process.start_time;
  exiting->user = status.st_uid;
  return TRUE;
}

GArray *
iommud_process_list_exiting (const char *proc)
{
  GArray *found = g_array_new (FALSE, FALSE, sizeof (IommudExitingProcess));
  DIR *processes = opendir (proc != NULL ? proc : "/proc");
  const struct dirent *entry;

  while (processes != NULL && (entry = readdir (processes)) != NULL)
    {
      IommudExitingProcess exiting = { .id.pid = atoi (entry->d_name) };
      int folder = open_number (processes, entry->d_name);

      if (folder >= 0 && read_exiting (folder, &exiting))
        g_array_append_val (found, exiting);
      if (folder >= 0)
        close (folder);
    }
  if (processes != NULL)
    closedir (processes);
  return found;
}

int
iommud_process_open (gint pid)
{
  return (int) syscall (SYS_pidfd_open, pid, 0);
}

gboolean
iommud_process_file_has_ended (int process)
{
  struct pollfd poller = { .fd = process, .events = POLLIN };

  return poll (&poller, 1, 0) != 0;
}
