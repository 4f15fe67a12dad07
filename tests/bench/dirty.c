/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What ReadBitmap costs over the bus, compared with the same ioctls without us. */
#include <gio/gunixfdlist.h>
#include <stdio.h>

#include "bed.h"
#include "common.h"
#include "dirty-workload.h"

typedef struct
{
  Bed *bed;
  const char *container;
  gboolean done;
} DirtyUser;

static void
write_pages (gpointer user_data)
{
  dirty_workload_write (((DirtyUser *) user_data)->bed->simulator);
}

static void
on_read (GObject *source, GAsyncResult *result, gpointer user_data)
{
  DirtyUser *self = user_data;
  g_autoptr (GUnixFDList) files = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = g_dbus_connection_call_with_unix_fd_list_finish (
      G_DBUS_CONNECTION (source), &files, result, &error);
  guint64 dirty_pages = 0;

  g_assert_no_error (error);
  g_variant_get (reply, "(ht)", NULL, &dirty_pages);
  g_assert_cmpuint (dirty_pages, ==, dirty_workload_count_pages ());
  self->done = TRUE;
}

static void
read_over_bus (gpointer user_data)
{
  DirtyUser *self = user_data;

  self->done = FALSE;
  g_dbus_connection_call_with_unix_fd_list (
      self->bed->client, IOMMUD_DBUS_BUS_NAME, self->container,
      IOMMUD_DBUS_DIRTY_TRACKING_INTERFACE, "ReadBitmap",
      g_variant_new ("(ttta{sv})", DIRTY_WORKLOAD_IOVA, DIRTY_WORKLOAD_LENGTH, DIRTY_WORKLOAD_PAGE,
                     NULL),
      G_VARIANT_TYPE ("(ht)"), G_DBUS_CALL_FLAGS_NONE, G_MAXINT, NULL, NULL, on_read, self);
  bed_wait (&self->done);
}

void
bench_dirty (const char *address, GDBusConnection *connection)
{
  g_autofree char *xml = dirty_workload_describe ();
  g_autoptr (Bed) bed = bed_new (xml);
  g_autoptr (IommudContainer) container = dirty_workload_set_up (bed->host);
  g_autofree char *name = NULL;
  g_autofree char *path = NULL;
  DirtyUser user = { .bed = bed };
  BenchBare *bare = bench_bare_start ("dirty");
  BenchBare *library = bench_bare_start ("dirty-library");
  Measurement sides[] = {
    { .run = bench_bare_run, .user_data = bare },
    { .run = bench_bare_run, .user_data = library },
    { .function = read_over_bus, .user_data = &user, .prepare = write_pages },
  };

  g_object_get (container, "name", &name, NULL);
  path = bed_call_for_path (bed, IOMMUD_DBUS_MANAGER_PATH, "FindContainer",
                            g_variant_new ("(s)", name));
  user.container = path;
  measure_side_by_side (sides, G_N_ELEMENTS (sides), DIRTY_WORKLOAD_READINGS);
  printf ("Dirty bitmap of 1 TiB, 4 KiB pages, %u HWPTs and %u logs (median of %d x %d)\n",
          DIRTY_WORKLOAD_TRACKERS, DIRTY_WORKLOAD_TRACKERS, MEASURE_ROUNDS,
          DIRTY_WORKLOAD_READINGS);
  measure_print ("the bare ioctls and a count", &sides[0], NULL);
  measure_print ("in the library", &sides[1], &sides[0]);
  measure_print ("over the bus", &sides[2], &sides[0]);
  printf ("\n");
  bench_bare_stop (bare);
  bench_bare_stop (library);
}
