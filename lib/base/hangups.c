/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pipes whose other end may be closed: the main loop polls one descriptor for all of them, so that
 * a thousand pipes cost it no more than one. */
#include "config.h"

#include "base/hangups.h"

#include <errno.h>
#include <glib-unix.h>
#include <sys/epoll.h>
#include <unistd.h>

#define MAX_AT_ONCE 16

struct _IommudHangups
{
  GMainContext *main_context;
  void (*closed) (gpointer item, gpointer user_data);
  gpointer user_data;
  GHashTable *items; /* descriptor -> item */
  int epoll;         /* -1 while nothing is watched */
  GSource *source;
};

IommudHangups *
iommud_hangups_new (GMainContext *main_context, void (*closed) (gpointer item, gpointer user_data),
                    gpointer user_data)
{
  IommudHangups *self = g_new0 (IommudHangups, 1);

  self->main_context = g_main_context_ref (main_context);
  self->closed = closed;
  self->user_data = user_data;
  self->items = g_hash_table_new (NULL, NULL);
  self->epoll = -1;
  return self;
}

static void
stop (IommudHangups *self)
{
  if (self->epoll < 0)
    return;
  g_source_destroy (self->source);
  g_clear_pointer (&self->source, g_source_unref);
  close (self->epoll);
  self->epoll = -1;
}

void
iommud_hangups_free (IommudHangups *self)
{
  stop (self);
  g_hash_table_unref (self->items);
  g_main_context_unref (self->main_context);
  g_free (self);
}

/* A handler may remove any pipe, also one that is reported behind it. */
static gboolean
on_events (int fd, GIOCondition condition, gpointer user_data)
{
  IommudHangups *self = user_data;
  struct epoll_event events[MAX_AT_ONCE];
  int n = epoll_wait (fd, events, MAX_AT_ONCE, 0);

  for (int i = 0; i < n && self->epoll == fd; i++)
    {
      gpointer item = g_hash_table_lookup (self->items, GINT_TO_POINTER (events[i].data.fd));

      if (item == NULL)
        continue;
      iommud_hangups_remove (self, events[i].data.fd);
      self->closed (item, self->user_data);
    }
  return G_SOURCE_CONTINUE;
}

static int
start (IommudHangups *self)
{
  if (self->epoll >= 0)
    return 0;
  self->epoll = epoll_create1 (EPOLL_CLOEXEC);
  if (self->epoll < 0)
    return errno;
  self->source = g_unix_fd_source_new (self->epoll, G_IO_IN);
  g_source_set_callback (self->source, G_SOURCE_FUNC (on_events), self, NULL);
  g_source_attach (self->source, self->main_context);
  return 0;
}

/* What a pipe carries is of no interest: only EPOLLERR and EPOLLHUP, which are always reported. */
int
iommud_hangups_add (IommudHangups *self, int fd, gpointer item)
{
  struct epoll_event event = { .data.fd = fd };
  int errnum = start (self);

  if (errnum != 0)
    return errnum;
  if (epoll_ctl (self->epoll, EPOLL_CTL_ADD, fd, &event) != 0)
    {
      errnum = errno;
      if (g_hash_table_size (self->items) == 0)
        stop (self);
      return errnum;
    }
  g_hash_table_insert (self->items, GINT_TO_POINTER (fd), item);
  return 0;
}

void
iommud_hangups_remove (IommudHangups *self, int fd)
{
  if (!g_hash_table_remove (self->items, GINT_TO_POINTER (fd)))
    return;
  epoll_ctl (self->epoll, EPOLL_CTL_DEL, fd, NULL);
  if (g_hash_table_size (self->items) == 0)
    stop (self);
}
