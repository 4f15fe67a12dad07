/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The devices of a host, found by any of their names, while the kernel gives names and places away
 * again. */
#include "model/device-table.h"

#include "backend/backend.h"
#include "model-fixture.h"

/* The info of a device whose node is called @vfio. */
static IommudDeviceInfo *
new_info (const char *name, const char *vfio)
{
  IommudDeviceInfo *info = iommud_device_info_new ();

  g_free (info->name);
  info->name = g_strdup (name);
  g_free (info->sysfs_path);
  info->sysfs_path = g_strconcat ("/sys/devices/", name, NULL);
  g_free (info->vfio_name);
  info->vfio_name = g_strdup (vfio);
  return info;
}

static IommudDevice *
add (IommudDeviceTable *table, const char *name, const char *vfio)
{
  g_autoptr (IommudDeviceInfo) info = new_info (name, vfio);
  g_autoptr (IommudDevice) device = iommud_device_new (NULL, info);

  g_assert_true (iommud_device_table_add (table, device));
  return device;
}

/* A device that has left stays in the table until it is detached, and its number is free before. */
static void
test_number_given_again (void)
{
  IommudDeviceTable *table = iommud_device_table_new ();
  IommudDevice *old = add (table, "0000:01:00.0", "vfio0");
  IommudDevice *new = add (table, "0000:02:00.0", "vfio0");

  g_assert_true (iommud_device_table_find (table, "vfio0") == new);
  iommud_device_table_remove (table, old);
  g_assert_true (iommud_device_table_find (table, "vfio0") == new);
  g_assert_null (iommud_device_table_find (table, "0000:01:00.0"));
  iommud_device_table_remove (table, new);
  g_assert_null (iommud_device_table_find (table, "vfio0"));
  iommud_device_table_free (table);
}

static void
test_changed (void)
{
  IommudDeviceTable *table = iommud_device_table_new ();
  IommudDevice *device = add (table, "0000:01:00.0", "vfio0");
  g_autoptr (IommudDeviceInfo) info = new_info ("0000:01:00.0", "vfio1");

  iommud_device_table_change (table, device, info);
  g_assert_null (iommud_device_table_find (table, "vfio0"));
  g_assert_true (iommud_device_table_find (table, "vfio1") == device);
  g_assert_true (iommud_device_table_find (table, "/sys/devices/0000:01:00.0") == device);
  iommud_device_table_free (table);
}

/* A device that has left the host, and waits to be detached, and one that has come in its place,
 * and may have left again by then. */
static void
replace_device (ModelFixture *self, gboolean leaves_too)
{
  IommudContainer *container =
      model_fixture_container (self, "a", IOMMUD_DIRTY_TRACKING_POLICY_OFF);
  IommudProbe *probe = iommud_backend_get_probe (IOMMUD_BACKEND (self->simulator));
  g_autoptr (IommudDevice) old = g_object_ref (model_fixture_device (self, PLAIN_A));
  g_autoptr (IommudDeviceInfo) info = iommud_device_info_ref (iommud_device_get_info (old));

  model_fixture_attach (self, container, PLAIN_A);
  iommud_probe_emit_removed (probe, info->sysfs_path);
  iommud_probe_emit_added (probe, info);
  if (leaves_too)
    iommud_probe_emit_removed (probe, info->sysfs_path);
  while (iommud_host_find_device (self->host, PLAIN_A, NULL) == old)
    g_main_context_iteration (NULL, TRUE);
  g_assert_true ((iommud_host_find_device (self->host, PLAIN_A, NULL) == NULL) == leaves_too);
  model_fixture_free_container (container);
}

static void
test_successor (ModelFixture *self, gconstpointer unused)
{
  replace_device (self, FALSE);
}

static void
test_successor_that_leaves (ModelFixture *self, gconstpointer unused)
{
  replace_device (self, TRUE);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/device-table/number-given-again", test_number_given_again);
  g_test_add_func ("/device-table/changed", test_changed);
  g_test_add ("/device-table/successor", ModelFixture, NULL, model_fixture_set_up, test_successor,
              model_fixture_tear_down);
  g_test_add ("/device-table/successor-leaves-too", ModelFixture, NULL, model_fixture_set_up,
              test_successor_that_leaves, model_fixture_tear_down);
  return g_test_run ();
}
