/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What polkit is told of the devices that a call is about. */
#include "access-bed.h"
#include "fake-polkit.h"
#include "leases.h"

#define DEVICE "0000:01:00.0"
#define SIBLING "0000:01:00.1"
#define OTHER "0000:02:00.0"
#define MOST_DETAILS 8

/* Those that are missing, and what they have in common once. */
static void
test_details (AccessBed *self, gconstpointer unused)
{
  static const char *const devices[] = { DEVICE, SIBLING, OTHER, NULL };
  g_autoptr (FakePolkit) polkit = fake_polkit_new (self->bed->address, FAKE_POLKIT_REFUSES);

  access_bed_refuse (self, IOMMUD_DBUS_MANAGER_PATH, "LeaseDevices",
                     leases_arguments (self->bed, devices, NULL), "*polkit does not allow*");
  g_assert_cmpstr (fake_polkit_get_detail (polkit, "device"), ==, DEVICE ", " SIBLING);
  g_assert_cmpstr (fake_polkit_get_detail (polkit, "driver"), ==, "vfio-pci");
  g_assert_cmpstr (fake_polkit_get_detail (polkit, "group"), ==, "10");
}

/* The text that asks for a password stays short. */
static void
test_many_details (AccessBed *self, gconstpointer unused)
{
  g_autoptr (FakePolkit) polkit = fake_polkit_new (self->bed->address, FAKE_POLKIT_REFUSES);
  GListModel *devices = iommud_host_get_devices (self->bed->host);
  const char *names[MOST_DETAILS + 2] = { NULL };
  g_auto (GStrv) named = NULL;

  for (guint i = 0; i <= MOST_DETAILS; i++)
    {
      g_autoptr (IommudDevice) device = g_list_model_get_item (devices, i);

      names[i] = iommud_device_get_name (device);
    }
  access_bed_refuse (self, IOMMUD_DBUS_MANAGER_PATH, "LeaseDevices",
                     leases_arguments (self->bed, names, NULL), "*polkit does not allow*");
  named = g_strsplit (fake_polkit_get_detail (polkit, "device"), ", ", -1);
  g_assert_cmpuint (g_strv_length (named), ==, MOST_DETAILS + 1);
  g_assert_cmpstr (named[MOST_DETAILS], ==, "... (9)");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, devices, function)                                                               \
  g_test_add ("/polkit-details/" name, AccessBed, devices, access_bed_set_up, function,            \
              access_bed_tear_down)
  ADD ("missing", OTHER, test_details);
  ADD ("many", NULL, test_many_details);
  return g_test_run ();
}
