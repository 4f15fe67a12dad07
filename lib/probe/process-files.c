/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The open files of all other processes: one pass over /proc, bounded in time.
 *
 * All of a process is read below its folder, which is opened once: what is read is of that process,
 * even if its pid is used again meanwhile. */
#include "config.h"

#include "probe/process-files.h"

#include "base/process.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct _IommudProcessFiles
{
  const IommudProcessFilesQuestion *question;
  gint64 end; /* of the time to search */
  GPtrArray *found;
  guint *n_holders;   /* of each device */
  guint8 *marks;      /* the devices that the process at hand holds */
  gboolean is_marked; /* at least one of them */
  gboolean complete;
  GHashTable *n_files;    /* user -> how many were looked at; of those who have some */
  guint *n_files_of_user; /* the one that the process at hand belongs to */
  GArray *late;           /* pids: those that are looked at in the second round */
  gboolean is_second_round;
};

void
iommud_process_files_mark (IommudProcessFiles *self, guint device)
{
  g_return_if_fail (device < self->question->n_devices);
  self->marks[device] = TRUE;
  self->is_marked = TRUE;
}

void
iommud_process_files_miss (IommudProcessFiles *self, int errnum)
{
  if (errnum != ENOENT && errnum != ESRCH && errnum != EACCES && errnum != EPERM)
    self->complete = FALSE;
}

static gboolean
has_time (IommudProcessFiles *self)
{
  if (g_get_monotonic_time () < self->end)
    return TRUE;
  self->complete = FALSE;
  return FALSE;
}

static DIR *
open_folder (IommudProcessFiles *self, int parent, const char *name)
{
  int fd = openat (parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR *folder = fd >= 0 ? fdopendir (fd) : NULL;

  if (folder != NULL)
    return folder;
  iommud_process_files_miss (self, errno);
  if (fd >= 0)
    close (fd);
  return NULL;
}

/* The next entry whose name is a number; NULL at the end, and once there is no time left. */
static const char *
next_number (IommudProcessFiles *self, DIR *folder)
{
  const struct dirent *entry;

  while (has_time (self) && (entry = readdir (folder)) != NULL)
    if (g_ascii_isdigit (entry->d_name[0]))
      return entry->d_name;
  return NULL;
}

static void
look_at_file (IommudProcessFiles *self, int process, const char *number)
{
  char target[PATH_MAX];
  char name[NAME_MAX];
  const IommudProcessFile file = { .folder = process, .number = number, .target = target };
  ssize_t length;

  g_snprintf (name, sizeof name, "fd/%s", number);
  length = readlinkat (process, name, target, sizeof target - 1);
  if (length < 0)
    return;
  target[length] = '\0';
  self->question->look (self, &file, self->question->user_data);
}

/* Who has very many files open delays the search in his own processes alone. */
static gboolean
may_go_on (IommudProcessFiles *self)
{
  return self->is_second_round || *self->n_files_of_user < self->question->max_files;
}

static guint *
find_count (IommudProcessFiles *self, int process)
{
  struct stat status;
  gpointer user = fstat (process, &status) == 0 ? GUINT_TO_POINTER (status.st_uid) : NULL;
  guint *count = g_hash_table_lookup (self->n_files, user);

  if (count != NULL)
    return count;
  count = g_new0 (guint, 1);
  g_hash_table_insert (self->n_files, user, count);
  return count;
}

/* @process is a folder with files of a process or of a thread. */
static void
look_at_files (IommudProcessFiles *self, int process)
{
  DIR *files = open_folder (self, process, "fd");
  const char *number;

  if (files == NULL)
    return;
  while (may_go_on (self) && (number = next_number (self, files)) != NULL)
    {
      ++*self->n_files_of_user;
      look_at_file (self, process, number);
    }
  closedir (files);
}

/* If its first thread has ended, the files of a process are found only below the others, each of
 * which has them all. */
static void
look_at_threads (IommudProcessFiles *self, int process)
{
  DIR *threads = open_folder (self, process, "task");
  const char *number;

  if (threads == NULL)
    return;
  while (!self->is_marked && (number = next_number (self, threads)) != NULL)
    {
      int thread = openat (dirfd (threads), number, O_PATH | O_DIRECTORY | O_CLOEXEC);

      if (thread < 0)
        {
          iommud_process_files_miss (self, errno);
          continue;
        }
      look_at_files (self, thread);
      close (thread);
    }
  closedir (threads);
}

/* What a process may have chosen itself: a string without anything that a terminal would obey. */
static char *
make_printable (const char *text)
{
  GString *printable = g_string_new (NULL);

  for (const char *p = text; *p != '\0'; p = g_utf8_next_char (p))
    if (g_unichar_isprint (g_utf8_get_char (p)))
      g_string_append_unichar (printable, g_utf8_get_char (p));
    else
      g_string_append_c (printable, '?');
  return g_string_free (printable, FALSE);
}

static char *
read_text (int process, const char *name)
{
  char content[16384];

  if (iommud_process_read_file (process, name, content, sizeof content) < 0)
    return g_strdup ("");
  return g_utf8_make_valid (content, -1);
}

static char *
read_command (int process)
{
  g_autofree char *command = read_text (process, "comm");

  if (g_str_has_suffix (command, "\n"))
    command[strlen (command) - 1] = '\0';
  return make_printable (command);
}

static char *
read_unit (int process)
{
  g_autofree char *cgroups = read_text (process, "cgroup");
  g_autofree char *unit = iommud_found_holder_find_unit (cgroups);

  return make_printable (unit);
}

static void
add_holder (IommudProcessFiles *self, guint device, gint pid, int process, guint64 start_time)
{
  if (self->n_holders[device] >= self->question->max_holders)
    return;
  self->n_holders[device]++;
  g_ptr_array_add (self->found,
                   iommud_found_holder_new (device, pid, start_time, read_command (process),
                                            read_unit (process)));
}

/* Adds the process that was looked at for each device that it holds, if it still runs. */
static void
add_marked (IommudProcessFiles *self, gint pid, int folder, const IommudProcess *before)
{
  IommudProcess after;

  if (iommud_process_read (folder, &after) != 0 || !iommud_process_is_same (before, &after))
    return;
  for (guint i = 0; i < self->question->n_devices; i++)
    if (self->marks[i])
      add_holder (self, i, pid, folder, before->start_time);
}

static void
look_at_process (IommudProcessFiles *self, gint pid, int folder)
{
  IommudProcess process;
  int errnum = iommud_process_read (folder, &process);

  if (errnum != 0)
    {
      iommud_process_files_miss (self, errnum);
      return;
    }
  self->n_files_of_user = find_count (self, folder);
  look_at_files (self, folder);
  if (process.state == 'Z' && process.n_threads > 1)
    look_at_threads (self, folder);
  if (!may_go_on (self))
    g_array_append_val (self->late, pid);
  else if (self->is_marked)
    add_marked (self, pid, folder, &process);
  if (self->is_marked)
    memset (self->marks, 0, self->question->n_devices);
  self->is_marked = FALSE;
}

/* Each device has as many holders as are wanted. */
static gboolean
has_enough (IommudProcessFiles *self)
{
  if (self->question->n_devices == 0)
    return TRUE;
  for (guint i = 0; i < self->question->n_devices; i++)
    if (self->n_holders[i] < self->question->max_holders)
      return FALSE;
  return TRUE;
}

static void
look_at_pid (IommudProcessFiles *self, DIR *processes, gint pid)
{
  char number[16];
  int folder;

  if (pid == getpid ())
    return;
  g_snprintf (number, sizeof number, "%d", pid);
  folder = openat (dirfd (processes), number, O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0)
    {
      iommud_process_files_miss (self, errno);
      return;
    }
  look_at_process (self, pid, folder);
  close (folder);
}

static void
look_at_processes (IommudProcessFiles *self, DIR *processes)
{
  const char *number;

  while (!has_enough (self) && (number = next_number (self, processes)) != NULL)
    look_at_pid (self, processes, (gint) g_ascii_strtoll (number, NULL, 10));
  self->is_second_round = TRUE;
  for (guint i = 0; i < self->late->len && !has_enough (self) && has_time (self); i++)
    look_at_pid (self, processes, g_array_index (self->late, gint, i));
}

GPtrArray *
iommud_process_files_search (const IommudProcessFilesQuestion *question, gboolean *complete)
{
  IommudProcessFiles self = { .question = question, .complete = TRUE };
  DIR *processes;

  self.end = g_get_monotonic_time () + question->max_seconds * G_USEC_PER_SEC;
  self.found = g_ptr_array_new_with_free_func ((GDestroyNotify) iommud_found_holder_free);
  self.n_holders = g_new0 (guint, question->n_devices);
  self.marks = g_new0 (guint8, question->n_devices);
  self.n_files = g_hash_table_new_full (NULL, NULL, NULL, g_free);
  self.late = g_array_new (FALSE, FALSE, sizeof (gint));
  processes = opendir (question->proc != NULL ? question->proc : "/proc");
  if (processes == NULL)
    self.complete = FALSE;
  else
    {
      look_at_processes (&self, processes);
      closedir (processes);
    }
  g_hash_table_unref (self.n_files);
  g_array_unref (self.late);
  g_free (self.n_holders);
  g_free (self.marks);
  *complete = self.complete;
  return self.found;
}

void
iommud_process_files_describe_process (gint pid, char **command, char **unit)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d", pid);
  int folder = open (path, O_PATH | O_DIRECTORY | O_CLOEXEC);

  *command = folder >= 0 ? read_command (folder) : g_strdup ("");
  *unit = folder >= 0 ? read_unit (folder) : g_strdup ("");
  if (folder >= 0)
    close (folder);
}
