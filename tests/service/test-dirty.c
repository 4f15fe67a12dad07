/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Dirty tracking over the bus: what devices write to is what callers read, once. */
#include "config.h"

#include "silent.h"
#include "tracked.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#define SIZE (128 * PAGE)
#define PCI_3 "0000:81:00.0" /* of dmar1, not tracked */

static void
write_page (Tracked *fixture, const char *device, guint64 page)
{
  memory_write (fixture->bed, device, GIBIBYTE + page * PAGE, 1);
}

/* The bitmap of all 128 pages is these two words. */
static void
check_bits (Tracked *fixture, const char *options, guint64 first, guint64 second)
{
  guint64 n_dirty = 0;
  g_autoptr (GArray) words =
      memory_read_dirty (fixture->bed, fixture->container, GIBIBYTE, SIZE, PAGE, options, &n_dirty);

  g_assert_cmpuint (words->len, ==, 2);
  g_assert_cmphex (g_array_index (words, guint64, 0), ==, first);
  g_assert_cmphex (g_array_index (words, guint64, 1), ==, second);
  g_assert_cmpuint (n_dirty, ==, __builtin_popcountll (first) + __builtin_popcountll (second));
}

#define BIT(n) (G_GUINT64_CONSTANT (1) << (n))

/* The bits of both kinds of trackers are in one bitmap, until they are read. */
static void
test_read (Tracked *fixture, gconstpointer data)
{
  write_page (fixture, PCI_1, 1);
  tracked_start (fixture);
  bed_assert (fixture->bed, fixture->container, "Active", "true");
  check_bits (fixture, NULL, 0, 0);
  write_page (fixture, PCI_1, 0);
  write_page (fixture, PCI_1, 70);
  write_page (fixture, LOGGING, 5);
  write_page (fixture, LOGGING, 70);
  check_bits (fixture, "{'no-clear': <true>}", BIT (0) | BIT (5), BIT (6));
  check_bits (fixture, NULL, BIT (0) | BIT (5), BIT (6));
  check_bits (fixture, NULL, 0, 0);
  tracked_stop (fixture);
  bed_assert (fixture->bed, fixture->container, "Active", "false");
}

static void
test_one_tracker (Tracked *fixture, gconstpointer data)
{
  tracked_start (fixture);
  write_page (fixture, PCI_1, 3);
  write_page (fixture, LOGGING, 4);
  check_bits (fixture, "{'tracker': <'device'>}", BIT (4), 0);
  check_bits (fixture, "{'tracker': <'iommu'>}", BIT (3), 0);
  check_bits (fixture, "{'tracker': <'auto'>}", 0, 0);
  tracked_stop (fixture);
}

static void
test_page_size (Tracked *fixture, gconstpointer data)
{
  g_autoptr (GArray) words = NULL;
  guint64 n_dirty = 0;

  bed_call_ok (fixture->bed, fixture->container, "Start",
               bed_options ("{'page-size': <@t 16384>}"));
  write_page (fixture, PCI_1, 9);
  words =
      memory_read_dirty (fixture->bed, fixture->container, GIBIBYTE, SIZE, 16384, NULL, &n_dirty);
  g_assert_cmpuint (words->len, ==, 1);
  g_assert_cmphex (g_array_index (words, guint64, 0), ==, BIT (2));
  g_assert_cmpuint (n_dirty, ==, 1);
  /* A device that was asked to log in pages of 16 KiB reports four small pages for each. */
  write_page (fixture, LOGGING, 9);
  check_bits (fixture, NULL, BIT (8) | BIT (9) | BIT (10) | BIT (11), 0);
  tracked_stop (fixture);
}

/* The file can be neither changed nor resized, and it is closed on exec. */
static void
test_sealed (Tracked *fixture, gconstpointer data)
{
  const int seals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = NULL;
  int file = -1;

  tracked_start (fixture);
  reply = memory_call (fixture->bed, fixture->container, "ReadBitmap",
                       memory_read_arguments (GIBIBYTE, SIZE, PAGE, NULL), -1, &file, &error);
  g_assert_no_error (error);
  g_assert_cmpint (fcntl (file, F_GET_SEALS) & seals, ==, seals);
  g_assert_cmpint (ftruncate (file, 0), ==, -1);
  g_assert_cmpint (errno, ==, EPERM);
  g_assert_true (mmap (NULL, 16, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0) == MAP_FAILED);
  g_assert_cmpint (errno, ==, EPERM);
  close (file);
  tracked_stop (fixture);
}

/* Calls, and leaves the bus while a device's tracker is being read. */
static void
call_and_leave (Tracked *fixture, const char *method, GVariant *arguments)
{
  Silent *caller = silent_new (fixture->bed->address, geteuid ());
  guint before = iommud_simulator_count_calls (fixture->bed->simulator, "get-dirty-bitmap");
  g_autoptr (GError) error = NULL;

  /* Long enough for the service to learn of the leave. */
  iommud_simulator_inject_fault (fixture->bed->simulator, "get-dirty-bitmap", 1, 0, 1000, &error);
  g_assert_no_error (error);
  silent_call (caller, fixture->container, bed_interface_of (fixture->container, method), method,
               arguments, 1);
  while (iommud_simulator_count_calls (fixture->bed->simulator, "get-dirty-bitmap") == before)
    if (!g_main_context_iteration (NULL, FALSE))
      g_usleep (1000);
  silent_free (caller);
}

static void
test_caller_leaves (Tracked *fixture, gconstpointer data)
{
  tracked_start (fixture);
  write_page (fixture, PCI_1, 3);
  write_page (fixture, LOGGING, 70);
  call_and_leave (fixture, "ReadBitmap", memory_read_arguments (GIBIBYTE, SIZE, PAGE, NULL));
  check_bits (fixture, NULL, BIT (3), BIT (6));
  check_bits (fixture, NULL, 0, 0);
  tracked_stop (fixture);
}

static void
test_caller_leaves_unmap (Tracked *fixture, gconstpointer data)
{
  tracked_start (fixture);
  write_page (fixture, PCI_1, 3);
  write_page (fixture, LOGGING, 70);
  call_and_leave (fixture, "UnmapAndReadBitmap",
                  memory_read_arguments (GIBIBYTE, SIZE, PAGE, NULL));
  check_bits (fixture, NULL, BIT (3), BIT (6));
  bed_assert (fixture->bed, fixture->container, "MappedBytes", "0");
  check_bits (fixture, NULL, 0, 0);
  memory_map (fixture->bed, fixture->container, fixture->file, 0, SIZE, GIBIBYTE, NULL);
  tracked_stop (fixture);
}

/* The bus sends no files to a program that has not said that it takes them. */
static void
test_answer_refused (Tracked *fixture, gconstpointer data)
{
  Silent *caller = silent_new (fixture->bed->address, geteuid ());
  guint before = iommud_simulator_count_calls (fixture->bed->simulator, "get-dirty-bitmap");
  guint64 words[2] = { 0 };

  tracked_start (fixture);
  write_page (fixture, PCI_1, 3);
  write_page (fixture, LOGGING, 70);
  silent_call (caller, fixture->container, bed_interface_of (fixture->container, "ReadBitmap"),
               "ReadBitmap", memory_read_arguments (GIBIBYTE, SIZE, PAGE, NULL), 1);
  while (iommud_simulator_count_calls (fixture->bed->simulator, "get-dirty-bitmap") == before)
    bed_iterate ();
  /* A read or two may come before the bus has said so. */
  for (guint i = 0; i < 100 && words[0] == 0; i++)
    {
      guint64 n_dirty;
      g_autoptr (GArray) read = memory_read_dirty (fixture->bed, fixture->container, GIBIBYTE, SIZE,
                                                   PAGE, NULL, &n_dirty);

      words[0] |= g_array_index (read, guint64, 0);
      words[1] |= g_array_index (read, guint64, 1);
    }
  g_assert_cmphex (words[0], ==, BIT (3));
  g_assert_cmphex (words[1], ==, BIT (6));
  check_bits (fixture, NULL, 0, 0);
  silent_free (caller);
  tracked_stop (fixture);
}

/* A caller that wants no answer gets no bitmap. */
static void
test_no_answer (Tracked *fixture, gconstpointer data)
{
  g_autoptr (GDBusMessage) message = g_dbus_message_new_method_call (
      IOMMUD_DBUS_BUS_NAME, fixture->container, bed_interface_of (fixture->container, "ReadBitmap"),
      "ReadBitmap");
  guint before = iommud_simulator_count_calls (fixture->bed->simulator, "get-dirty-bitmap");

  tracked_start (fixture);
  write_page (fixture, PCI_1, 3);
  g_dbus_message_set_body (message, memory_read_arguments (GIBIBYTE, SIZE, PAGE, NULL));
  g_dbus_message_set_flags (message, G_DBUS_MESSAGE_FLAGS_NO_REPLY_EXPECTED);
  g_dbus_connection_send_message (fixture->bed->client, message, G_DBUS_SEND_MESSAGE_FLAGS_NONE,
                                  NULL, NULL);
  while (iommud_simulator_count_calls (fixture->bed->simulator, "get-dirty-bitmap") == before)
    bed_iterate ();
  check_bits (fixture, NULL, BIT (3), 0);
  check_bits (fixture, NULL, 0, 0);
  tracked_stop (fixture);
}

/* What a departed device has written is not lost, and a new device is tracked. */
static void
test_come_and_go (Tracked *fixture, gconstpointer data)
{
  g_autofree char *device = bed_device (fixture->bed, PCI_1);

  tracked_start (fixture);
  write_page (fixture, PCI_1, 1);
  bed_call_ok (fixture->bed, device, "Detach", bed_options (NULL));
  check_bits (fixture, NULL, BIT (1), 0);
  tracked_attach (fixture->bed, fixture->container, PCI_1);
  write_page (fixture, PCI_1, 2);
  check_bits (fixture, NULL, BIT (2), 0);
  tracked_stop (fixture);
}

/* The bytes that were unmapped, and the bitmap of what was written to them. */
static GArray *
unmap (Tracked *fixture, guint64 page_size, guint64 *n_bytes, guint64 *n_dirty)
{
  g_autoptr (GError) error = NULL;
  int file = -1;
  gint32 handle = -1;
  g_autoptr (GVariant) reply =
      memory_call (fixture->bed, fixture->container, "UnmapAndReadBitmap",
                   memory_read_arguments (GIBIBYTE, SIZE, page_size, NULL), -1, &file, &error);

  g_assert_no_error (error);
  g_assert_cmpstr (g_variant_get_type_string (reply), ==, "(tht)");
  g_variant_get (reply, "(tht)", n_bytes, &handle, n_dirty);
  g_assert_cmpint (handle, ==, 0);
  g_assert_cmpint (file, >=, 0);
  return memory_read_bitmap (file);
}

/* The last dirty pages come with the answer, as the one file of its message. */
static void
test_unmap_and_read (Tracked *fixture, gconstpointer data)
{
  g_autoptr (GArray) fine = NULL;
  g_autoptr (GArray) coarse = NULL;
  guint64 n_bytes = 0;
  guint64 n_dirty = 0;

  tracked_start (fixture);
  write_page (fixture, PCI_1, 3);
  write_page (fixture, LOGGING, 65);
  fine = unmap (fixture, PAGE, &n_bytes, &n_dirty);
  g_assert_cmpuint (n_bytes, ==, SIZE);
  g_assert_cmpuint (n_dirty, ==, 2);
  g_assert_cmpuint (fine->len, ==, 2);
  g_assert_cmphex (g_array_index (fine, guint64, 0), ==, BIT (3));
  g_assert_cmphex (g_array_index (fine, guint64, 1), ==, BIT (1));
  check_bits (fixture, NULL, 0, 0);

  memory_map (fixture->bed, fixture->container, fixture->file, 0, SIZE, GIBIBYTE, NULL);
  check_bits (fixture, NULL, 0, 0);
  write_page (fixture, PCI_1, 70);
  coarse = unmap (fixture, 4 * PAGE, &n_bytes, &n_dirty);
  g_assert_cmpuint (n_dirty, ==, 1);
  g_assert_cmpuint (coarse->len, ==, 1);
  g_assert_cmphex (g_array_index (coarse, guint64, 0), ==, BIT (17));
  tracked_stop (fixture);
}

/* The answer to an unmap without a bitmap carries no file, and the dirty pages are forgotten. */
static void
test_unmap (Tracked *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = NULL;
  int file = -1;

  tracked_start (fixture);
  write_page (fixture, PCI_1, 3);
  reply = memory_call (fixture->bed, fixture->container, "Unmap",
                       memory_range_arguments (GIBIBYTE, SIZE, NULL), -1, &file, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (g_variant_get_type_string (reply), ==, "(t)");
  g_assert_cmpint (file, ==, -1);
  check_bits (fixture, NULL, 0, 0);
  tracked_stop (fixture);
}

static void
check_read (Tracked *fixture, guint64 iova, guint64 length, guint64 page_size, const char *options,
            int code, const char *pattern)
{
  bed_call_fails (fixture->bed, fixture->container, "ReadBitmap",
                  memory_read_arguments (iova, length, page_size, options), code, pattern);
}

static void
test_bad_input (Tracked *fixture, gconstpointer data)
{
  const int invalid = IOMMUD_ERROR_INVALID_ARGUMENT;

  check_read (fixture, GIBIBYTE, SIZE, PAGE, NULL, invalid, "*vm1*active*");
  bed_call_fails (fixture->bed, fixture->container, "Stop", bed_options (NULL), invalid,
                  "*vm1*active*");
  bed_call_fails (fixture->bed, fixture->container, "Start",
                  bed_options ("{'page-size': <@t 5000>}"), invalid, "*vm1*");
  bed_call_fails (fixture->bed, fixture->container, "Start", bed_options ("{'page-size': <4096>}"),
                  invalid, "*'page-size'*'t'*'i'*");
  tracked_start (fixture);
  bed_call_fails (fixture->bed, fixture->container, "Start", bed_options (NULL), invalid,
                  "*vm1*active*");

  check_read (fixture, GIBIBYTE, 0, PAGE, NULL, invalid, "*vm1*");
  check_read (fixture, GIBIBYTE, SIZE, 0, NULL, invalid, "*vm1*");
  check_read (fixture, GIBIBYTE, SIZE, 5000, NULL, invalid, "*vm1*");
  check_read (fixture, GIBIBYTE, SIZE, G_MAXUINT64, NULL, invalid, "*vm1*");
  check_read (fixture, GIBIBYTE + 1, SIZE, PAGE, NULL, invalid, "*vm1*");
  check_read (fixture, GIBIBYTE, SIZE + 1, PAGE, NULL, invalid, "*vm1*");
  check_read (fixture, 0 - PAGE, 2 * PAGE, PAGE, NULL, invalid, "*vm1*");
  check_read (fixture, 0, 4096 * GIBIBYTE + PAGE, PAGE, NULL, IOMMUD_ERROR_LIMITS_EXCEEDED,
              "*vm1*128 MiB*");
  check_read (fixture, 0, 0 - PAGE, PAGE, NULL, IOMMUD_ERROR_LIMITS_EXCEEDED, "*vm1*128 MiB*");
  check_read (fixture, GIBIBYTE, SIZE, PAGE, "{'tracker': <'none'>}", invalid,
              "*'tracker'*auto, device, iommu");
  check_read (fixture, GIBIBYTE, SIZE, PAGE, "{'clear': <true>}", invalid,
              "*'clear'*no-clear, tracker");
  tracked_stop (fixture);
}

static void
test_not_covered (void)
{
  g_autoptr (Bed) bed = bed_new (NULL);
  g_autofree char *off = bed_create (bed, "{'name': <'off'>, 'dirty-tracking': <'off'>}");
  g_autofree char *bare = bed_create (bed, "{'name': <'bare'>}");

  bed_call_fails (bed, off, "Start", bed_options (NULL), IOMMUD_ERROR_NOT_SUPPORTED, "*off*");
  tracked_attach (bed, bare, PCI_3);
  bed_call_fails (bed, bare, "Start", bed_options (NULL), IOMMUD_ERROR_NOT_SUPPORTED, "*bare*");
  bed_assert (bed, bare, "Active", "false");
  tracked_attach (bed, bare, PCI_1);
  bed_call_ok (bed, bare, "Start", bed_options (NULL));
  bed_call_ok (bed, bare, "Free", bed_options ("{'force': <true>}"));
  bed_call_ok (bed, off, "Free", bed_options (NULL));
}

#define ADD(name, function)                                                                        \
  g_test_add ("/dirty/" name, Tracked, GSIZE_TO_POINTER (SIZE), tracked_set_up, function,          \
              tracked_tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("read", test_read);
  ADD ("one-tracker", test_one_tracker);
  ADD ("page-size", test_page_size);
  ADD ("sealed", test_sealed);
  ADD ("caller-leaves", test_caller_leaves);
  ADD ("caller-leaves-unmap", test_caller_leaves_unmap);
  ADD ("answer-refused", test_answer_refused);
  ADD ("no-answer", test_no_answer);
  ADD ("come-and-go", test_come_and_go);
  ADD ("unmap-and-read", test_unmap_and_read);
  ADD ("unmap", test_unmap);
  ADD ("bad-input", test_bad_input);
  g_test_add_func ("/dirty/not-covered", test_not_covered);
  return g_test_run ();
}
