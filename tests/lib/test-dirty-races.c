/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Devices that write while memory is unmapped with a bitmap. */
#include "config.h"

#include "dirty-fixture.h"

typedef struct
{
  MappingFixture *fixture;
  const char *device;
  guint64 iova;
  guint64 n_written; /* pages, from the first on */
  gint has_begun;    /* atomic */
} Writer;

/* Page after page, until the IOMMU blocks it. */
static gpointer
write_until_blocked (gpointer data)
{
  Writer *self = data;

  while (iommud_simulator_device_write (self->fixture->model.simulator, self->device,
                                        self->iova + self->n_written * PAGE, 1, 1, NULL))
    {
      self->n_written++;
      g_atomic_int_set (&self->has_begun, TRUE);
    }
  return NULL;
}

/* No write is lost, no matter when it meets the unmap. */
static void
unmap_while_written (MappingFixture *self, const char *device)
{
  const guint64 length = 256 * MIB;

  dirty_fixture_map (self, 0, MIB);
  dirty_fixture_attach (self, device, IOMMUD_TRACKER_CHOICE_AUTO);
  dirty_fixture_start (self);
  for (guint round = 0; round < 4; round++)
    {
      Writer writer = { .fixture = self, .device = device, .iova = GIB };
      g_autofree char *dirty = NULL;
      g_autofree char *expected = NULL;
      GThread *thread;

      dirty_fixture_map (self, GIB, length);
      g_free (dirty_fixture_read_all (self, 0, 2 * GIB, PAGE, FALSE, IOMMUD_TRACKER_CHOICE_AUTO));
      thread = g_thread_new ("writer", write_until_blocked, &writer);
      while (!g_atomic_int_get (&writer.has_begun))
        g_thread_yield ();
      dirty = dirty_fixture_unmap (self, GIB, length);
      g_thread_join (thread);
      g_test_message ("%" G_GUINT64_FORMAT " pages were written", writer.n_written);
      g_assert_cmpuint (writer.n_written, >, 0);
      if (writer.n_written == 1)
        expected = g_strdup ("0");
      else
        expected = g_strdup_printf ("0-%" G_GUINT64_FORMAT, writer.n_written - 1);
      g_assert_cmpstr (dirty, ==, expected);
    }
  dirty_fixture_stop (self);
}

static void
test_unmap_races_iommu (MappingFixture *self, gconstpointer unused)
{
  unmap_while_written (self, DIRTY_B);
}

static void
test_unmap_races_log (MappingFixture *self, gconstpointer unused)
{
  unmap_while_written (self, LOGGING);
}

/* What a device can write to while it is on the twin. */
typedef struct
{
  MappingFixture *fixture;
  guint reads;
  gboolean inside;
  gboolean outside;
} Visitor;

static gpointer
write_on_twin (gpointer data)
{
  Visitor *self = data;
  IommudSimulator *simulator = self->fixture->model.simulator;

  while (dirty_fixture_count (self->fixture, "get-dirty-bitmap") == self->reads)
    g_thread_yield ();
  self->inside = iommud_simulator_device_write (simulator, DIRTY_A, MIB, 1, 1, NULL);
  self->outside = iommud_simulator_device_write (simulator, DIRTY_A, 0, 1, 1, NULL);
  return NULL;
}

/* The twin has everything except the range, and records. */
static void
test_unmap_on_twin (MappingFixture *self, gconstpointer unused)
{
  Visitor visitor = { .fixture = self };
  g_autofree char *dirty = NULL;
  GThread *thread;

  dirty_fixture_map (self, 0, MIB);
  dirty_fixture_map (self, MIB, MIB);
  dirty_fixture_attach (self, DIRTY_A, IOMMUD_TRACKER_CHOICE_AUTO);
  dirty_fixture_start (self);
  visitor.reads = dirty_fixture_count (self, "get-dirty-bitmap");
  /* The call is counted before it waits, and the device has moved by then. */
  model_fixture_inject (&self->model, "get-dirty-bitmap", 1, 0, 300);
  thread = g_thread_new ("visitor", write_on_twin, &visitor);
  dirty = dirty_fixture_unmap (self, MIB, MIB);
  g_thread_join (thread);
  g_assert_false (visitor.inside);
  g_assert_true (visitor.outside);
  g_assert_cmpstr (dirty, ==, "");
  dirty_fixture_assert_dirty (self, 0, MIB, "0");
  dirty_fixture_stop (self);
}

/* A write that is made after everything that comes before the unmap. */
typedef struct
{
  MappingFixture *fixture;
  guint unmaps;
  gboolean written;
} LateWriter;

static gpointer
write_before_unmap (gpointer data)
{
  LateWriter *self = data;

  while (dirty_fixture_count (self->fixture, "ioas-unmap") == self->unmaps)
    g_thread_yield ();
  self->written =
      iommud_simulator_device_write (self->fixture->model.simulator, LOGGING, 3 * PAGE, 1, 1, NULL);
  return NULL;
}

/* The device is not moved, so that it can write until then, and its log is read afterwards. */
static void
test_unmap_reads_log_last (MappingFixture *self, gconstpointer unused)
{
  LateWriter writer = { .fixture = self };
  g_autofree char *dirty = NULL;
  GThread *thread;

  dirty_fixture_map (self, 0, MIB);
  dirty_fixture_attach (self, LOGGING, IOMMUD_TRACKER_CHOICE_AUTO);
  dirty_fixture_start (self);
  writer.unmaps = dirty_fixture_count (self, "ioas-unmap");
  /* The call is counted before it waits. */
  model_fixture_inject (&self->model, "ioas-unmap", 1, 0, 300);
  thread = g_thread_new ("writer", write_before_unmap, &writer);
  dirty = dirty_fixture_unmap (self, 0, MIB);
  g_thread_join (thread);
  g_assert_true (writer.written);
  g_assert_cmpstr (dirty, ==, "3");
  dirty_fixture_stop (self);
}

#define ADD(path, function)                                                                        \
  g_test_add ("/dirty-races/" path, MappingFixture, NULL, mapping_fixture_set_up, function,        \
              mapping_fixture_tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("iommu", test_unmap_races_iommu);
  ADD ("log", test_unmap_races_log);
  ADD ("on-twin", test_unmap_on_twin);
  ADD ("reads-log-last", test_unmap_reads_log_last);
  return g_test_run ();
}
