/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The logs of devices: what they cover, how they grow, and their order beside HWPTs. */
#include "config.h"

#include "dirty-fixture.h"

#include <errno.h>
#include <string.h>

#include "sim/kernel-testing.h"
#include "simulator/simulator-testing.h"

/* Beyond the room that a log has for later mappings. */
#define FAR (64 * GIB)

static guint
count_ranges (MappingFixture *self, const char *device)
{
  IommudSimulatedDeviceState state;

  iommud_simulated_kernel_get_state (iommud_simulator_get_kernel (self->model.simulator), device,
                                     &state);
  return state.logging ? state.log_ranges : 0;
}

static void
inject (MappingFixture *self, const char *operation, guint nth, int errnum)
{
  model_fixture_inject (&self->model, operation, nth, errnum, 0);
}

static void
set_up_both (MappingFixture *self)
{
  dirty_fixture_map (self, 0, MIB);
  dirty_fixture_attach (self, DIRTY_A, IOMMUD_TRACKER_CHOICE_AUTO);
  dirty_fixture_attach (self, LOGGING, IOMMUD_TRACKER_CHOICE_AUTO);
}

static void
call_fails (MappingFixture *self,
            gboolean (*call) (IommudDirtyTracking *, GCancellable *, GError **), const char *text)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (call (iommud_container_get_dirty_tracking (self->container), NULL, &error));
  g_assert_error (error, IOMMUD_ERROR, IOMMUD_ERROR_FAILED);
  g_assert_nonnull (strstr (error->message, text));
}

static gboolean
start (IommudDirtyTracking *tracking, GCancellable *cancellable, GError **error)
{
  return iommud_dirty_tracking_start (tracking, 0, cancellable, error);
}

/* Logs start first. If a HWPT does not start, the log is stopped again. */
static void
test_start_order (MappingFixture *self, gconstpointer unused)
{
  guint hwpts = dirty_fixture_count (self, "set-dirty-tracking");
  guint stops;

  set_up_both (self);
  inject (self, "dma-logging-start", 1, EIO);
  call_fails (self, start, "DMA_LOGGING_START");
  g_assert_cmpuint (dirty_fixture_count (self, "set-dirty-tracking"), ==, hwpts);
  stops = dirty_fixture_count (self, "dma-logging-stop");
  inject (self, "set-dirty-tracking", 1, EIO);
  call_fails (self, start, "SET_DIRTY_TRACKING");
  g_assert_cmpuint (dirty_fixture_count (self, "dma-logging-stop"), ==, stops + 1);
  g_assert_false (dirty_fixture_is_active (self));
}

/* The log cannot be stopped again: tracking is neither off nor complete, and can only be stopped.
 */
static void
test_start_is_not_undone (MappingFixture *self, gconstpointer unused)
{
  set_up_both (self);
  inject (self, "set-dirty-tracking", 1, EIO);
  inject (self, "dma-logging-stop", 1, EIO);
  call_fails (self, start, "could not be stopped again");
  g_assert_true (dirty_fixture_is_active (self));
  dirty_fixture_read_fails (self, 0, MIB, PAGE, IOMMUD_ERROR_INVALID_ARGUMENT, "stop it once more");
  dirty_fixture_stop (self);
  g_assert_cmpuint (count_ranges (self, LOGGING), ==, 0);
}

/* The first error is reported, and that is one of a log; the others are stopped nevertheless. */
static void
test_stop_order (MappingFixture *self, gconstpointer unused)
{
  set_up_both (self);
  dirty_fixture_start (self);
  inject (self, "dma-logging-stop", 1, EIO);
  inject (self, "set-dirty-tracking", 1, EIO);
  call_fails (self, iommud_dirty_tracking_stop, "DMA_LOGGING_STOP");
  g_assert_true (dirty_fixture_is_active (self));
  inject (self, "set-dirty-tracking", 1, EIO);
  call_fails (self, iommud_dirty_tracking_stop, "SET_DIRTY_TRACKING");
  dirty_fixture_stop (self);
}

static void
test_read_order (MappingFixture *self, gconstpointer unused)
{
  guint hwpts;

  set_up_both (self);
  dirty_fixture_start (self);
  hwpts = dirty_fixture_count (self, "get-dirty-bitmap");
  inject (self, "dma-logging-report", 1, EIO);
  dirty_fixture_read_fails (self, 0, MIB, PAGE, IOMMUD_ERROR_FAILED, "DMA_LOGGING_REPORT");
  g_assert_cmpuint (dirty_fixture_count (self, "get-dirty-bitmap"), ==, hwpts);
  /* The device may have forgotten what it did not answer. */
  dirty_fixture_assert_dirty (self, 0, MIB, "0-255");
  dirty_fixture_stop (self);
}

/* A log covers memory before that is mapped: if it cannot, nothing is mapped. */
static void
test_covers_first (MappingFixture *self, gconstpointer unused)
{
  guint maps;

  set_up_both (self);
  dirty_fixture_start (self);
  maps = dirty_fixture_count (self, "ioas-map");
  inject (self, "dma-logging-start", 1, EIO);
  mapping_fixture_map_fails (self, self->file, FAR, MIB, FAR, FIXED, IOMMUD_ERROR_FAILED,
                             "DMA_LOGGING_START");
  g_assert_cmpuint (dirty_fixture_count (self, "ioas-map"), ==, maps);
  g_assert_cmpuint (count_ranges (self, LOGGING), ==, 1);
  dirty_fixture_stop (self);
}

/* A log that cannot be started again misses what is written: if it cannot be widened a second time
 * either, that is not forgotten. */
static void
test_stays_blind (MappingFixture *self, gconstpointer unused)
{
  set_up_both (self);
  dirty_fixture_start (self);
  inject (self, "dma-logging-start", 2, EIO);
  for (guint i = 0; i < 2; i++)
    {
      inject (self, "dma-logging-start", 1, EIO);
      mapping_fixture_map_fails (self, self->file, FAR, MIB, FAR, FIXED, IOMMUD_ERROR_FAILED,
                                 "DMA_LOGGING_START");
      g_assert_cmpuint (count_ranges (self, LOGGING), ==, 0);
    }
  dirty_fixture_write (self, LOGGING, 3 * PAGE, 1);
  dirty_fixture_assert_dirty (self, 0, MIB, "0-255");
  dirty_fixture_write (self, LOGGING, 3 * PAGE, 1);
  dirty_fixture_assert_dirty (self, 0, MIB, "3");
  dirty_fixture_stop (self);
}

/* With room, exactly, as one range: in this order, until the device takes one. */
static void
test_refuses_ranges (MappingFixture *self, gconstpointer unused)
{
  dirty_fixture_map (self, MIB, MIB);
  dirty_fixture_map (self, 5 * GIB, MIB);
  dirty_fixture_attach (self, LOGGING, IOMMUD_TRACKER_CHOICE_AUTO);
  inject (self, "dma-logging-start", 1, EOPNOTSUPP);
  dirty_fixture_start (self);
  g_assert_cmpuint (count_ranges (self, LOGGING), ==, 2);
  dirty_fixture_stop (self);
  inject (self, "dma-logging-start", 1, EOPNOTSUPP);
  inject (self, "dma-logging-start", 2, E2BIG);
  dirty_fixture_start (self);
  g_assert_cmpuint (count_ranges (self, LOGGING), ==, 1);
  dirty_fixture_write (self, LOGGING, MIB, 1);
  dirty_fixture_write (self, LOGGING, 5 * GIB, 1);
  dirty_fixture_assert_dirty (self, 0, 6 * GIB, "256 1310720");
  dirty_fixture_stop (self);
}

/* For whatever reason a device refuses room: it may take less. */
static void
test_refuses_room (MappingFixture *self, gconstpointer unused)
{
  static const int errnums[] = { EINVAL, E2BIG, EOPNOTSUPP, ENOMEM, ENOSPC };

  dirty_fixture_map (self, 0, MIB);
  dirty_fixture_map (self, 5 * GIB, MIB);
  dirty_fixture_attach (self, LOGGING, IOMMUD_TRACKER_CHOICE_AUTO);
  for (gsize i = 0; i < G_N_ELEMENTS (errnums); i++)
    {
      inject (self, "dma-logging-start", 1, errnums[i]);
      dirty_fixture_start (self);
      g_assert_cmpuint (count_ranges (self, LOGGING), ==, 2);
      dirty_fixture_stop (self);
    }
}

/* The log answers that it has larger pages than were asked for. */
static void
test_larger_pages (MappingFixture *self, gconstpointer unused)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (iommud_simulator_plug_device (self->model.simulator, COARSE, &error));
  while (iommud_host_find_device (self->model.host, COARSE, NULL) == NULL)
    g_main_context_iteration (NULL, TRUE);
  dirty_fixture_map (self, 0, MIB);
  dirty_fixture_attach (self, COARSE, IOMMUD_TRACKER_CHOICE_AUTO);
  dirty_fixture_start (self);
  dirty_fixture_write (self, COARSE, 17 * PAGE, 1);
  /* What lies beside it in the page of the log is kept. */
  dirty_fixture_assert_dirty (self, 20 * PAGE, PAGE, "0");
  dirty_fixture_assert_dirty (self, 0, MIB, "16-19 21-31");
  dirty_fixture_assert_dirty (self, 0, MIB, "");
  dirty_fixture_stop (self);
}

/* Memory of some kind that many guests get later: nothing is started again. */
static void
test_room (MappingFixture *self, gconstpointer unused)
{
  guint starts;

  dirty_fixture_map (self, MIB, MIB);
  dirty_fixture_attach (self, LOGGING, IOMMUD_TRACKER_CHOICE_AUTO);
  dirty_fixture_start (self);
  starts = dirty_fixture_count (self, "dma-logging-start");
  dirty_fixture_write (self, LOGGING, MIB, 1);
  dirty_fixture_map (self, 0, MIB);
  dirty_fixture_map (self, GIB, MIB);
  dirty_fixture_map (self, 7 * GIB, MIB);
  dirty_fixture_write (self, LOGGING, 7 * GIB, 1);
  g_assert_cmpuint (dirty_fixture_count (self, "dma-logging-start"), ==, starts);
  dirty_fixture_assert_dirty (self, 0, 8 * GIB, "256 1835008");
  dirty_fixture_stop (self);
}

/* The HWPT stands in while the log is started again. */
static void
test_grows (MappingFixture *self, gconstpointer unused)
{
  guint switches;

  dirty_fixture_map (self, 0, MIB);
  dirty_fixture_attach (self, BOTH, IOMMUD_TRACKER_CHOICE_AUTO);
  dirty_fixture_start (self);
  switches = dirty_fixture_count (self, "set-dirty-tracking");
  dirty_fixture_write (self, BOTH, PAGE, 1);
  dirty_fixture_map (self, FAR, MIB);
  g_assert_cmpuint (dirty_fixture_count (self, "set-dirty-tracking"), ==, switches + 2);
  dirty_fixture_write (self, BOTH, 3 * PAGE, 1);
  dirty_fixture_write (self, BOTH, FAR, 1);
  dirty_fixture_assert_dirty (self, 0, MIB, "1 3");
  dirty_fixture_assert_dirty (self, FAR, MIB, "0");
  dirty_fixture_stop (self);
}

typedef struct
{
  MappingFixture *fixture;
  guint starts;
} Writer;

/* Writes while the log is off: after it was stopped, and before it starts again. */
static gpointer
write_in_gap (gpointer data)
{
  Writer *self = data;

  while (dirty_fixture_count (self->fixture, "dma-logging-start") == self->starts)
    g_thread_yield ();
  dirty_fixture_write (self->fixture, BOTH, 5 * PAGE, 1);
  return NULL;
}

static void
map_with_gap (MappingFixture *self)
{
  Writer writer = { .fixture = self, .starts = dirty_fixture_count (self, "dma-logging-start") };
  GThread *thread;

  /* The call is counted before it waits. */
  model_fixture_inject (&self->model, "dma-logging-start", 1, 0, 300);
  thread = g_thread_new ("writer", write_in_gap, &writer);
  dirty_fixture_map (self, FAR, MIB);
  g_thread_join (thread);
}

static void
test_gap_is_seen (MappingFixture *self, gconstpointer unused)
{
  dirty_fixture_map (self, 0, MIB);
  dirty_fixture_attach (self, BOTH, IOMMUD_TRACKER_CHOICE_AUTO);
  dirty_fixture_start (self);
  map_with_gap (self);
  dirty_fixture_assert_dirty (self, 0, MIB, "5");
  dirty_fixture_stop (self);
}

/* A HWPT that records for another device too: its pages are not taken away from it. */
static void
test_gap_on_shared_hwpt (MappingFixture *self, gconstpointer unused)
{
  g_autofree char *logs = NULL;
  g_autofree char *hwpts = NULL;

  dirty_fixture_map (self, 0, MIB);
  dirty_fixture_attach (self, DIRTY_A, IOMMUD_TRACKER_CHOICE_AUTO);
  dirty_fixture_attach (self, BOTH, IOMMUD_TRACKER_CHOICE_AUTO);
  dirty_fixture_start (self);
  dirty_fixture_write (self, DIRTY_A, PAGE, 1);
  map_with_gap (self);
  dirty_fixture_write (self, DIRTY_A, 7 * PAGE, 1);
  logs = dirty_fixture_read_all (self, 0, MIB, PAGE, FALSE, IOMMUD_TRACKER_CHOICE_DEVICE);
  g_assert_nonnull (strstr (logs, "5"));
  hwpts = dirty_fixture_read_all (self, 0, MIB, PAGE, FALSE, IOMMUD_TRACKER_CHOICE_IOMMU);
  g_assert_cmpstr (hwpts, ==, "1 5 7");
  dirty_fixture_stop (self);
}

/* Nothing records for this device meanwhile. */
static void
test_gap_is_not_seen (MappingFixture *self, gconstpointer unused)
{
  guint switches;

  dirty_fixture_map (self, 0, MIB);
  mapping_fixture_map (self, self->container, 0, MIB, MIB,
                       IOMMUD_MAP_FLAGS_READABLE | IOMMUD_MAP_FLAGS_FIXED);
  dirty_fixture_attach (self, LOGGING, IOMMUD_TRACKER_CHOICE_AUTO);
  dirty_fixture_start (self);
  switches = dirty_fixture_count (self, "set-dirty-tracking");
  dirty_fixture_map (self, FAR, MIB);
  /* Its HWPT is not asked for what it cannot do. */
  g_assert_cmpuint (dirty_fixture_count (self, "set-dirty-tracking"), ==, switches);
  dirty_fixture_write (self, LOGGING, FAR, 1);
  dirty_fixture_assert_dirty (self, 0, 2 * MIB, "0-255");
  dirty_fixture_assert_dirty (self, FAR, MIB, "0");
  dirty_fixture_stop (self);
}

/* A log that the device would not start again: as long as it does not run, each read says that all
 * is dirty, the first one with a log that runs as well. */
static void
test_blind (MappingFixture *self, gconstpointer unused)
{
  dirty_fixture_map (self, 0, MIB);
  dirty_fixture_attach (self, LOGGING, IOMMUD_TRACKER_CHOICE_AUTO);
  dirty_fixture_start (self);
  inject (self, "dma-logging-start", 1, EIO);
  inject (self, "dma-logging-start", 2, EIO);
  mapping_fixture_map_fails (self, self->file, FAR, MIB, FAR, FIXED, IOMMUD_ERROR_FAILED,
                             "DMA_LOGGING_START");
  inject (self, "dma-logging-start", 1, EIO);
  dirty_fixture_assert_dirty (self, 0, MIB, "0-255");
  g_assert_cmpuint (count_ranges (self, LOGGING), ==, 0);
  dirty_fixture_write (self, LOGGING, 5 * PAGE, 1);
  dirty_fixture_assert_dirty (self, 0, MIB, "0-255");
  dirty_fixture_write (self, LOGGING, 7 * PAGE, 1);
  dirty_fixture_assert_dirty (self, 0, MIB, "7");
  dirty_fixture_stop (self);
}

#define ADD(path, function)                                                                        \
  g_test_add ("/dirty-logs/" path, MappingFixture, NULL, mapping_fixture_set_up, function,         \
              mapping_fixture_tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("start-order", test_start_order);
  ADD ("start-is-not-undone", test_start_is_not_undone);
  ADD ("stop-order", test_stop_order);
  ADD ("read-order", test_read_order);
  ADD ("covers-first", test_covers_first);
  ADD ("stays-blind", test_stays_blind);
  ADD ("refuses-ranges", test_refuses_ranges);
  ADD ("refuses-room", test_refuses_room);
  ADD ("larger-pages", test_larger_pages);
  ADD ("room", test_room);
  ADD ("grows", test_grows);
  ADD ("gap-is-seen", test_gap_is_seen);
  ADD ("gap-on-shared-hwpt", test_gap_on_shared_hwpt);
  ADD ("gap-is-not-seen", test_gap_is_not_seen);
  ADD ("blind", test_blind);
  return g_test_run ();
}
