/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Trackers that fail, take long, are asked by two callers at once or lose their caller: no dirty
 * page is forgotten, no tracker runs on without being shown, no file stays open. */
#include "tracked.h"

#include <errno.h>
#include <unistd.h>

#define BOTH "0000:03:00.1" /* of dmar0, and logs its own pages */
#define SIZE (64 * PAGE)
#define LARGEST (4096 * GIBIBYTE) /* a bitmap of 128 MiB */
#define BIT(n) (G_GUINT64_CONSTANT (1) << (n))

/* The answer to a call that returns a file or nothing. */
typedef struct
{
  gboolean done;
  int file; /* -1 for none */
  GError *error;
} Answer;

static void
check_active (Tracked *fixture, gboolean active)
{
  bed_assert (fixture->bed, fixture->container, "Active", active ? "true" : "false");
}

static void
write_page (Tracked *fixture, const char *device, guint64 page)
{
  memory_write (fixture->bed, device, GIBIBYTE + page * PAGE, 1);
}

static guint64
read_word (Tracked *fixture)
{
  g_autoptr (GArray) words =
      memory_read_dirty (fixture->bed, fixture->container, GIBIBYTE, SIZE, PAGE, NULL, NULL);

  g_assert_cmpuint (words->len, ==, 1);
  return g_array_index (words, guint64, 0);
}

static guint
count_calls (Tracked *fixture, const char *operation)
{
  return iommud_simulator_count_calls (fixture->bed->simulator, operation);
}

static void
inject (Tracked *fixture, const char *operation, guint nth, int errnum, guint delay_ms)
{
  g_autoptr (GError) error = NULL;

  iommud_simulator_inject_fault (fixture->bed->simulator, operation, nth, errnum, delay_ms, &error);
  g_assert_no_error (error);
}

static const char *const operations[] = { "feature", "set-dirty-tracking", "get-dirty-bitmap" };

/* How many calls of each operation a good call of the method makes. */
static void
count_in (Tracked *fixture, void (*call) (Tracked *fixture), guint *counts)
{
  for (gsize i = 0; i < G_N_ELEMENTS (operations); i++)
    counts[i] = count_calls (fixture, operations[i]);
  call (fixture);
  for (gsize i = 0; i < G_N_ELEMENTS (operations); i++)
    counts[i] = count_calls (fixture, operations[i]) - counts[i];
}

/* If any tracker fails to start, no tracker runs, and the same call works afterwards. */
static void
test_start_fails (Tracked *fixture, gconstpointer data)
{
  guint counts[G_N_ELEMENTS (operations)];

  count_in (fixture, tracked_start, counts);
  tracked_stop (fixture);
  g_assert_cmpuint (counts[0], >, 0);
  g_assert_cmpuint (counts[1], >, 0);
  for (gsize i = 0; i < G_N_ELEMENTS (operations); i++)
    for (guint nth = 1; nth <= counts[i]; nth++)
      {
        g_test_message ("%s %u", operations[i], nth);
        inject (fixture, operations[i], nth, ENOMEM, 0);
        /* A log is tried with room first, and then without. */
        if (g_str_equal (operations[i], "feature"))
          inject (fixture, operations[i], nth + 1, ENOMEM, 0);
        bed_call_fails (fixture->bed, fixture->container, "Start", bed_options (NULL),
                        IOMMUD_ERROR_NO_MEMORY, "*vm1*ENOMEM*");
        check_active (fixture, FALSE);
        tracked_start (fixture);
        write_page (fixture, PCI_1, 1);
        write_page (fixture, LOGGING, 2);
        g_assert_cmphex (read_word (fixture), ==, BIT (1) | BIT (2));
        tracked_stop (fixture);
      }
}

static void
read_and_forget (Tracked *fixture)
{
  read_word (fixture);
}

/* If any tracker fails, what the others have reported is not forgotten. */
static void
test_read_fails (Tracked *fixture, gconstpointer data)
{
  guint counts[G_N_ELEMENTS (operations)];

  tracked_start (fixture);
  count_in (fixture, read_and_forget, counts);
  g_assert_cmpuint (counts[0], >, 0);
  g_assert_cmpuint (counts[2], >, 0);
  for (gsize i = 0; i < G_N_ELEMENTS (operations); i++)
    for (guint nth = 1; nth <= counts[i]; nth++)
      {
        g_test_message ("%s %u", operations[i], nth);
        write_page (fixture, PCI_1, 1);
        write_page (fixture, LOGGING, 2);
        inject (fixture, operations[i], nth, EIO, 0);
        bed_call_fails (fixture->bed, fixture->container, "ReadBitmap",
                        memory_read_arguments (GIBIBYTE, SIZE, PAGE, NULL), IOMMUD_ERROR_FAILED,
                        "*vm1*EIO*");
        /* What a log has after an error cannot be trusted. */
        g_assert_cmphex (read_word (fixture), ==,
                         g_str_equal (operations[i], "feature") ? G_MAXUINT64 : BIT (1) | BIT (2));
        g_assert_cmphex (read_word (fixture), ==, 0);
      }
  tracked_stop (fixture);
}

/* One that does not stop is shown to run, and can be stopped again. */
static void
test_stop_fails (Tracked *fixture, gconstpointer data)
{
  guint counts[G_N_ELEMENTS (operations)];

  tracked_start (fixture);
  count_in (fixture, tracked_stop, counts);
  g_assert_cmpuint (counts[0], >, 0);
  g_assert_cmpuint (counts[1], >, 0);
  for (gsize i = 0; i < 2; i++)
    {
      tracked_start (fixture);
      inject (fixture, operations[i], counts[i], EIO, 0);
      bed_call_fails (fixture->bed, fixture->container, "Stop", bed_options (NULL),
                      IOMMUD_ERROR_FAILED, "*vm1*EIO*");
      check_active (fixture, TRUE);
      tracked_stop (fixture);
      check_active (fixture, FALSE);
    }
}

static guint64
unmap (Tracked *fixture)
{
  g_autoptr (GError) error = NULL;
  int file = -1;
  g_autoptr (GVariant) reply G_GNUC_UNUSED =
      memory_call (fixture->bed, fixture->container, "UnmapAndReadBitmap",
                   memory_read_arguments (GIBIBYTE, SIZE, PAGE, NULL), -1, &file, &error);
  g_autoptr (GArray) words = NULL;

  g_assert_no_error (error);
  words = memory_read_bitmap (file);
  return g_array_index (words, guint64, 0);
}

/* What cannot be unmapped keeps its dirty pages; what a tracker cannot report at the end counts as
 * dirty. */
static void
test_unmap_fails (Tracked *fixture, gconstpointer data)
{
  tracked_start (fixture);
  write_page (fixture, PCI_1, 1);
  write_page (fixture, LOGGING, 2);
  inject (fixture, "ioas-unmap", 1, EIO, 0);
  bed_call_fails (fixture->bed, fixture->container, "UnmapAndReadBitmap",
                  memory_read_arguments (GIBIBYTE, SIZE, PAGE, NULL), IOMMUD_ERROR_FAILED,
                  "*vm1*EIO*");
  g_assert_cmphex (unmap (fixture), ==, BIT (1) | BIT (2));

  for (gsize i = 0; i < G_N_ELEMENTS (operations); i += 2)
    {
      g_test_message ("%s", operations[i]);
      memory_map (fixture->bed, fixture->container, fixture->file, 0, SIZE, GIBIBYTE, NULL);
      inject (fixture, operations[i], 1, EIO, 0);
      g_assert_cmphex (unmap (fixture), ==, G_MAXUINT64);
      bed_assert (fixture->bed, fixture->container, "MappedBytes", "0");
    }
  tracked_stop (fixture);
}

static void
on_answer (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Answer *answer = user_data;
  g_autoptr (GUnixFDList) files = NULL;
  g_autoptr (GVariant) reply G_GNUC_UNUSED = g_dbus_connection_call_with_unix_fd_list_finish (
      G_DBUS_CONNECTION (source), &files, result, &answer->error);

  answer->file = -1;
  if (files != NULL && g_unix_fd_list_get_length (files) == 1)
    answer->file = g_unix_fd_list_get (files, 0, NULL);
  answer->done = TRUE;
}

static void
start_call (Tracked *fixture, GDBusConnection *caller, const char *method, GVariant *arguments,
            Answer *answer)
{
  g_dbus_connection_call_with_unix_fd_list (caller, IOMMUD_DBUS_BUS_NAME, fixture->container,
                                            IOMMUD_DBUS_DIRTY_TRACKING_INTERFACE, method, arguments,
                                            NULL, G_DBUS_CALL_FLAGS_NONE, -1, NULL, NULL,
                                            answer == NULL ? NULL : on_answer, answer);
}

static void
start_read (Tracked *fixture, GDBusConnection *caller, guint64 length, Answer *answer)
{
  start_call (fixture, caller, "ReadBitmap", memory_read_arguments (GIBIBYTE, length, PAGE, NULL),
              answer);
}

static void
wait_for_calls (Tracked *fixture, const char *operation, guint before, guint n_calls)
{
  while (count_calls (fixture, operation) < before + n_calls)
    g_main_context_iteration (NULL, FALSE);
}

/* Exactly one of two callers starts. */
static void
test_two_start (Tracked *fixture, gconstpointer data)
{
  GDBusConnection *second = bed_connect (fixture->bed->address);
  Answer answers[2] = { 0 };
  Answer *loser = NULL;

  start_call (fixture, fixture->bed->client, "Start", bed_options (NULL), &answers[0]);
  start_call (fixture, second, "Start", bed_options (NULL), &answers[1]);
  bed_wait (&answers[0].done);
  bed_wait (&answers[1].done);
  g_assert_true ((answers[0].error == NULL) != (answers[1].error == NULL));
  loser = answers[0].error == NULL ? &answers[1] : &answers[0];
  g_assert_error (loser->error, IOMMUD_ERROR, IOMMUD_ERROR_INVALID_ARGUMENT);
  g_clear_error (&loser->error);
  check_active (fixture, TRUE);
  tracked_stop (fixture);
  bed_disconnect (second);
}

/* Each dirty page goes to exactly one of two callers. */
static void
test_two_read (Tracked *fixture, gconstpointer data)
{
  GDBusConnection *second = bed_connect (fixture->bed->address);
  Answer answers[2] = { 0 };
  g_autoptr (GArray) first_words = NULL;
  g_autoptr (GArray) second_words = NULL;
  guint64 words[2];

  tracked_start (fixture);
  write_page (fixture, PCI_1, 1);
  write_page (fixture, LOGGING, 2);
  start_read (fixture, fixture->bed->client, SIZE, &answers[0]);
  start_read (fixture, second, SIZE, &answers[1]);
  bed_wait (&answers[0].done);
  bed_wait (&answers[1].done);
  g_assert_no_error (answers[0].error);
  g_assert_no_error (answers[1].error);
  first_words = memory_read_bitmap (answers[0].file);
  second_words = memory_read_bitmap (answers[1].file);
  words[0] = g_array_index (first_words, guint64, 0);
  words[1] = g_array_index (second_words, guint64, 0);
  g_assert_cmphex (words[0] | words[1], ==, BIT (1) | BIT (2));
  g_assert_cmphex (words[0] & words[1], ==, 0);
  tracked_stop (fixture);
  bed_disconnect (second);
}

/* If the caller has gone, the service keeps no file of the bitmap. */
static void
test_caller_vanishes (Tracked *fixture, gconstpointer data)
{
  GDBusConnection *second = NULL;
  guint before = 0;
  guint n_files = 0;

  tracked_start (fixture);
  read_word (fixture);
  bed_settle (fixture->bed);
  n_files = memory_count_files ();
  before = count_calls (fixture, "get-dirty-bitmap");
  second = bed_connect (fixture->bed->address);
  inject (fixture, "get-dirty-bitmap", 1, 0, 100);
  start_read (fixture, second, SIZE, NULL);
  g_assert_true (g_dbus_connection_flush_sync (second, NULL, NULL));
  wait_for_calls (fixture, "get-dirty-bitmap", before, 1);
  bed_disconnect (second);
  /* It has its turn behind that of the caller who has gone. */
  g_assert_cmphex (read_word (fixture), ==, 0);
  bed_settle (fixture->bed);
  g_assert_cmpuint (memory_count_files (), ==, n_files);
  tracked_stop (fixture);
}

/* Two of the largest bitmaps are what one caller can have made at once; another has its own share,
 * and what is done counts no more. */
static void
test_limits (Tracked *fixture, gconstpointer data)
{
  GDBusConnection *second = bed_connect (fixture->bed->address);
  Answer answers[4] = { 0 };

  tracked_start (fixture);
  inject (fixture, "get-dirty-bitmap", 1, 0, 1000);
  for (gsize i = 0; i < 3; i++)
    start_read (fixture, fixture->bed->client, LARGEST, &answers[i]);
  bed_wait (&answers[2].done);
  g_assert_error (answers[2].error, IOMMUD_ERROR, IOMMUD_ERROR_LIMITS_EXCEEDED);
  g_assert_nonnull (strstr (answers[2].error->message, "256 MiB"));
  g_clear_error (&answers[2].error);
  start_read (fixture, second, SIZE, &answers[3]);
  for (gsize i = 0; i < G_N_ELEMENTS (answers); i++)
    {
      bed_wait (&answers[i].done);
      g_assert_no_error (answers[i].error);
      g_assert_cmpint (answers[i].file >= 0, ==, i != 2);
      if (answers[i].file >= 0)
        close (answers[i].file);
    }
  g_assert_cmphex (read_word (fixture), ==, 0);
  tracked_stop (fixture);
  bed_disconnect (second);
}

/* A tracker that takes long delays only its own container. */
static void
test_slow (Tracked *fixture, gconstpointer data)
{
  guint before = 0;
  Answer answer = { 0 };
  g_autofree char *other = NULL;

  tracked_start (fixture);
  before = count_calls (fixture, "get-dirty-bitmap");
  inject (fixture, "get-dirty-bitmap", 1, 0, 1000);
  start_read (fixture, fixture->bed->client, SIZE, &answer);
  wait_for_calls (fixture, "get-dirty-bitmap", before, 1);
  bed_settle (fixture->bed);
  check_active (fixture, TRUE);
  other = bed_create (fixture->bed, NULL);
  bed_call_ok (fixture->bed, other, "Free", bed_options (NULL));
  g_assert_false (answer.done);
  bed_wait (&answer.done);
  g_assert_no_error (answer.error);
  close (answer.file);
  tracked_stop (fixture);
}

/* The service does not touch the memory whose dirty pages it reports. */
static void
test_truncated (Tracked *fixture, gconstpointer data)
{
  tracked_start (fixture);
  write_page (fixture, PCI_1, 1);
  g_assert_cmpint (ftruncate (fixture->file, 0), ==, 0);
  g_assert_cmphex (read_word (fixture), ==, BIT (1));
  g_assert_cmpuint (memory_unmap (fixture->bed, fixture->container, GIBIBYTE, SIZE), ==, SIZE);
  g_assert_cmphex (read_word (fixture), ==, 0);
  tracked_stop (fixture);
}

/* The service can go while a bitmap is read. */
static void
test_service_stops (void)
{
  Tracked fixture = { 0 };
  Answer answer = { 0 };
  guint before = 0;

  tracked_set_up (&fixture, GSIZE_TO_POINTER (SIZE));
  tracked_start (&fixture);
  before = count_calls (&fixture, "get-dirty-bitmap");
  inject (&fixture, "get-dirty-bitmap", 1, 0, 100);
  start_read (&fixture, fixture.bed->client, SIZE, &answer);
  wait_for_calls (&fixture, "get-dirty-bitmap", before, 1);
  g_clear_object (&fixture.bed->service);
  g_clear_object (&fixture.bed->host);
  bed_wait (&answer.done);
  g_clear_error (&answer.error);
  if (answer.file >= 0)
    close (answer.file);
  close (fixture.file);
  g_free (fixture.container);
  bed_free (fixture.bed);
}

#define ADD(name, function)                                                                        \
  g_test_add ("/dirty-faults/" name, Tracked, GSIZE_TO_POINTER (SIZE), tracked_set_up, function,   \
              tracked_tear_down)

/* The log is tried with room and without. The device keeps the tracker that it has. */
static void
test_set_tracker_fails (Tracked *fixture, gconstpointer data)
{
  g_autofree char *device = bed_device (fixture->bed, BOTH);
  g_autofree char *hwpt G_GNUC_UNUSED =
      bed_call_for_path (fixture->bed, fixture->container, "AttachDevice",
                         bed_device_arguments (device, "{'tracker': <'iommu'>}"));

  tracked_start (fixture);
  inject (fixture, "feature", 1, ENOMEM, 0);
  inject (fixture, "feature", 2, ENOMEM, 0);
  bed_call_fails (fixture->bed, device, "SetTracker",
                  g_variant_new_parsed ("('device', @a{sv} {})"), IOMMUD_ERROR_NO_MEMORY,
                  "*ENOMEM*");
  bed_assert (fixture->bed, device, "DirtyTracker", "'iommu'");
  bed_call_ok (fixture->bed, device, "SetTracker", g_variant_new_parsed ("('device', @a{sv} {})"));
  bed_assert (fixture->bed, device, "DirtyTracker", "'device'");
  tracked_stop (fixture);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("start-fails", test_start_fails);
  ADD ("read-fails", test_read_fails);
  ADD ("stop-fails", test_stop_fails);
  ADD ("set-tracker-fails", test_set_tracker_fails);
  ADD ("unmap-fails", test_unmap_fails);
  ADD ("two-start", test_two_start);
  ADD ("two-read", test_two_read);
  ADD ("caller-vanishes", test_caller_vanishes);
  ADD ("limits", test_limits);
  ADD ("slow", test_slow);
  ADD ("truncated", test_truncated);
  g_test_add_func ("/dirty-faults/service-stops", test_service_stops);
  return g_test_run ();
}
