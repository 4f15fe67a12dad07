/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Discovery on a mock machine, and what its signals have reported so far. */
#include "config.h"

#include "udev-fixture.h"

#include <string.h>

static void
on_added (IommudProbe *probe, IommudDeviceInfo *info, UdevFixture *fixture)
{
  g_assert_false (g_hash_table_contains (fixture->devices, info->sysfs_path));
  g_hash_table_insert (fixture->devices, info->sysfs_path, iommud_device_info_ref (info));
  g_string_append_printf (fixture->log, "+%s ", info->vfio_name);
}

static void
on_changed (IommudProbe *probe, IommudDeviceInfo *info, UdevFixture *fixture)
{
  g_assert_true (g_hash_table_contains (fixture->devices, info->sysfs_path));
  g_hash_table_replace (fixture->devices, info->sysfs_path, iommud_device_info_ref (info));
  g_string_append_printf (fixture->log, "~%s ", info->vfio_name);
}

static void
on_removed (IommudProbe *probe, const char *sysfs_path, UdevFixture *fixture)
{
  g_autofree char *name = g_path_get_basename (sysfs_path);

  g_assert_true (g_hash_table_remove (fixture->devices, sysfs_path));
  g_string_append_printf (fixture->log, "-%s ", name);
}

void
udev_fixture_set_up (UdevFixture *fixture, gconstpointer data)
{
  fixture->machine = machine_new ();
  fixture->probe = iommud_udev_probe_new ();
  fixture->devices = g_hash_table_new_full (g_str_hash, g_str_equal, NULL,
                                            (GDestroyNotify) iommud_device_info_unref);
  fixture->log = g_string_new ("");
  g_signal_connect (fixture->probe, "device-added", G_CALLBACK (on_added), fixture);
  g_signal_connect (fixture->probe, "device-changed", G_CALLBACK (on_changed), fixture);
  g_signal_connect (fixture->probe, "device-removed", G_CALLBACK (on_removed), fixture);
}

void
udev_fixture_tear_down (UdevFixture *fixture, gconstpointer data)
{
  g_assert_finalize_object (fixture->probe);
  g_hash_table_unref (fixture->devices);
  g_string_free (fixture->log, TRUE);
  machine_free (fixture->machine);
}

void
udev_fixture_start (UdevFixture *fixture)
{
  g_autoptr (GError) error = NULL;

  iommud_probe_start (fixture->probe, &error);
  g_assert_no_error (error);
}

const IommudDeviceInfo *
udev_fixture_find (UdevFixture *fixture, const char *path)
{
  g_autofree char *full_path = g_strconcat ("/sys", path, NULL);
  const IommudDeviceInfo *info = g_hash_table_lookup (fixture->devices, full_path);

  g_assert_nonnull (info);
  return info;
}

static gboolean
on_timeout (gpointer data)
{
  *(gboolean *) data = TRUE;
  return G_SOURCE_REMOVE;
}

/* Runs the loop until the signals so far are @expected, as on_added and its sisters write them. */
void
udev_fixture_expect (UdevFixture *fixture, const char *expected)
{
  gboolean is_late = FALSE;
  guint timeout = g_timeout_add_seconds (30, on_timeout, &is_late);

  while (!is_late && fixture->log->len < strlen (expected))
    g_main_context_iteration (NULL, TRUE);
  if (!is_late)
    g_source_remove (timeout);
  g_assert_cmpstr (fixture->log->str, ==, expected);
  g_string_truncate (fixture->log, 0);
}

/* An event that says nothing, and one of another device that says something: when the latter has
 * come through, the former has too. */
void
udev_fixture_expect_nothing (UdevFixture *fixture)
{
  static const char marker[] = "/devices/platform/marker";

  machine_add (fixture->machine, marker, "platform", "");
  machine_add_vfio (fixture->machine, marker, 9999);
  udev_fixture_expect (fixture, "+vfio9999 ");
  machine_remove_vfio (fixture->machine, marker, 9999);
  machine_remove (fixture->machine, marker);
  udev_fixture_expect (fixture, "-marker ");
}
