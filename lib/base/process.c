/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What /proc says of a process. Safe to call from any thread. */
#include "config.h"

#include "base/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif

/* Fields of /proc/PID/stat behind the name, of which the state is the third in the manual page. */
#define FIELD_STATE 0
#define FIELD_PARENT 1
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
  guint64 parent, flags, n_threads;

  if (name_end == NULL || name_end[1] != ' ')
    return FALSE;
  fields = g_strsplit (name_end + 2, " ", N_FIELDS + 1);
  if (g_strv_length (fields) < N_FIELDS
      || !g_ascii_string_to_unsigned (fields[FIELD_PARENT], 10, 0, G_MAXINT32, &parent, NULL)
      || !g_ascii_string_to_unsigned (fields[FIELD_FLAGS], 10, 0, G_MAXUINT32, &flags, NULL)
      || !g_ascii_string_to_unsigned (fields[FIELD_THREADS], 10, 0, G_MAXUINT32, &n_threads, NULL)
      || !g_ascii_string_to_unsigned (g_strchomp (fields[FIELD_START_TIME]), 10, 0, G_MAXUINT64,
                                      &process->start_time, NULL))
    return FALSE;
  process->state = fields[FIELD_STATE][0];
  process->parent = (gint) parent;
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

gboolean
iommud_process_is_dead (const IommudProcess *thread)
{
  return thread->state == 'Z' || thread->state == 'X';
}

gboolean
iommud_process_has_ended (const IommudProcess *process)
{
  return iommud_process_is_dead (process) && process->n_threads <= 1;
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
