/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Maps that fail, take long or compete: nothing stays mapped without being
 * shown, no file stays open, and other calls are answered meanwhile. */
#include "memory.h"
#include "under-valgrind.h"

#include <errno.h>
#include <unistd.h>

#define PCI_1 "0000:01:00.0"
#define TEBIBYTE (G_GUINT64_CONSTANT (1) << 40)

/* A container with a file that has been mapped and unmapped once, so that all is set up. */
typedef struct
{
  Bed *bed;
  char *container;
  int file;
  guint n_files;
} Fixture;

typedef struct
{
  gboolean done;
  gboolean succeeded;
  GError *error;
} Answer;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->bed = bed_new (NULL);
  fixture->container = bed_create (fixture->bed, "{'name': <'vm1'>}");
  fixture->file = memory_new (TEBIBYTE);
  memory_map (fixture->bed, fixture->container, fixture->file, 0, PAGE, 0, NULL);
  memory_unmap (fixture->bed, fixture->container, 0, PAGE);
  bed_settle (fixture->bed);
  fixture->n_files = memory_count_files ();
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  bed_assert (fixture->bed, fixture->container, "Mappings", "[]");
  bed_assert (fixture->bed, fixture->container, "MappedBytes", "0");
  bed_settle (fixture->bed);
  g_assert_cmpuint (memory_count_files (), ==, fixture->n_files);
  bed_call_ok (fixture->bed, fixture->container, "Free", bed_options (NULL));
  close (fixture->file);
  g_free (fixture->container);
  bed_free (fixture->bed);
}

static void
inject (Fixture *fixture, const char *operation, guint nth, int errnum, guint delay_ms)
{
  g_autoptr (GError) error = NULL;

  iommud_simulator_inject_fault (fixture->bed->simulator, operation, nth, errnum, delay_ms, &error);
  g_assert_no_error (error);
}

static void
on_answer (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Answer *answer = user_data;
  g_autoptr (GVariant) reply =
      g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &answer->error);

  answer->succeeded = reply != NULL;
  answer->done = TRUE;
}

static void
start_map (Fixture *fixture, GDBusConnection *caller, guint64 length, guint64 iova,
           const char *options, Answer *answer)
{
  g_autoptr (GUnixFDList) list = g_unix_fd_list_new ();

  g_assert_cmpint (g_unix_fd_list_append (list, fixture->file, NULL), ==, 0);
  g_dbus_connection_call_with_unix_fd_list (
      caller, IOMMUD_DBUS_BUS_NAME, fixture->container, IOMMUD_DBUS_MEMORY_INTERFACE, "MapFile",
      memory_map_arguments (0, 0, length, iova, options), NULL, G_DBUS_CALL_FLAGS_NONE, -1, list,
      NULL, answer == NULL ? NULL : on_answer, answer);
}

/* Returns when the kernel has been asked @n_calls times more than @before. */
static void
wait_for_calls (Fixture *fixture, const char *operation, guint before, guint n_calls)
{
  while (iommud_simulator_count_calls (fixture->bed->simulator, operation) < before + n_calls)
    g_main_context_iteration (NULL, FALSE);
}

static guint
count_calls (Fixture *fixture, const char *operation)
{
  return iommud_simulator_count_calls (fixture->bed->simulator, operation);
}

static const struct
{
  int errnum;
  int code;
} faults[] = {
  { ENOMEM, IOMMUD_ERROR_NO_MEMORY },
  { EFAULT, IOMMUD_ERROR_INVALID_ARGUMENT },
  { EEXIST, IOMMUD_ERROR_EXISTS },
  { ENOSPC, IOMMUD_ERROR_NO_SPACE },
  { EOVERFLOW, IOMMUD_ERROR_INVALID_ARGUMENT },
  { EIO, IOMMUD_ERROR_FAILED },
};

/* At the first piece and half-way; the same call then works. */
static void
test_map_fails (Fixture *fixture, gconstpointer data)
{
  for (gsize i = 0; i < G_N_ELEMENTS (faults); i++)
    for (guint nth = 1; nth <= 4; nth++)
      {
        g_test_message ("piece %u: %s", nth, g_strerror (faults[i].errnum));
        inject (fixture, "ioas-map", nth, faults[i].errnum, 0);
        memory_map_fails (fixture->bed, fixture->container, fixture->file,
                          memory_map_arguments (0, 0, 4 * GIBIBYTE, 0, NULL), faults[i].code,
                          "*vm1*IOMMU_IOAS_MAP*");
        memory_map (fixture->bed, fixture->container, fixture->file, 0, 4 * GIBIBYTE, 0, NULL);
        g_assert_cmpuint (memory_unmap (fixture->bed, fixture->container, 0, 4 * GIBIBYTE), ==,
                          4 * GIBIBYTE);
      }
}

static void
unmap_all (Fixture *fixture)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply G_GNUC_UNUSED =
      bed_call (fixture->bed, fixture->container, "UnmapAll", bed_options (NULL), &error);

  g_assert_no_error (error);
}

/* What could not be unmapped is shown, and can be unmapped later. */
static void
test_unmap_fails (Fixture *fixture, gconstpointer data)
{
  memory_map (fixture->bed, fixture->container, fixture->file, 0, PAGE, 0, NULL);
  inject (fixture, "ioas-unmap", 1, EBUSY, 0);
  bed_call_fails (fixture->bed, fixture->container, "Unmap", memory_range_arguments (0, PAGE, NULL),
                  IOMMUD_ERROR_BUSY, "*vm1*EBUSY*");
  bed_assert (fixture->bed, fixture->container, "Mappings", "[(0, 4096, 0, 3)]");
  inject (fixture, "ioas-unmap", 1, EBUSY, 0);
  bed_call_fails (fixture->bed, fixture->container, "UnmapAll", bed_options (NULL),
                  IOMMUD_ERROR_BUSY, "*vm1*EBUSY*");
  bed_assert (fixture->bed, fixture->container, "Mappings", "[(0, 4096, 0, 3)]");
  unmap_all (fixture);
}

/* Exactly one of two callers gets the address. */
static void
test_two_callers (Fixture *fixture, gconstpointer data)
{
  GDBusConnection *second = bed_connect (fixture->bed->address);
  Answer answers[2] = { 0 };
  Answer *loser = NULL;

  start_map (fixture, fixture->bed->client, 3 * GIBIBYTE, 0, NULL, &answers[0]);
  start_map (fixture, second, 3 * GIBIBYTE, 2 * GIBIBYTE, NULL, &answers[1]);
  bed_wait (&answers[0].done);
  bed_wait (&answers[1].done);
  g_assert_cmpint (answers[0].succeeded, !=, answers[1].succeeded);
  loser = answers[0].succeeded ? &answers[1] : &answers[0];
  g_assert_error (loser->error, IOMMUD_ERROR, IOMMUD_ERROR_EXISTS);
  g_clear_error (&loser->error);
  bed_assert (fixture->bed, fixture->container, "MappedBytes", "3221225472");
  bed_disconnect (second);
  g_assert_cmpuint (memory_unmap (fixture->bed, fixture->container, 0, 5 * GIBIBYTE), ==,
                    3 * GIBIBYTE);
}

/* All that another caller may want meanwhile. */
static void
do_other_things (Fixture *fixture)
{
  Bed *bed = fixture->bed;
  g_autofree char *other = bed_create (bed, NULL);
  g_autofree char *device = bed_device (bed, PCI_1);
  g_autofree char *hwpt G_GNUC_UNUSED = bed_attach (bed, other, device);
  g_autoptr (GVariant) objects G_GNUC_UNUSED = bed_get_managed_objects (bed);
  int file = memory_new (PAGE);

  bed_settle (bed);
  bed_assert (bed, fixture->container, "Name", "'vm1'");
  memory_map (bed, other, file, 0, PAGE, GIBIBYTE, NULL);
  bed_call_ok (bed, other, "Free", bed_options ("{'force': <true>}"));
  close (file);
}

/* A map of 1 TiB piece by piece: all else happens before its second half. */
static void
test_long (Fixture *fixture, gconstpointer data)
{
  guint before = count_calls (fixture, "ioas-map");
  Answer answer = { 0 };

  if (skip_under_valgrind ())
    return;
  start_map (fixture, fixture->bed->client, TEBIBYTE, 0, NULL, &answer);
  wait_for_calls (fixture, "ioas-map", before, 1);
  do_other_things (fixture);
  g_assert_false (answer.done);
  g_assert_cmpuint (count_calls (fixture, "ioas-map") - before, <, 512);

  bed_wait (&answer.done);
  g_assert_no_error (answer.error);
  bed_assert (fixture->bed, fixture->container, "MappedBytes", "1099511627776");
  bed_assert (fixture->bed, fixture->container, "MappingCount", "1");
  g_assert_cmpuint (memory_unmap (fixture->bed, fixture->container, 0, TEBIBYTE), ==, TEBIBYTE);
}

/* One that fails half-way is undone, and all else happens meanwhile. */
static void
test_long_fails (Fixture *fixture, gconstpointer data)
{
  guint before = count_calls (fixture, "ioas-map");
  Answer answer = { 0 };

  if (skip_under_valgrind ())
    return;
  /* Slow enough for all else to end before the last call of a thousand. */
  inject (fixture, "ioas-map", 0, 0, 20);
  start_map (fixture, fixture->bed->client, TEBIBYTE, 0, NULL, &answer);
  wait_for_calls (fixture, "ioas-map", before, 1);
  do_other_things (fixture);
  g_assert_false (answer.done);
  inject (fixture, "ioas-map", 2, ENOMEM, 0);
  bed_wait (&answer.done);
  g_assert_error (answer.error, IOMMUD_ERROR, IOMMUD_ERROR_NO_MEMORY);
  g_clear_error (&answer.error);
}

/* A kernel call that takes long delays only its own container. */
static void
test_slow (Fixture *fixture, gconstpointer data)
{
  guint before = count_calls (fixture, "ioas-map");
  Answer answer = { 0 };

  inject (fixture, "ioas-map", 1, 0, 1000);
  start_map (fixture, fixture->bed->client, GIBIBYTE, 0, "{'fixed': <false>}", &answer);
  wait_for_calls (fixture, "ioas-map", before, 1);
  do_other_things (fixture);
  g_assert_false (answer.done);
  bed_wait (&answer.done);
  g_assert_no_error (answer.error);
  unmap_all (fixture);
}

/* The service can go while a map is under way. */
static void
test_service_stops (void)
{
  Fixture fixture = { 0 };
  Answer answer = { 0 };
  guint before = 0;

  set_up (&fixture, NULL);
  before = count_calls (&fixture, "ioas-map");
  start_map (&fixture, fixture.bed->client, 8 * GIBIBYTE, 0, NULL, &answer);
  wait_for_calls (&fixture, "ioas-map", before, 2);
  g_clear_object (&fixture.bed->service);
  g_clear_object (&fixture.bed->host);
  bed_wait (&answer.done);
  g_clear_error (&answer.error);
  close (fixture.file);
  g_free (fixture.container);
  bed_free (fixture.bed);
}

#define ADD(name, function)                                                                        \
  g_test_add ("/memory-faults/" name, Fixture, NULL, set_up, function, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("map-fails", test_map_fails);
  ADD ("unmap-fails", test_unmap_fails);
  ADD ("two-callers", test_two_callers);
  ADD ("long", test_long);
  ADD ("long-fails", test_long_fails);
  ADD ("slow", test_slow);
  g_test_add_func ("/memory-faults/service-stops", test_service_stops);
  return g_test_run ();
}
