/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A mock machine: umockdev provides its sysfs, nodes and uevents. */
#include "config.h"

#include "machine.h"

#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <umockdev.h>
#include <unistd.h>

#define PRELOAD "libumockdev-preload.so.0"

struct _Machine
{
  UMockdevTestbed *testbed;
};

/* The mock only works with its library loaded before libc, so that the program has to start anew.
 * A sanitizer wants to be loaded first; it works when it is not. */
const char *
machine_enter (char **argv)
{
  const char *preloaded = g_getenv ("LD_PRELOAD");
  const char *options = g_getenv ("ASAN_OPTIONS");
  g_autofree char *libraries = g_strjoin (" ", PRELOAD, preloaded, NULL);
  g_autofree char *asan = g_strjoin (":", "verify_asan_link_order=0", options, NULL);
  g_autoptr (UMockdevTestbed) testbed = NULL;

  if (preloaded == NULL || strstr (preloaded, PRELOAD) == NULL)
    {
      g_setenv ("LD_PRELOAD", libraries, TRUE);
      g_setenv ("ASAN_OPTIONS", asan, TRUE);
      execv ("/proc/self/exe", argv);
      return "the test program could not be started anew";
    }
  testbed = umockdev_testbed_new ();
  return umockdev_in_mock_environment () ? NULL : PRELOAD " could not be preloaded";
}

Machine *
machine_new (void)
{
  Machine *self = g_new0 (Machine, 1);

  self->testbed = umockdev_testbed_new ();
  return self;
}

void
machine_free (Machine *self)
{
  g_object_unref (self->testbed);
  g_free (self);
}

void
machine_add (Machine *self, const char *path, const char *subsystem, const char *facts)
{
  g_autofree char *description =
      g_strdup_printf ("P: %s\nE: SUBSYSTEM=%s\n%s\n", path, subsystem, facts);
  g_autoptr (GError) error = NULL;

  umockdev_testbed_add_from_string (self->testbed, description, &error);
  g_assert_no_error (error);
}

/* umockdev makes each node a pty, and none a second time: a plain file does for what has only to
 * be there. */
static char *
get_node (Machine *self, guint number)
{
  g_autofree char *root = umockdev_testbed_get_root_dir (self->testbed);

  return g_strdup_printf ("%s/dev/vfio/devices/vfio%u", root, number);
}

void
machine_add_vfio (Machine *self, const char *path, guint number)
{
  g_autofree char *vfio_path = g_strdup_printf ("%s/vfio-dev/vfio%u", path, number);
  g_autofree char *facts =
      g_strdup_printf ("E: DEVNAME=/dev/vfio/devices/vfio%u\nA: dev=511:%u\n", number, number);
  g_autofree char *node = get_node (self, number);
  g_autofree char *folder = g_path_get_dirname (node);

  g_assert_cmpint (g_mkdir_with_parents (folder, 0755), ==, 0);
  g_assert_true (g_file_set_contents (node, "", 0, NULL));
  machine_add (self, vfio_path, "vfio-dev", facts);
}

void
machine_add_vfio_without_node (Machine *self, const char *path, guint number)
{
  g_autofree char *vfio_path = g_strdup_printf ("%s/vfio-dev/vfio%u", path, number);

  machine_add (self, vfio_path, "vfio-dev", "");
}

static void
write_device (const char *folder, const char *subsystem)
{
  g_autofree char *uevent = g_build_filename (folder, "uevent", NULL);
  g_autofree char *link = g_build_filename (folder, "subsystem", NULL);
  g_autofree char *target = g_strconcat ("/sys/class/", subsystem, NULL);
  FILE *file;

  g_assert_cmpint (g_mkdir_with_parents (folder, 0755), ==, 0);
  file = fopen (uevent, "we");
  g_assert_nonnull (file);
  g_assert_cmpint (fclose (file), ==, 0);
  g_assert_cmpint (symlink (target, link), ==, 0);
}

/* umockdev takes 20 ms for each device: this writes just what makes libudev see one. */
void
machine_add_many (Machine *self, guint count)
{
  g_autofree char *sys = umockdev_testbed_get_sys_dir (self->testbed);
  g_autofree char *class = g_build_filename (sys, "class", "vfio-dev", NULL);

  g_assert_cmpint (g_mkdir_with_parents (class, 0755), ==, 0);
  for (guint i = 0; i < count; i++)
    {
      g_autofree char *path = g_strdup_printf ("devices/pci%04x:00/%04x:00:%02x.%x", i / 256,
                                               i / 256, i / 8 % 32, i % 8);
      g_autofree char *device = g_build_filename (sys, path, NULL);
      g_autofree char *vfio = g_strdup_printf ("%s/vfio-dev/vfio%u", device, i);
      g_autofree char *link = g_strdup_printf ("%s/vfio%u", class, i);
      g_autofree char *target = g_strdup_printf ("../../%s/vfio-dev/vfio%u", path, i);

      write_device (device, "pci");
      write_device (vfio, "vfio-dev");
      g_assert_cmpint (symlink (target, link), ==, 0);
    }
}

void
machine_remove (Machine *self, const char *path)
{
  g_autofree char *full_path = g_strconcat ("/sys", path, NULL);

  umockdev_testbed_uevent (self->testbed, full_path, "remove");
  umockdev_testbed_remove_device (self->testbed, full_path);
}

void
machine_remove_vfio (Machine *self, const char *path, guint number)
{
  g_autofree char *vfio_path = g_strdup_printf ("%s/vfio-dev/vfio%u", path, number);
  g_autofree char *node = get_node (self, number);
  g_autofree char *number_text = g_strdup_printf ("511:%u", number);

  g_remove (node);
  /* umockdev finds its own links by this number. */
  machine_set_attribute (self, vfio_path, "dev", number_text);
  machine_remove (self, vfio_path);
}

void
machine_set_link (Machine *self, const char *path, const char *name, const char *target)
{
  g_autofree char *sys = umockdev_testbed_get_sys_dir (self->testbed);
  g_autofree char *link = g_build_filename (sys, path, name, NULL);

  g_remove (link);
  if (target != NULL)
    g_assert_cmpint (symlink (target, link), ==, 0);
}

void
machine_set_attribute (Machine *self, const char *path, const char *name, const char *value)
{
  g_autofree char *full_path = g_strconcat ("/sys", path, NULL);

  umockdev_testbed_set_attribute (self->testbed, full_path, name, value);
}

void
machine_send_event (Machine *self, const char *path, const char *action)
{
  g_autofree char *full_path = g_strconcat ("/sys", path, NULL);

  umockdev_testbed_uevent (self->testbed, full_path, action);
}

void
machine_add_group_member (Machine *self, guint group, const char *path)
{
  g_autofree char *sys = umockdev_testbed_get_sys_dir (self->testbed);
  g_autofree char *folder = g_strdup_printf ("%s/kernel/iommu_groups/%u/devices", sys, group);
  g_autofree char *name = g_path_get_basename (path);
  g_autofree char *link = g_build_filename (folder, name, NULL);
  g_autofree char *target = g_strconcat ("../../../..", path, NULL);

  g_assert_cmpint (g_mkdir_with_parents (folder, 0755), ==, 0);
  g_assert_cmpint (symlink (target, link), ==, 0);
}

void
machine_write (Machine *self, const char *folder, const char *name, const char *text)
{
  g_autofree char *sys = umockdev_testbed_get_sys_dir (self->testbed);
  g_autofree char *full_folder = g_build_filename (sys, folder, NULL);
  g_autofree char *path = g_build_filename (full_folder, name, NULL);

  g_assert_cmpint (g_mkdir_with_parents (full_folder, 0755), ==, 0);
  g_assert_true (g_file_set_contents (path, text, -1, NULL));
}
