/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Each file is a socket pair. The caller has one end. Ours hangs up exactly at the last close of
 * the caller's, even if dup, exec and sendmsg copied it in between. One thread watches for that. */
#include "config.h"

#include "sim/process/files.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* No socket has this identity: it tells the thread to end. */
#define IDENTITY_QUIT 0
#define EVENTS_AT_ONCE 64
#define LONGEST_SETTLING_MS 100

struct _IommudSimulatedFiles
{
  GMutex *lock;
  IommudSimulatedRelease release;
  gpointer data;
  GHashTable *by_identity; /* of IommudSimulatedFile */
  int epoll;               /* -1 until the first file is opened */
  int quit;
  GThread *watcher;
};

IommudSimulatedFiles *
iommud_simulated_files_new (GMutex *lock, IommudSimulatedRelease release, gpointer data)
{
  IommudSimulatedFiles *self = g_new0 (IommudSimulatedFiles, 1);

  self->lock = lock;
  self->release = release;
  self->data = data;
  self->by_identity = g_hash_table_new (g_int64_hash, g_int64_equal);
  self->epoll = -1;
  self->quit = -1;
  return self;
}

void
iommud_simulated_files_put (IommudSimulatedFiles *self, IommudSimulatedFile *file)
{
  if (--file->references != 0)
    return;
  self->release (file, self->data);
  g_free (file);
}

static void
forget (IommudSimulatedFiles *self, IommudSimulatedFile *file)
{
  /* A forked child may share the far end: closing it would not remove it from epoll. */
  epoll_ctl (self->epoll, EPOLL_CTL_DEL, file->far_end, NULL);
  close (file->far_end);
  file->far_end = -1;
  g_hash_table_remove (self->by_identity, &file->identity);
  iommud_simulated_files_put (self, file);
}

/* Handles hang-ups; FALSE if the thread shall end. */
static gboolean
watch_once (IommudSimulatedFiles *self)
{
  struct epoll_event events[EVENTS_AT_ONCE];
  int n = epoll_wait (self->epoll, events, EVENTS_AT_ONCE, -1);
  g_autoptr (GMutexLocker) locker = NULL;

  if (n < 0)
    return errno == EINTR;
  locker = g_mutex_locker_new (self->lock);
  for (int i = 0; i < n; i++)
    {
      guint64 identity = events[i].data.u64;
      IommudSimulatedFile *file = g_hash_table_lookup (self->by_identity, &identity);

      if (identity == IDENTITY_QUIT)
        return FALSE;
      if (file != NULL)
        forget (self, file);
    }
  return TRUE;
}

static gpointer
watch (gpointer data)
{
  sigset_t all;

  /* Signals go to the program's own threads. */
  sigfillset (&all);
  pthread_sigmask (SIG_SETMASK, &all, NULL);
  while (watch_once (data))
    continue;
  return NULL;
}

static void
close_and_clear (int *fd)
{
  if (*fd >= 0)
    close (*fd);
  *fd = -1;
}

static int
start_watching (IommudSimulatedFiles *self)
{
  struct epoll_event event = { .events = EPOLLIN, .data.u64 = IDENTITY_QUIT };
  int errnum;

  if (self->watcher != NULL)
    return 0;
  self->epoll = epoll_create1 (EPOLL_CLOEXEC);
  self->quit = eventfd (0, EFD_CLOEXEC);
  if (self->epoll >= 0 && self->quit >= 0
      && epoll_ctl (self->epoll, EPOLL_CTL_ADD, self->quit, &event) == 0)
    {
      self->watcher = g_thread_new ("iommud-files", watch, self);
      return 0;
    }
  errnum = errno;
  close_and_clear (&self->epoll);
  close_and_clear (&self->quit);
  return errnum;
}

static void
stop_watching (IommudSimulatedFiles *self)
{
  if (self->watcher == NULL)
    return;
  while (eventfd_write (self->quit, 1) < 0 && errno == EINTR)
    continue;
  g_thread_join (self->watcher);
  close (self->epoll);
  close (self->quit);
}

void
iommud_simulated_files_free (IommudSimulatedFiles *self)
{
  GHashTableIter iter;
  gpointer file;

  stop_watching (self);
  g_mutex_lock (self->lock);
  g_hash_table_iter_init (&iter, self->by_identity);
  while (g_hash_table_iter_next (&iter, NULL, &file))
    {
      g_hash_table_iter_steal (&iter);
      close (((IommudSimulatedFile *) file)->far_end);
      iommud_simulated_files_put (self, file);
    }
  g_mutex_unlock (self->lock);
  g_hash_table_unref (self->by_identity);
  g_free (self);
}

/* All copies of a socket have the same cookie, which no other socket ever gets. Kernels without
 * cookies have inode numbers, which are used again after the last close. */
static int
identify (int fd, guint64 *identity)
{
  socklen_t size = sizeof *identity;
  struct stat status;

  if (getsockopt (fd, SOL_SOCKET, SO_COOKIE, identity, &size) == 0)
    return 0;
  if (errno != ENOPROTOOPT)
    return errno == EBADF ? EBADF : ENOTTY;
  if (fstat (fd, &status) < 0)
    return errno;
  *identity = status.st_ino;
  return 0;
}

static int
watch_far_end (IommudSimulatedFiles *self, int far_end, guint64 identity)
{
  /* epoll always reports a hang-up. Data that a program may write is not reported. */
  struct epoll_event event = { .events = 0, .data.u64 = identity };

  /* Like the real files: readable at once, with nothing to read. */
  if (shutdown (far_end, SHUT_WR) < 0
      || epoll_ctl (self->epoll, EPOLL_CTL_ADD, far_end, &event) < 0)
    return errno;
  return 0;
}

/* Fills @file but for its type and subject. */
static int
prepare (IommudSimulatedFiles *self, int ends[2], gboolean close_on_exec, IommudSimulatedFile *file)
{
  struct stat status;
  int errnum = identify (ends[0], &file->identity);

  if (errnum == 0
      && ((!close_on_exec && fcntl (ends[0], F_SETFD, 0) < 0) || fstat (ends[0], &status) < 0))
    errnum = errno;
  if (errnum != 0)
    return errnum;
  file->inode = status.st_ino;
  file->far_end = ends[1];
  return watch_far_end (self, ends[1], file->identity);
}

static void
add_file (IommudSimulatedFiles *self, const IommudSimulatedFile *prepared)
{
  IommudSimulatedFile *file = g_hash_table_lookup (self->by_identity, &prepared->identity);

  /* If an inode number is used again, we have not yet seen the last close of its earlier file. */
  if (file != NULL)
    forget (self, file);
  file = g_new (IommudSimulatedFile, 1);
  *file = *prepared;
  g_hash_table_insert (self->by_identity, &file->identity, file);
}

int
iommud_simulated_files_open (IommudSimulatedFiles *self, IommudSimulatedFileType type,
                             gpointer subject, gboolean close_on_exec, int *fd)
{
  IommudSimulatedFile file = { .type = type, .subject = subject, .references = 1 };
  int ends[2];
  int errnum = start_watching (self);

  if (errnum != 0)
    return errnum;
  if (socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
    return errno;
  errnum = prepare (self, ends, close_on_exec, &file);
  if (errnum != 0)
    {
      close (ends[0]);
      close (ends[1]);
      return errnum;
    }
  add_file (self, &file);
  *fd = ends[0];
  return 0;
}

int
iommud_simulated_files_get (IommudSimulatedFiles *self, int fd, IommudSimulatedFile **file)
{
  guint64 identity;
  int errnum = identify (fd, &identity);

  if (errnum != 0)
    return errnum;
  *file = g_hash_table_lookup (self->by_identity, &identity);
  if (*file == NULL)
    return ENOTTY;
  (*file)->references++;
  return 0;
}

void
iommud_simulated_files_check (IommudSimulatedFiles *self, IommudSimulatedFile *file)
{
  struct pollfd far_end = { .fd = file->far_end };

  if (file->far_end >= 0 && poll (&far_end, 1, 0) == 1 && (far_end.revents & POLLHUP) != 0)
    forget (self, file);
  else
    file->closing = TRUE;
}

static gboolean
has_closing_files (IommudSimulatedFiles *self, gboolean is_last_look)
{
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (self->lock);
  gboolean found = FALSE;
  GHashTableIter iter;
  gpointer file;

  g_hash_table_iter_init (&iter, self->by_identity);
  while (g_hash_table_iter_next (&iter, NULL, &file))
    {
      found = found || ((IommudSimulatedFile *) file)->closing;
      if (is_last_look)
        ((IommudSimulatedFile *) file)->closing = FALSE;
    }
  return found;
}

void
iommud_simulated_files_settle (IommudSimulatedFiles *self)
{
  for (guint ms = 0; ms <= LONGEST_SETTLING_MS; ms++)
    {
      if (!has_closing_files (self, ms == LONGEST_SETTLING_MS))
        return;
      g_usleep (1000);
    }
}

void
iommud_simulated_files_abandon (IommudSimulatedFiles *self, int fd)
{
  IommudSimulatedFile *file;

  if (iommud_simulated_files_get (self, fd, &file) != 0)
    return;
  close (fd);
  iommud_simulated_files_check (self, file);
  iommud_simulated_files_put (self, file);
}

void
iommud_simulated_files_foreach (IommudSimulatedFiles *self,
                                void (*function) (const IommudSimulatedFile *file,
                                                  gpointer user_data),
                                gpointer user_data)
{
  GHashTableIter iter;
  gpointer file;

  g_hash_table_iter_init (&iter, self->by_identity);
  while (g_hash_table_iter_next (&iter, NULL, &file))
    function (file, user_data);
}

guint
iommud_simulated_files_count (const IommudSimulatedFiles *self)
{
  return g_hash_table_size (self->by_identity);
}
