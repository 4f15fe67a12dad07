/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The file descriptors that come with a message: taken out of it, so that they are open while a
 * handler uses them and not for as long as the message is kept. */
#include "files.h"

#include <iommud.h>

/* Takes the descriptors out of the message. NULL if it had none. Those that are not taken from the
 * list are closed with it. */
GUnixFDList *
iommud_files_steal (GDBusMessage *message)
{
  GUnixFDList *list = g_dbus_message_get_unix_fd_list (message);
  g_autofree int *files = NULL;
  int n_files = 0;

  if (list == NULL)
    return NULL;
  files = g_unix_fd_list_steal_fds (list, &n_files);
  return n_files == 0 ? NULL : g_unix_fd_list_new_from_array (files, n_files);
}

/* Closes those of a message whose method takes none. */
void
iommud_files_close (GDBusMessage *message)
{
  GUnixFDList *files = iommud_files_steal (message);

  g_clear_object (&files);
}

/* An argument of type h is an index into the message's descriptors. Returns a copy that is closed
 * on exec and that the caller closes; -1 with error set. */
int
iommud_files_take (GUnixFDList *files, gint32 handle, GError **error)
{
  int n_files = files == NULL ? 0 : g_unix_fd_list_get_length (files);
  g_autoptr (GError) cause = NULL;
  int file = -1;

  if (n_files > IOMMUD_FILES_MAX)
    g_set_error (error, IOMMUD_ERROR, IOMMUD_ERROR_LIMITS_EXCEEDED,
                 "The message carries %d file descriptors; at most %d are allowed", n_files,
                 IOMMUD_FILES_MAX);
  else if (n_files == 0)
    g_set_error (error, IOMMUD_ERROR, IOMMUD_ERROR_INVALID_ARGUMENT,
                 "The message carries no file descriptor");
  else if (handle < 0 || handle >= n_files)
    g_set_error (error, IOMMUD_ERROR, IOMMUD_ERROR_INVALID_ARGUMENT,
                 "The file has the index %d, and the message carries %d file descriptor%s", handle,
                 n_files, n_files == 1 ? "" : "s");
  else if ((file = g_unix_fd_list_get (files, handle, &cause)) < 0)
    g_set_error (error, IOMMUD_ERROR, IOMMUD_ERROR_LIMITS_EXCEEDED,
                 "The file descriptor cannot be duplicated: %s", cause->message);
  return file;
}
