/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The open files that the service manager keeps for the next life of the service.
 *
 * The manager listens at the socket that sd_notify(3) speaks to. What is told of files is only a
 * message; that the manager has taken it is known when it has closed a pipe that was sent behind it
 * (BARRIER=1). Neither is waited for: what the socket does not take is sent later, and the pipe is
 * watched. */
#include "fd-store.h"

#include <gio/gio.h>
#include <gio/gunixfdmessage.h>
#include <gio/gunixsocketaddress.h>
#include <glib-unix.h>
#include <iommud.h>
#include <unistd.h>

typedef struct
{
  char *text;
  char *name;         /* of what is to be kept; or NULL */
  GUnixFDList *files; /* or NULL */
  gboolean is_barrier;
} Notification;

typedef struct
{
  IommudFdStoreFunc func;
  gpointer user_data;
} Waiter;

struct _IommudFdStore
{
  GSocket *socket;
  guint longest_ms;    /* a manager that has not answered by then is not waited for any longer */
  GQueue unsent;       /* of Notification */
  GHashTable *to_add;  /* name of a file that waits to be sent -> its link in unsent */
  GSource *writable;   /* while the socket takes no more; or NULL */
  gboolean told;       /* something was told for which no barrier was passed or is under way */
  int barrier;         /* the pipe's end that is watched; -1: no barrier is under way */
  GSource *passed;     /* of it */
  GSource *late;       /* of it */
  GQueue behind;       /* of Waiter: for those that the barrier under way is for */
  GQueue waiting;      /* of Waiter: for those that need another one */
  gboolean deaf;       /* the barrier under way was not passed in time: nobody is to wait */
  gboolean complained; /* that the manager does not answer */
  GHashTable *lost;    /* name of a file that was not sent, and will not be -> why */
};

static void send_some (IommudFdStore *self);

static void
notification_free (gpointer data)
{
  Notification *self = data;

  g_free (self->text);
  g_free (self->name);
  g_clear_object (&self->files);
  g_free (self);
}

static void
clear_source (GSource **source)
{
  if (*source != NULL)
    g_source_destroy (*source);
  g_clear_pointer (source, g_source_unref);
}

static GSocketAddress *
make_address (const char *address)
{
  if (*address == '@')
    return g_unix_socket_address_new_with_type (address + 1, -1, G_UNIX_SOCKET_ADDRESS_ABSTRACT);
  return g_unix_socket_address_new (address);
}

/* @address: where the service manager listens, as in $NOTIFY_SOCKET. It is waited for @longest_ms
 * at most. */
IommudFdStore *
iommud_fd_store_new (const char *address, guint longest_ms, GError **error)
{
  g_autoptr (IommudFdStore) self = g_new0 (IommudFdStore, 1);
  g_autoptr (GSocketAddress) place = make_address (address);

  self->barrier = -1;
  self->longest_ms = longest_ms;
  self->to_add = g_hash_table_new (g_str_hash, g_str_equal);
  self->lost = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  self->socket =
      g_socket_new (G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_DATAGRAM, G_SOCKET_PROTOCOL_DEFAULT, error);
  if (self->socket == NULL)
    return NULL;
  g_socket_set_blocking (self->socket, FALSE);
  if (!g_socket_connect (self->socket, place, NULL, error))
    return NULL;
  return g_steal_pointer (&self);
}

static void
call_waiters (GQueue *waiters)
{
  Waiter *waiter;

  while ((waiter = g_queue_pop_head (waiters)) != NULL)
    {
      waiter->func (waiter->user_data);
      g_free (waiter);
    }
}

static void
end_barrier (IommudFdStore *self)
{
  clear_source (&self->passed);
  clear_source (&self->late);
  if (self->barrier >= 0)
    close (self->barrier);
  self->barrier = -1;
}

/* Those that wait are called: nothing else will come. */
void
iommud_fd_store_free (IommudFdStore *self)
{
  end_barrier (self);
  clear_source (&self->writable);
  g_queue_clear_full (&self->unsent, notification_free);
  call_waiters (&self->behind);
  call_waiters (&self->waiting);
  g_hash_table_unref (self->to_add);
  g_hash_table_unref (self->lost);
  g_clear_object (&self->socket);
  g_free (self);
}

static void
complain (IommudFdStore *self, const char *cause)
{
  if (!self->complained)
    g_warning ("The service manager does not take open files: %s: if the service ends now, they "
               "may be closed",
               cause);
  self->complained = TRUE;
}

/* One barrier is for all that wait by now. */
static gboolean
on_passed (int fd, GIOCondition condition, gpointer user_data)
{
  IommudFdStore *self = user_data;
  GQueue done = self->behind;

  self->deaf = FALSE;
  self->complained = FALSE;
  end_barrier (self);
  g_queue_init (&self->behind);
  send_some (self);
  call_waiters (&done);
  return G_SOURCE_REMOVE;
}

/* From now on nobody waits until this barrier is passed after all: each call would take as long. */
static gboolean
on_late (gpointer user_data)
{
  IommudFdStore *self = user_data;
  GQueue done = self->behind;
  GQueue more = self->waiting;

  complain (self, "it does not answer");
  clear_source (&self->late);
  self->deaf = TRUE;
  g_queue_init (&self->behind);
  g_queue_init (&self->waiting);
  call_waiters (&done);
  call_waiters (&more);
  return G_SOURCE_REMOVE;
}

static gboolean
on_writable (GSocket *socket, GIOCondition condition, gpointer user_data)
{
  IommudFdStore *self = user_data;

  clear_source (&self->writable);
  send_some (self);
  return G_SOURCE_REMOVE;
}

static void
wait_until_writable (IommudFdStore *self)
{
  if (self->writable != NULL)
    return;
  self->writable = g_socket_create_source (self->socket, G_IO_OUT, NULL);
  g_source_set_callback (self->writable, G_SOURCE_FUNC (on_writable), self, NULL);
  g_source_attach (self->writable, NULL);
}

/* FALSE: it has to be sent later, if there is no error. */
static gboolean
send_notification (IommudFdStore *self, const Notification *notification, GError **error)
{
  GOutputVector vector = { notification->text, strlen (notification->text) };
  g_autoptr (GSocketControlMessage) files = NULL;
  g_autoptr (GError) cause = NULL;

  if (notification->files != NULL)
    files = g_unix_fd_message_new_with_fd_list (notification->files);
  if (g_socket_send_message (self->socket, NULL, &vector, 1, &files, files != NULL ? 1 : 0, 0, NULL,
                             &cause)
      >= 0)
    return TRUE;
  if (!g_error_matches (cause, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
    g_propagate_error (error, g_steal_pointer (&cause));
  return FALSE;
}

static void
lose (IommudFdStore *self, const char *name, const char *cause)
{
  complain (self, cause);
  g_hash_table_insert (self->lost, g_strdup (name), g_strdup (cause));
}

/* Nobody asks the manager now, so those that wait are called. Whoever comes next asks anew. */
static void
lose_barrier (IommudFdStore *self, const char *cause)
{
  GQueue done = self->behind;

  complain (self, cause);
  end_barrier (self);
  self->deaf = FALSE;
  self->told = TRUE;
  g_queue_init (&self->behind);
  call_waiters (&done);
}

static void
start_timer (IommudFdStore *self)
{
  self->late = g_timeout_source_new (self->longest_ms);
  g_source_set_callback (self->late, on_late, self, NULL);
  g_source_attach (self->late, NULL);
}

static void
push_barrier (IommudFdStore *self)
{
  Notification *notification;
  g_autoptr (GError) error = NULL;
  int ends[2];

  self->behind = self->waiting;
  g_queue_init (&self->waiting);
  if (!g_unix_open_pipe (ends, FD_CLOEXEC, &error))
    {
      lose_barrier (self, error->message);
      return;
    }
  self->told = FALSE;
  notification = g_new0 (Notification, 1);
  notification->text = g_strdup ("BARRIER=1");
  notification->files = g_unix_fd_list_new_from_array (&ends[1], 1);
  notification->is_barrier = TRUE;
  g_queue_push_tail (&self->unsent, notification);
  self->barrier = ends[0];
  self->passed = g_unix_fd_source_new (ends[0], G_IO_HUP);
  g_source_set_callback (self->passed, G_SOURCE_FUNC (on_passed), self, NULL);
  g_source_attach (self->passed, NULL);
  start_timer (self);
}

/* The pipe of a barrier hangs up when it is freed. That is no answer. */
static void
lose_notification (IommudFdStore *self, Notification *notification, const char *cause)
{
  if (notification->is_barrier)
    lose_barrier (self, cause);
  else if (notification->name != NULL)
    lose (self, notification->name, cause);
  else
    complain (self, cause);
}

/* FALSE: there is nothing more to send, or it has to be sent later. */
static gboolean
send_next (IommudFdStore *self)
{
  Notification *notification;
  g_autoptr (GError) error = NULL;

  if (self->barrier < 0 && !g_queue_is_empty (&self->waiting))
    push_barrier (self);
  if (g_queue_is_empty (&self->unsent))
    return FALSE;
  if (!send_notification (self, g_queue_peek_head (&self->unsent), &error) && error == NULL)
    {
      wait_until_writable (self);
      return FALSE;
    }
  notification = g_queue_pop_head (&self->unsent);
  if (notification->name != NULL)
    g_hash_table_remove (self->to_add, notification->name);
  if (error != NULL)
    lose_notification (self, notification, error->message);
  notification_free (notification);
  return TRUE;
}

static void
send_some (IommudFdStore *self)
{
  while (send_next (self))
    continue;
}

static void
push (IommudFdStore *self, char *text, const char *name, GUnixFDList *files)
{
  Notification *notification = g_new0 (Notification, 1);

  notification->text = text;
  notification->name = g_strdup (name);
  notification->files = files;
  g_queue_push_tail (&self->unsent, notification);
  if (name != NULL)
    g_hash_table_replace (self->to_add, notification->name, self->unsent.tail);
  self->told = TRUE;
  send_some (self);
}

/* FALSE: it is not its turn, or the socket takes no more. The file stays the caller's. */
static gboolean
send_at_once (IommudFdStore *self, char *text, const char *name, int fd)
{
  Notification notification = { .text = text };
  g_autoptr (GError) error = NULL;
  gboolean sent;

  if (!g_queue_is_empty (&self->unsent))
    return FALSE;
  notification.files = g_unix_fd_list_new_from_array (&fd, 1);
  sent = send_notification (self, &notification, &error);
  g_free (g_unix_fd_list_steal_fds (notification.files, NULL));
  g_object_unref (notification.files);
  self->told = self->told || sent;
  if (error != NULL)
    lose (self, name, error->message);
  return sent || error != NULL;
}

/* The file is duplicated only if it has to be sent later. The manager does not look whether it
 * hangs up, but for the guards of leases: one that does is of no use to the next life. */
void
iommud_fd_store_add (IommudFdStore *self, const char *name, int fd)
{
  g_autofree char *text = g_strdup_printf ("FDSTORE=1\nFDNAME=%s%s", name,
                                           g_str_has_prefix (name, "lease-") ? "" : "\nFDPOLL=0");
  g_autoptr (GUnixFDList) files = NULL;
  g_autoptr (GError) error = NULL;

  if (send_at_once (self, text, name, fd))
    return;
  /* There may be no room for a duplicate in the table of open files. */
  files = g_unix_fd_list_new ();
  if (g_unix_fd_list_append (files, fd, &error) < 0)
    lose (self, name, error->message);
  else
    push (self, g_steal_pointer (&text), name, g_steal_pointer (&files));
}

/* A file that still waits to be sent would stay open until then. */
static gboolean
drop_unsent (IommudFdStore *self, const char *name)
{
  GList *link = g_hash_table_lookup (self->to_add, name);

  if (link == NULL)
    return FALSE;
  g_hash_table_remove (self->to_add, name);
  notification_free (link->data);
  g_queue_delete_link (&self->unsent, link);
  return TRUE;
}

/* The manager is not told of what it was not sent. So what waits to be sent does not grow with each
 * lease while the manager does not listen: it may be as much as it was sent, and what is open. */
void
iommud_fd_store_remove (IommudFdStore *self, const char *name)
{
  if (!drop_unsent (self, name) && !g_hash_table_remove (self->lost, name))
    push (self, g_strdup_printf ("FDSTOREREMOVE=1\nFDNAME=%s", name), NULL, NULL);
}

/* FALSE: that file could not be sent: there was no room for it here, or on its way. */
gboolean
iommud_fd_store_check (IommudFdStore *self, const char *name, GError **error)
{
  const char *cause = self != NULL ? g_hash_table_lookup (self->lost, name) : NULL;

  if (cause == NULL)
    return TRUE;
  g_set_error (error, IOMMUD_ERROR, IOMMUD_ERROR_LIMITS_EXCEEDED,
               "%s could not be kept for the next life of the service: %s", name, cause);
  return FALSE;
}

/* The manager knows all that it was told. */
gboolean
iommud_fd_store_is_settled (IommudFdStore *self)
{
  return !self->told && self->barrier < 0;
}

/* Those that wait from now on do so even if the manager has not answered lately: for the end of the
 * service, which closes what was not sent. */
void
iommud_fd_store_hope (IommudFdStore *self)
{
  if (self->deaf)
    start_timer (self);
  self->deaf = FALSE;
}

/* Calls the function when the manager knows all that it was told until now, or never answered: at
 * once if it knows all, has not answered lately, or if there is none (NULL). */
void
iommud_fd_store_when_settled (IommudFdStore *self, IommudFdStoreFunc func, gpointer user_data)
{
  Waiter *waiter;

  if (self == NULL || self->deaf || iommud_fd_store_is_settled (self))
    {
      func (user_data);
      return;
    }
  waiter = g_new0 (Waiter, 1);
  waiter->func = func;
  waiter->user_data = user_data;
  g_queue_push_tail (self->told ? &self->waiting : &self->behind, waiter);
  send_some (self);
}
