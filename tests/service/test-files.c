/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The file descriptors of messages: each can be taken by its index, and none stays open. */
#include "config.h"

#include <iommud.h>

#include "bed.h"
#include "files.h"
#include "memory.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#define PCI_1 "0000:01:00.0"

/* A list of that many descriptors of /dev/null. */
static GUnixFDList *
make_list (int n_files)
{
  g_autofree int *files = g_new (int, n_files + 1);

  for (int i = 0; i < n_files; i++)
    {
      files[i] = memfd_create ("file", MFD_CLOEXEC);
      g_assert_cmpint (files[i], >=, 0);
    }
  return g_unix_fd_list_new_from_array (files, n_files);
}

static void
check_refused (GUnixFDList *list, gint32 handle, int code, const char *message)
{
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (iommud_files_take (list, handle, &error), ==, -1);
  g_assert_error (error, IOMMUD_ERROR, code);
  g_assert_cmpstr (error->message, ==, message);
}

static void
test_take (void)
{
  g_autoptr (GUnixFDList) list = make_list (2);
  g_autoptr (GUnixFDList) empty = g_unix_fd_list_new ();
  g_autoptr (GUnixFDList) full = make_list (IOMMUD_FILES_MAX);
  g_autoptr (GUnixFDList) too_full = make_list (IOMMUD_FILES_MAX + 1);
  const int invalid = IOMMUD_ERROR_INVALID_ARGUMENT;
  g_autoptr (GError) error = NULL;
  int file = iommud_files_take (list, 1, &error);

  g_assert_no_error (error);
  g_assert_cmpint (fcntl (file, F_GETFD) & FD_CLOEXEC, ==, FD_CLOEXEC);
  g_assert_cmpint (file, !=, g_unix_fd_list_peek_fds (list, NULL)[1]);
  close (file);
  file = iommud_files_take (full, IOMMUD_FILES_MAX - 1, &error);
  g_assert_no_error (error);
  close (file);

  check_refused (list, 2, invalid,
                 "The file has the index 2, and the message carries 2 file descriptors");
  check_refused (list, -1, invalid,
                 "The file has the index -1, and the message carries 2 file descriptors");
  check_refused (list, G_MININT32, invalid,
                 "The file has the index -2147483648, and the message carries 2 file descriptors");
  check_refused (NULL, 0, invalid, "The message carries no file descriptor");
  check_refused (empty, 0, invalid, "The message carries no file descriptor");
  check_refused (too_full, 0, IOMMUD_ERROR_LIMITS_EXCEEDED,
                 "The message carries 17 file descriptors; at most 16 are allowed");
}

static void
test_steal (void)
{
  guint before = memory_count_files ();
  g_autoptr (GDBusMessage) message = g_dbus_message_new ();
  GUnixFDList *sent = make_list (3);
  GUnixFDList *stolen = NULL;

  g_assert_null (iommud_files_steal (message));
  g_dbus_message_set_unix_fd_list (message, sent);
  g_object_unref (sent);
  g_dbus_message_lock (message);
  stolen = iommud_files_steal (message);
  g_assert_cmpint (g_unix_fd_list_get_length (stolen), ==, 3);
  g_assert_cmpint (g_unix_fd_list_get_length (sent), ==, 0);
  g_assert_null (iommud_files_steal (message));
  g_object_unref (stolen);
  g_assert_cmpuint (memory_count_files (), ==, before);
}

static void
on_reply (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply G_GNUC_UNUSED = g_dbus_connection_call_with_unix_fd_list_finish (
      G_DBUS_CONNECTION (source), NULL, result, &error);

  g_assert_no_error (error);
  *(gboolean *) user_data = TRUE;
}

/* While the call is under way, files that its method does not want are closed already. */
static void
test_unwanted (void)
{
  g_autoptr (Bed) bed = bed_new (NULL);
  g_autofree char *container = bed_create (bed, NULL);
  g_autofree char *device = bed_device (bed, PCI_1);
  g_autofree char *hwpt G_GNUC_UNUSED = bed_attach (bed, container, device);
  GUnixFDList *list = make_list (IOMMUD_FILES_MAX);
  guint before = 0;
  gboolean done = FALSE;

  bed_settle (bed);
  before = memory_count_files () - IOMMUD_FILES_MAX;
  g_assert_true (iommud_simulator_inject_fault (bed->simulator, "detach", 1, 0, 100, NULL));
  g_dbus_connection_call_with_unix_fd_list (
      bed->client, IOMMUD_DBUS_BUS_NAME, device, IOMMUD_DBUS_DEVICE_INTERFACE, "Detach",
      bed_options (NULL), NULL, G_DBUS_CALL_FLAGS_NONE, -1, list, NULL, on_reply, &done);
  g_object_unref (list);
  while (iommud_simulator_count_calls (bed->simulator, "detach") == 0)
    g_main_context_iteration (NULL, FALSE);
  g_assert_cmpuint (memory_count_files (), <=, before);
  bed_wait (&done);
  bed_call_ok (bed, container, "Free", bed_options (NULL));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/files/take", test_take);
  g_test_add_func ("/files/steal", test_steal);
  g_test_add_func ("/files/unwanted", test_unwanted);
  return g_test_run ();
}
