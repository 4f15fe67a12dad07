/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Memory that callers have mapped, and the bitmaps that they get: calls whose messages carry file
 * descriptors. */
#include "config.h"

#include "memory.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* How many descriptors this process has open, the service in it included. */
guint
memory_count_files (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GDir) dir = g_dir_open ("/proc/self/fd", 0, &error);
  guint count = 0;

  g_assert_no_error (error);
  while (g_dir_read_name (dir) != NULL)
    count++;
  return count;
}

int
memory_new (guint64 size)
{
  int file = memfd_create ("memory", MFD_CLOEXEC | MFD_ALLOW_SEALING);

  g_assert_cmpint (file, >=, 0);
  g_assert_cmpint (ftruncate (file, (off_t) size), ==, 0);
  return file;
}

static GVariant *
parse_options (const char *options)
{
  g_autoptr (GVariant) tuple = g_variant_ref_sink (bed_options (options));

  return g_variant_get_child_value (tuple, 0);
}

GVariant *
memory_map_arguments (gint32 handle, guint64 offset, guint64 length, guint64 iova,
                      const char *options)
{
  g_autoptr (GVariant) value = parse_options (options);

  return g_variant_new ("(httt@a{sv})", handle, offset, length, iova, value);
}

GVariant *
memory_range_arguments (guint64 iova, guint64 length, const char *options)
{
  g_autoptr (GVariant) value = parse_options (options);

  return g_variant_new ("(tt@a{sv})", iova, length, value);
}

GVariant *
memory_read_arguments (guint64 iova, guint64 length, guint64 page_size, const char *options)
{
  g_autoptr (GVariant) value = parse_options (options);

  return g_variant_new ("(ttt@a{sv})", iova, length, page_size, value);
}

typedef struct
{
  gboolean done;
  GVariant *reply;
  GUnixFDList *files;
  GError *error;
} Reply;

static void
on_reply (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Reply *reply = user_data;

  reply->reply = g_dbus_connection_call_with_unix_fd_list_finish (
      G_DBUS_CONNECTION (source), &reply->files, result, &reply->error);
  reply->done = TRUE;
}

static GUnixFDList *
list_of (int file)
{
  g_autoptr (GUnixFDList) list = g_unix_fd_list_new ();
  g_autoptr (GError) error = NULL;

  if (file >= 0)
    g_unix_fd_list_append (list, file, &error);
  g_assert_no_error (error);
  return g_steal_pointer (&list);
}

/* The one file that a message carries; -1 for none. */
static int
single_file (GUnixFDList *list)
{
  g_autoptr (GError) error = NULL;
  int n_files = list == NULL ? 0 : g_unix_fd_list_get_length (list);
  int file = -1;

  if (n_files == 1)
    file = g_unix_fd_list_get (list, 0, &error);
  g_assert_no_error (error);
  return file;
}

/* @file: sent with the call, stays open; -1 for none. @returned_file: to be closed, or -1. */
GVariant *
memory_call (Bed *bed, const char *container, const char *method, GVariant *arguments, int file,
             int *returned_file, GError **error)
{
  GUnixFDList *list = list_of (file);
  Reply reply = { FALSE, NULL, NULL, NULL };

  g_dbus_connection_call_with_unix_fd_list (
      bed->client, IOMMUD_DBUS_BUS_NAME, container, bed_interface_of (container, method), method,
      arguments, NULL, G_DBUS_CALL_FLAGS_NO_AUTO_START, -1, list, NULL, on_reply, &reply);
  g_object_unref (list);
  bed_wait (&reply.done);
  if (returned_file != NULL)
    *returned_file = single_file (reply.files);
  g_clear_object (&reply.files);
  if (reply.error != NULL)
    g_propagate_error (error, reply.error);
  return reply.reply;
}

static guint64
get_number (GVariant *reply)
{
  guint64 number = 0;

  g_assert_cmpstr (g_variant_get_type_string (reply), ==, "(t)");
  g_variant_get (reply, "(t)", &number);
  return number;
}

/* The IOVA. */
guint64
memory_map (Bed *bed, const char *container, int file, guint64 offset, guint64 length, guint64 iova,
            const char *options)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply =
      memory_call (bed, container, "MapFile",
                   memory_map_arguments (0, offset, length, iova, options), file, NULL, &error);

  g_assert_no_error (error);
  return get_number (reply);
}

/* The error has the code, its message matches, nothing is mapped and no file is left open. */
void
memory_map_fails (Bed *bed, const char *container, int file, GVariant *arguments, int code,
                  const char *pattern)
{
  guint n_files = 0;
  g_autoptr (GVariant) before = bed_get (bed, container, "MappedBytes");
  g_autoptr (GVariant) after = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = NULL;

  bed_settle (bed);
  n_files = memory_count_files ();
  reply = memory_call (bed, container, "MapFile", arguments, file, NULL, &error);
  g_assert_null (reply);
  g_assert_error (error, IOMMUD_ERROR, code);
  g_dbus_error_strip_remote_error (error);
  g_test_message ("MapFile: %s", error->message);
  if (!g_pattern_match_simple (pattern, error->message))
    g_error ("'%s' does not match '%s'", error->message, pattern);
  after = bed_get (bed, container, "MappedBytes");
  g_assert_true (g_variant_equal (before, after));
  bed_settle (bed);
  g_assert_cmpuint (memory_count_files (), ==, n_files);
}

/* How many bytes. */
guint64
memory_unmap (Bed *bed, const char *container, guint64 iova, guint64 length)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply =
      bed_call (bed, container, "Unmap", memory_range_arguments (iova, length, NULL), &error);

  g_assert_no_error (error);
  return get_number (reply);
}

GArray *
memory_read_bitmap (int file)
{
  GArray *words = g_array_new (FALSE, FALSE, sizeof (guint64));
  struct stat status;
  void *bytes = NULL;

  g_assert_cmpint (fstat (file, &status), ==, 0);
  g_assert_cmpint (status.st_size % 8, ==, 0);
  bytes = mmap (NULL, (gsize) status.st_size, PROT_READ, MAP_SHARED, file, 0);
  g_assert_true (bytes != MAP_FAILED);
  g_array_append_vals (words, bytes, (guint) (status.st_size / 8));
  munmap (bytes, (gsize) status.st_size);
  close (file);
  for (guint i = 0; i < words->len; i++)
    g_array_index (words, guint64, i) = GUINT64_FROM_LE (g_array_index (words, guint64, i));
  return words;
}

GArray *
memory_read_dirty (Bed *bed, const char *container, guint64 iova, guint64 length, guint64 page_size,
                   const char *options, guint64 *n_dirty)
{
  g_autoptr (GError) error = NULL;
  int file = -1;
  g_autoptr (GVariant) reply =
      memory_call (bed, container, "ReadBitmap",
                   memory_read_arguments (iova, length, page_size, options), -1, &file, &error);
  gint32 handle = -1;
  guint64 ignored = 0;

  g_assert_no_error (error);
  g_variant_get (reply, "(ht)", &handle, n_dirty == NULL ? &ignored : n_dirty);
  g_assert_cmpint (handle, ==, 0);
  g_assert_cmpint (file, >=, 0);
  return memory_read_bitmap (file);
}

/* The device writes to memory. */
void
memory_write (Bed *bed, const char *device, guint64 iova, guint64 length)
{
  g_autoptr (GError) error = NULL;

  iommud_simulator_device_write (bed->simulator, device, iova, length, 0xdd, &error);
  g_assert_no_error (error);
}
