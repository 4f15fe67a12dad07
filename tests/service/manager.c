/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A small service manager: it listens to notifications, and keeps the files that come with them. */
#include "manager.h"

#include <fcntl.h>
#include <gio/gunixfdmessage.h>
#include <gio/gunixsocketaddress.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

static void
kept_file_free (gpointer data)
{
  KeptFile *self = data;

  close (self->fd);
  g_free (self->name);
  g_free (self);
}

static void
keep (Manager *self, const char *name, int fd, gboolean poll)
{
  KeptFile *file = g_new0 (KeptFile, 1);

  g_assert_nonnull (name);
  file->name = g_strdup (name);
  file->fd = fd;
  file->poll = poll;
  g_ptr_array_add (self->kept, file);
}

static void
forget (Manager *self, const char *name)
{
  for (guint i = self->kept->len; i > 0; i--)
    if (g_str_equal (((KeptFile *) g_ptr_array_index (self->kept, i - 1))->name, name))
      g_ptr_array_remove_index (self->kept, i - 1);
}

static const char *
find_value (char **lines, const char *variable)
{
  for (char **line = lines; *line != NULL; line++)
    if (g_str_has_prefix (*line, variable) && (*line)[strlen (variable)] == '=')
      return *line + strlen (variable) + 1;
  return NULL;
}

/* Takes the files. */
static void
handle (Manager *self, const char *text, const int *fds, int n_fds)
{
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  const char *name = find_value (lines, "FDNAME");

  if (find_value (lines, "FDSTORE") != NULL)
    {
      for (int i = 0; i < n_fds; i++)
        keep (self, name, fds[i], g_strcmp0 (find_value (lines, "FDPOLL"), "0") != 0);
      return;
    }
  for (int i = 0; i < n_fds; i++)
    close (fds[i]);
  if (find_value (lines, "FDSTOREREMOVE") != NULL)
    {
      forget (self, name);
      self->n_removals++;
    }
  else if (find_value (lines, "BARRIER") != NULL)
    self->n_barriers++;
  else
    g_string_append_printf (self->log, "%s\n", text);
}

static gboolean
on_readable (GSocket *socket, GIOCondition condition, gpointer user_data)
{
  Manager *self = user_data;
  char text[4096];
  GInputVector vector = { text, sizeof text - 1 };
  GSocketControlMessage **messages = NULL;
  int n_messages = 0;
  g_autoptr (GError) error = NULL;
  gssize length = g_socket_receive_message (socket, NULL, &vector, 1, &messages, &n_messages, NULL,
                                            NULL, &error);
  int *fds = NULL;
  int n_fds = 0;

  g_assert_no_error (error);
  text[length] = '\0';
  for (int i = 0; i < n_messages; i++)
    {
      if (G_IS_UNIX_FD_MESSAGE (messages[i]))
        fds = g_unix_fd_message_steal_fds (G_UNIX_FD_MESSAGE (messages[i]), &n_fds);
      g_object_unref (messages[i]);
    }
  handle (self, text, fds, n_fds);
  g_free (messages);
  g_free (fds);
  return G_SOURCE_CONTINUE;
}

void
manager_listen (Manager *self, gboolean listen)
{
  if (!listen && self->source != NULL)
    {
      g_source_destroy (self->source);
      g_clear_pointer (&self->source, g_source_unref);
    }
  else if (listen && self->source == NULL)
    {
      self->source = g_socket_create_source (self->socket, G_IO_IN, NULL);
      g_source_set_callback (self->source, G_SOURCE_FUNC (on_readable), self, NULL);
      g_source_attach (self->source, NULL);
    }
}

Manager *
manager_new (void)
{
  Manager *self = g_new0 (Manager, 1);
  g_autoptr (GSocketAddress) address = NULL;
  g_autoptr (GError) error = NULL;

  self->kept = g_ptr_array_new_with_free_func (kept_file_free);
  self->log = g_string_new (NULL);
  self->folder = g_dir_make_tmp ("iommud-manager-XXXXXX", &error);
  g_assert_no_error (error);
  self->address = g_build_filename (self->folder, "notify", NULL);
  address = g_unix_socket_address_new (self->address);
  self->socket = g_socket_new (G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_DATAGRAM,
                               G_SOCKET_PROTOCOL_DEFAULT, &error);
  g_assert_no_error (error);
  g_socket_bind (self->socket, address, FALSE, &error);
  g_assert_no_error (error);
  manager_listen (self, TRUE);
  return self;
}

void
manager_free (Manager *self)
{
  manager_listen (self, FALSE);
  g_ptr_array_unref (self->kept);
  g_string_free (self->log, TRUE);
  g_object_unref (self->socket);
  g_unlink (self->address);
  g_rmdir (self->folder);
  g_free (self->address);
  g_free (self->folder);
  g_free (self);
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

char *
manager_describe (Manager *self)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new ();

  for (guint i = 0; i < self->kept->len; i++)
    g_ptr_array_add (names, ((KeptFile *) g_ptr_array_index (self->kept, i))->name);
  g_ptr_array_sort (names, compare_names);
  g_ptr_array_add (names, NULL);
  return g_strjoinv ("\n", (char **) names->pdata);
}

const KeptFile *
manager_find (Manager *self, const char *name)
{
  for (guint i = 0; i < self->kept->len; i++)
    if (g_str_equal (((KeptFile *) g_ptr_array_index (self->kept, i))->name, name))
      return g_ptr_array_index (self->kept, i);
  return NULL;
}

int *
manager_give (Manager *self, char ***names)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  int *fds = g_new (int, self->kept->len + 1);

  for (guint i = 0; i < self->kept->len; i++)
    {
      const KeptFile *file = g_ptr_array_index (self->kept, i);

      g_strv_builder_add (builder, file->name);
      fds[i] = fcntl (file->fd, F_DUPFD_CLOEXEC, 3);
      g_assert_cmpint (fds[i], >=, 0);
    }
  *names = g_strv_builder_end (builder);
  return fds;
}

void
manager_keep (Manager *self, const char *name, int fd)
{
  keep (self, name, fcntl (fd, F_DUPFD_CLOEXEC, 3), FALSE);
}
