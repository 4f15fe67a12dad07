/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tells when a process, which need not be a child, has ended.
 *
 * A pidfd becomes readable then. Where none can be had (no descriptor is left, or the system call
 * is refused), a timer looks at the process. */
#include "config.h"

#include "base/process-watch.h"

#include "base/process.h"

#include <errno.h>
#include <glib-unix.h>
#include <signal.h>
#include <unistd.h>

#define LOOK_AGAIN_MS 1000

struct _IommudProcessWatch
{
  gint pid;
  guint64 start_time;
  int pidfd; /* -1: the timer looks */
  GSource *source;
  void (*ended) (gpointer user_data);
  gpointer user_data;
};

static gboolean
has_ended (const IommudProcessWatch *self)
{
  const IommudProcess expected = { .start_time = self->start_time };
  IommudProcess process;
  int errnum;

  if (self->pidfd >= 0 && iommud_process_file_has_ended (self->pidfd))
    return TRUE;
  errnum = iommud_process_read_pid (self->pid, &process);
  if (errnum == 0)
    return !iommud_process_is_same (&process, &expected) || iommud_process_has_ended (&process);
  if (errnum == ENOENT || errnum == ESRCH)
    return TRUE;
  /* Without a descriptor for /proc, that there is some process of the pid is all that is seen. */
  return kill (self->pid, 0) < 0 && errno == ESRCH;
}

static void
end (IommudProcessWatch *self)
{
  g_source_destroy (self->source);
  self->ended (self->user_data);
}

static gboolean
on_readable (int fd, GIOCondition condition, gpointer user_data)
{
  end (user_data);
  return G_SOURCE_REMOVE;
}

static gboolean
look_again (gpointer user_data)
{
  if (!has_ended (user_data))
    return G_SOURCE_CONTINUE;
  end (user_data);
  return G_SOURCE_REMOVE;
}

static void
start (IommudProcessWatch *self, GMainContext *context)
{
  if (self->pidfd >= 0)
    {
      self->source = g_unix_fd_source_new (self->pidfd, G_IO_IN);
      g_source_set_callback (self->source, G_SOURCE_FUNC (on_readable), self, NULL);
    }
  else
    {
      self->source = g_timeout_source_new (LOOK_AGAIN_MS);
      g_source_set_callback (self->source, look_again, self, NULL);
    }
  g_source_attach (self->source, context);
}

IommudProcessWatch *
iommud_process_watch_new (gint pid, guint64 start_time, GMainContext *context,
                          void (*ended) (gpointer user_data), gpointer user_data)
{
  IommudProcessWatch *self;

  g_return_val_if_fail (pid > 0, NULL);

  self = g_new0 (IommudProcessWatch, 1);
  self->pid = pid;
  self->start_time = start_time;
  self->ended = ended;
  self->user_data = user_data;
  self->pidfd = iommud_process_open (pid);
  /* If the start time is right now, the pid was not yet used again when the pidfd was opened. */
  if (has_ended (self))
    {
      iommud_process_watch_free (self);
      return NULL;
    }
  start (self, context);
  return self;
}

void
iommud_process_watch_free (IommudProcessWatch *self)
{
  if (self->source != NULL)
    g_source_destroy (self->source);
  g_clear_pointer (&self->source, g_source_unref);
  if (self->pidfd >= 0)
    close (self->pidfd);
  g_free (self);
}
