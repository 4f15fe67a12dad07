/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The devices of a host, found by any of their names, while the kernel gives names away again. */
#include "model/device-table.h"

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

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/device-table/number-given-again", test_number_given_again);
  g_test_add_func ("/device-table/changed", test_changed);
  return g_test_run ();
}
