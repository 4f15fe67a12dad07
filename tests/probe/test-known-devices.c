/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The devices that discovery knows: which are the same, and how they are found by both of their
 * paths. */
#include "config.h"

#include "probe/known-devices.h"

#define NIC "/sys/devices/nic"
#define GPU "/sys/devices/gpu"

static IommudKnownDevice *
new_known (const char *path, const char *vfio_path, ino_t life)
{
  IommudDeviceInfo *info = iommud_device_info_new ();

  g_free (info->sysfs_path);
  info->sysfs_path = g_strdup (path);
  return iommud_known_device_new (info, vfio_path, life, 0);
}

/* The kernel may give the inode of a device that has gone to the next one, under another name. */
static void
test_same (void)
{
  IommudKnownDevices *devices = iommud_known_devices_new ();
  IommudKnownDevice *first = new_known (NIC "1", NIC "/vfio0", 7);
  IommudKnownDevice *again = new_known (NIC "2", NIC "/vfio0", 7);
  IommudKnownDevice *renamed = new_known (NIC "3", NIC "/vfio1", 7);
  IommudKnownDevice *later = new_known (NIC "4", NIC "/vfio0", 8);

  g_assert_true (iommud_known_device_is_same (first, again));
  g_assert_false (iommud_known_device_is_same (first, renamed));
  g_assert_false (iommud_known_device_is_same (first, later));
  iommud_known_devices_remember (devices, first);
  iommud_known_devices_remember (devices, again);
  iommud_known_devices_remember (devices, renamed);
  iommud_known_devices_remember (devices, later);
  iommud_known_devices_free (devices);
}

static void
test_paths (void)
{
  IommudKnownDevices *devices = iommud_known_devices_new ();
  IommudKnownDevice *gpu = new_known (GPU, GPU "/vfio1", 2);
  IommudKnownDevice *successor = new_known (NIC, NIC "/vfio2", 3);

  iommud_known_devices_remember (devices, new_known (NIC, NIC "/vfio0", 1));
  iommud_known_devices_remember (devices, gpu);
  iommud_known_devices_remember (devices, successor);
  g_assert_true (iommud_known_devices_find (devices, NIC) == successor);
  g_assert_null (iommud_known_devices_find_vfio (devices, NIC "/vfio0"));
  g_assert_true (iommud_known_devices_find_vfio (devices, NIC "/vfio2") == successor);
  iommud_known_devices_forget (devices, NIC);
  iommud_known_devices_forget (devices, NIC);
  g_assert_null (iommud_known_devices_find_vfio (devices, NIC "/vfio2"));
  g_assert_true (iommud_known_devices_find (devices, GPU) == gpu);
  iommud_known_devices_forget_all (devices);
  g_assert_null (iommud_known_devices_find_vfio (devices, GPU "/vfio1"));
  iommud_known_devices_free (devices);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/known-devices/same", test_same);
  g_test_add_func ("/known-devices/paths", test_paths);
  return g_test_run ();
}
