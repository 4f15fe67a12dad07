/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Long mappings: progress, cancellation, and other operations that run in between. */
#include "config.h"

#include "mapping-fixture.h"

#include <errno.h>
#include <sys/mman.h>

#define OLD "6.12"
#define NEW "6.13"

/* The end of an asynchronous call. */
typedef struct
{
  GAsyncResult *result;
  guint order; /* its place in the order of ends; 0: it has not ended */
  guint *ended;
} Call;

static void
on_ready (GObject *source, GAsyncResult *result, gpointer data)
{
  Call *call = data;

  call->result = g_object_ref (result);
  call->order = ++*call->ended;
}

static void
wait_for (const Call *call)
{
  while (call->result == NULL)
    g_main_context_iteration (NULL, TRUE);
}

static void
begin_map (MappingFixture *fixture, Call *call, guint *ended, guint64 length, guint64 iova,
           GCancellable *cancellable)
{
  *call = (Call){ .ended = ended };
  call_map_file_async (fixture->container, fixture->file, 0, length, iova, FIXED, cancellable,
                       on_ready, call);
}

static void
finish_map (MappingFixture *fixture, Call *call, int code)
{
  g_autoptr (GError) error = NULL;
  gboolean ok;

  wait_for (call);
  ok = iommud_memory_map_file_finish (iommud_container_get_memory (fixture->container),
                                      call->result, NULL, &error);
  if (code < 0)
    g_assert_no_error (error);
  else
    g_assert_error (error, IOMMUD_ERROR, code);
  g_assert_true (ok == (code < 0));
  g_clear_object (&call->result);
}

typedef struct
{
  guint64 last;
  guint count;
} Progress;

static void
on_progress (IommudMemory *memory, GParamSpec *pspec, gpointer data)
{
  Progress *progress = data;
  guint64 bytes = mapping_fixture_get_mapped_bytes (iommud_memory_get_container (memory));

  g_assert_cmpuint (bytes, >, progress->last);
  g_assert_cmpuint (bytes - progress->last, <, 2 * GIB);
  progress->last = bytes;
  progress->count++;
}

static void
test_progress (MappingFixture *fixture, gconstpointer unused)
{
  Progress progress = { 0 };
  gulong handler = g_signal_connect (iommud_container_get_memory (fixture->container),
                                     "notify::mapped-bytes", G_CALLBACK (on_progress), &progress);

  mapping_fixture_map (fixture, fixture->container, PAGE, 8 * GIB, 16 * MIB, FIXED);
  g_assert_cmphex (progress.last, ==, 8 * GIB);
  g_assert_cmpuint (progress.count, >, 4);
  g_signal_handler_disconnect (iommud_container_get_memory (fixture->container), handler);
  mapping_fixture_assert_mapped (fixture->container, "[(0x1000000, 0x200000000, 0x1000, 3)]");
  mapping_fixture_unmap (fixture->container, 16 * MIB, 8 * GIB);
}

/* A source of the main loop that is always ready. */
static gboolean
count_turn (gpointer turns)
{
  ++*(guint *) turns;
  return G_SOURCE_CONTINUE;
}

/* A TiB, or what a memory debugger leaves of the address space. */
static guint64
get_long_length (int file)
{
  for (guint64 length = TIB; TRUE; length /= 2)
    {
      void *memory = mmap (NULL, (gsize) length, PROT_READ, MAP_SHARED | MAP_NORESERVE, file, 0);

      if (memory == MAP_FAILED)
        continue;
      munmap (memory, (gsize) length);
      return length;
    }
}

/* A TiB takes a thousand turns of the worker, and the main loop has its own between them. Some of
 * the kernel's calls take long, so that others surely have the time to be answered. */
static void
test_main_loop_goes_on (MappingFixture *fixture, gconstpointer kernel)
{
  const char *operation = g_str_equal (kernel, NEW) ? "ioas-map-file" : "ioas-map";
  guint64 length = get_long_length (fixture->file);
  guint turns = 0;
  guint ended = 0;
  guint answered = 0;
  Call map;
  guint source = g_idle_add_full (G_PRIORITY_DEFAULT, count_turn, &turns, NULL);

  model_fixture_attach (&fixture->model, fixture->container, DIRTY_A);
  for (guint i = 1; i <= 20; i++)
    model_fixture_inject (&fixture->model, operation, i, 0, 20);
  begin_map (fixture, &map, &ended, length, 256 * GIB, NULL);
  while (ended == 0)
    {
      IommudContainer *other;

      if (answered == 10)
        {
          g_main_context_iteration (NULL, TRUE);
          continue;
        }
      other = model_fixture_container (&fixture->model, "other", IOMMUD_DIRTY_TRACKING_POLICY_OFF);
      model_fixture_free_container (other);
      answered += ended == 0 ? 1 : 0;
    }
  finish_map (fixture, &map, -1);
  g_source_remove (source);
  g_assert_cmpuint (answered, >, 0);
  g_assert_cmpuint (turns, >=, length / GIB / 2);
  g_assert_cmphex (mapping_fixture_get_mapped_bytes (fixture->container), ==, length);
  mapping_fixture_unmap (fixture->container, 256 * GIB, length);
}

/* A device is attached while the mapping is being made. */
static void
test_others_have_turns (MappingFixture *fixture, gconstpointer unused)
{
  guint ended = 0;
  Call map;
  Call attach = { .ended = &ended };
  g_autoptr (GError) error = NULL;

  begin_map (fixture, &map, &ended, 32 * GIB, 64 * GIB, NULL);
  while (mapping_fixture_get_mapped_bytes (fixture->container) == 0)
    g_main_context_iteration (NULL, TRUE);
  call_attach_device_async (fixture->container, model_fixture_device (&fixture->model, DIRTY_A),
                            IOMMUD_ATTACH_MODE_AUTO, IOMMUD_TRACKER_CHOICE_AUTO, NULL, on_ready,
                            &attach);
  wait_for (&attach);
  g_assert_true (
      iommud_container_attach_device_finish (fixture->container, attach.result, NULL, &error));
  g_assert_no_error (error);
  g_clear_object (&attach.result);
  g_assert_cmpuint (attach.order, ==, 1);
  g_assert_cmpuint (mapping_fixture_get_mapped_bytes (fixture->container), <, 32 * GIB);
  finish_map (fixture, &map, -1);
  mapping_fixture_write (fixture, DIRTY_A, 96 * GIB - 1, 1, 'e');
  g_assert_cmpint (mapping_fixture_read (fixture, 32 * GIB - 1), ==, 'e');
}

static void
note_progress (GObject *source, GAsyncResult *result, gpointer progress)
{
  IommudContainer *container = IOMMUD_CONTAINER (source);
  guint64 bytes = mapping_fixture_get_mapped_bytes (container);
  g_autoptr (GError) error = NULL;
  g_autoptr (IommudHwpt) hwpt G_GNUC_UNUSED =
      iommud_container_alloc_hwpt_finish (container, result, &error);

  g_assert_no_error (error);
  g_array_append_val (progress, bytes);
}

/* However many calls wait: the mapping has a turn after each of them. */
static void
test_turns_alternate (MappingFixture *fixture, gconstpointer unused)
{
  static const char *const devices[] = { DIRTY_A, DIRTY_B, BOTH, LOGGING };
  g_autoptr (GArray) progress = g_array_new (FALSE, FALSE, sizeof (guint64));
  guint ended = 0;
  Call map;

  begin_map (fixture, &map, &ended, 32 * GIB, 64 * GIB, NULL);
  while (mapping_fixture_get_mapped_bytes (fixture->container) == 0)
    g_main_context_iteration (NULL, TRUE);
  for (gsize i = 0; i < G_N_ELEMENTS (devices); i++)
    iommud_container_alloc_hwpt_async (fixture->container,
                                       model_fixture_device (&fixture->model, devices[i]), NULL,
                                       NULL, note_progress, progress);
  while (progress->len < G_N_ELEMENTS (devices))
    g_main_context_iteration (NULL, TRUE);
  for (guint i = 1; i < progress->len; i++)
    g_assert_cmpuint (g_array_index (progress, guint64, i), >,
                      g_array_index (progress, guint64, i - 1));
  finish_map (fixture, &map, -1);
}

/* What changes mappings waits, and so does what was asked for after it. */
static void
test_mappings_wait (MappingFixture *fixture, gconstpointer unused)
{
  guint ended = 0;
  Call map, again;
  Call unmap = { .ended = &ended };
  Call attach = { .ended = &ended };
  g_autoptr (GError) error = NULL;

  begin_map (fixture, &map, &ended, 8 * GIB, 0, NULL);
  iommud_memory_unmap_all_async (iommud_container_get_memory (fixture->container), NULL, on_ready,
                                 &unmap);
  begin_map (fixture, &again, &ended, PAGE, GIB, NULL);
  call_attach_device_async (fixture->container, model_fixture_device (&fixture->model, DIRTY_A),
                            IOMMUD_ATTACH_MODE_AUTO, IOMMUD_TRACKER_CHOICE_AUTO, NULL, on_ready,
                            &attach);
  wait_for (&attach);
  g_assert_cmpuint (map.order, ==, 1);
  g_assert_cmpuint (unmap.order, ==, 2);
  g_assert_cmpuint (again.order, ==, 3);
  finish_map (fixture, &map, -1);
  finish_map (fixture, &again, -1);
  g_assert_true (iommud_memory_unmap_all_finish (iommud_container_get_memory (fixture->container),
                                                 unmap.result, NULL, &error));
  g_assert_no_error (error);
  g_assert_true (
      iommud_container_attach_device_finish (fixture->container, attach.result, NULL, &error));
  g_assert_no_error (error);
  g_clear_object (&unmap.result);
  g_clear_object (&attach.result);
  mapping_fixture_assert_mapped (fixture->container, "[(0x40000000, 0x1000, 0, 3)]");
}

/* A device that was unplugged leaves at once: the unplug waits until our file is closed. */
static void
test_unplug_does_not_wait (MappingFixture *fixture, gconstpointer unused)
{
  GListModel *devices = iommud_container_get_devices (fixture->container);
  guint ended = 0;
  Call map;
  Call unmap = { .ended = &ended };
  g_autoptr (GError) error = NULL;

  model_fixture_attach (&fixture->model, fixture->container, DIRTY_A);
  begin_map (fixture, &map, &ended, 32 * GIB, 32 * GIB, NULL);
  iommud_memory_unmap_all_async (iommud_container_get_memory (fixture->container), NULL, on_ready,
                                 &unmap);
  while (map.result == NULL && mapping_fixture_get_mapped_bytes (fixture->container) == 0)
    g_main_context_iteration (NULL, TRUE);
  g_assert_true (iommud_simulator_unplug_device (fixture->model.simulator, DIRTY_A, &error));
  while (g_list_model_get_n_items (devices) > 0)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpuint (ended, ==, 0);
  g_assert_cmpuint (mapping_fixture_get_mapped_bytes (fixture->container), <, 32 * GIB);
  finish_map (fixture, &map, -1);
  wait_for (&unmap);
  g_assert_true (iommud_memory_unmap_all_finish (iommud_container_get_memory (fixture->container),
                                                 unmap.result, NULL, &error));
  g_clear_object (&unmap.result);
}

static void
test_free_waits (MappingFixture *fixture, gconstpointer unused)
{
  guint ended = 0;
  Call map = { .ended = &ended };
  Call free_call = { .ended = &ended };
  g_autoptr (GError) error = NULL;
  IommudContainer *other =
      model_fixture_container (&fixture->model, "b", IOMMUD_DIRTY_TRACKING_POLICY_OFF);

  call_map_file_async (other, fixture->file, 0, 8 * GIB, 0, FIXED, NULL, on_ready, &map);
  iommud_container_free_async (other, TRUE, NULL, on_ready, &free_call);
  wait_for (&free_call);
  g_assert_cmpuint (map.order, ==, 1);
  g_assert_true (iommud_memory_map_file_finish (iommud_container_get_memory (other), map.result,
                                                NULL, &error));
  g_assert_no_error (error);
  g_assert_true (iommud_container_free_finish (other, free_call.result, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (mapping_fixture_count_memory (), ==, 0);
  g_clear_object (&map.result);
  g_clear_object (&free_call.result);
  g_object_unref (other);
}

static void
cancel_at (IommudMemory *memory, GParamSpec *pspec, gpointer cancellable)
{
  if (mapping_fixture_get_mapped_bytes (iommud_memory_get_container (memory)) >= 5 * GIB)
    g_cancellable_cancel (cancellable);
}

static void
test_cancel (MappingFixture *fixture, gconstpointer unused)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  guint files = mapping_fixture_count_files ();
  gulong handler = g_signal_connect (iommud_container_get_memory (fixture->container),
                                     "notify::mapped-bytes", G_CALLBACK (cancel_at), cancellable);

  model_fixture_attach (&fixture->model, fixture->container, DIRTY_A);
  files = mapping_fixture_count_files ();
  g_assert_false (call_map_file (fixture->container, fixture->file, 0, 16 * GIB, 256 * GIB, FIXED,
                                 cancellable, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_signal_handler_disconnect (iommud_container_get_memory (fixture->container), handler);
  mapping_fixture_assert_mapped (fixture->container, "[]");
  g_assert_cmpuint (mapping_fixture_count_memory (), ==, 0);
  g_assert_cmpuint (mapping_fixture_count_files (), ==, files);
  g_assert_false (
      iommud_simulator_device_write (fixture->model.simulator, DIRTY_A, 256 * GIB, 1, 1, NULL));
}

static void
test_cancelled_before (MappingFixture *fixture, gconstpointer unused)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;

  g_cancellable_cancel (cancellable);
  g_assert_false (call_map_file (fixture->container, fixture->file, 0, PAGE, 0, FIXED, cancellable,
                                 NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  mapping_fixture_assert_mapped (fixture->container, "[]");
}

/* The kernel refuses to take back what it has mapped: then it is listed, whole, and can be unmapped
 * when the kernel wants to. */
static void
test_undo_fails (MappingFixture *fixture, gconstpointer kernel)
{
  gboolean by_file = g_str_equal (kernel, NEW);
  g_autoptr (GError) error = NULL;

  model_fixture_inject (&fixture->model, by_file ? "ioas-map-file" : "ioas-map", 4, ENOMEM, 0);
  model_fixture_inject (&fixture->model, "ioas-unmap", 2, EBUSY, 0);
  g_assert_false (
      call_map_file (fixture->container, fixture->file, 0, 8 * GIB, 0, FIXED, NULL, NULL, &error));
  mapping_fixture_assert_refused (error, IOMMUD_ERROR_NO_MEMORY, "RLIMIT_MEMLOCK");
  mapping_fixture_assert_mapped (fixture->container, "[(0, 0x80000000, 0, 3)]");
  /* The kernel may have only the address of what is left. */
  g_assert_cmpuint (mapping_fixture_count_memory (), >, 0);
  mapping_fixture_unmap (fixture->container, 0, 2 * GIB);
  g_assert_cmpuint (mapping_fixture_count_memory (), ==, 0);
}

static void
test_unmap_fails (MappingFixture *fixture, gconstpointer unused)
{
  mapping_fixture_map (fixture, fixture->container, 0, PAGE, 0, FIXED);
  mapping_fixture_map (fixture, fixture->container, PAGE, 8 * GIB, GIB / 2, FIXED);
  mapping_fixture_map (fixture, fixture->container, 0, PAGE, 16 * GIB, FIXED);
  model_fixture_inject (&fixture->model, "ioas-unmap", 4, EBUSY, 0);
  mapping_fixture_unmap_fails (fixture, 0, 32 * GIB, IOMMUD_ERROR_BUSY, "still uses it");
  /* The kernel's mappings end at whole GiB of IOVA; they go from the last to the first. */
  mapping_fixture_assert_mapped (
      fixture->container, "[(0x20000000, 0x1a0000000, 0x1000, 3), (0x400000000, 0x1000, 0, 3)]");
  mapping_fixture_unmap (fixture->container, GIB / 2, 6 * GIB + GIB / 2);
  mapping_fixture_unmap (fixture->container, 16 * GIB, PAGE);
}

/* The source is being mapped still when the copy is asked for. */
static void
test_copy_waits (MappingFixture *fixture, gconstpointer unused)
{
  IommudContainer *b = mapping_fixture_share (fixture, "b");
  guint ended = 0;
  Call map;

  begin_map (fixture, &map, &ended, 8 * GIB, 0, NULL);
  mapping_fixture_copy (b, fixture->container, 7 * GIB, GIB, 0, FIXED);
  finish_map (fixture, &map, -1);
  mapping_fixture_assert_mapped (b, "[(0, 0x40000000, 0x1c0000000, 3)]");
  model_fixture_free_container (b);
}

#define ADD(path, kernel, function)                                                                \
  g_test_add ("/mapping-turns/" kernel "/" path, MappingFixture, kernel, mapping_fixture_set_up,   \
              function, mapping_fixture_tear_down)
#define ADD_BOTH(path, function)                                                                   \
  ADD (path, OLD, function);                                                                       \
  ADD (path, NEW, function)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD_BOTH ("progress", test_progress);
  ADD_BOTH ("main-loop-goes-on", test_main_loop_goes_on);
  ADD_BOTH ("others-have-turns", test_others_have_turns);
  ADD_BOTH ("turns-alternate", test_turns_alternate);
  ADD ("mappings-wait", OLD, test_mappings_wait);
  ADD ("unplug-does-not-wait", OLD, test_unplug_does_not_wait);
  ADD ("free-waits", OLD, test_free_waits);
  ADD_BOTH ("cancel", test_cancel);
  ADD ("cancelled-before", OLD, test_cancelled_before);
  ADD_BOTH ("undo-fails", test_undo_fails);
  ADD_BOTH ("unmap-fails", test_unmap_fails);
  ADD ("copy-waits", OLD, test_copy_waits);
  return g_test_run ();
}
