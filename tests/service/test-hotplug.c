/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a caller sees of a device that changes, or leaves and comes back, while a call on it is
 * under way. */
#include "bed.h"
#include "recorder.h"

#include "backend/backend.h"

#define PCI_1 "0000:01:00.0"

typedef struct
{
  Bed *bed;
  Recorder *recorder;
  char *container;
  char *device;
  IommudDeviceInfo *info; /* what discovery reports next */
  gboolean answered;
  GVariant *reply;
  GError *error;
} Fixture;

static void
copy_string (IommudDevice *device, const char *property, char **member)
{
  g_free (*member);
  g_object_get (device, property, member, NULL);
}

/* As discovery has described the device, with another driver. */
static IommudDeviceInfo *
describe (Bed *bed, const char *name)
{
  IommudDevice *device = iommud_host_find_device (bed->host, name, NULL);
  IommudDeviceInfo *info = iommud_device_info_new ();

  copy_string (device, "name", &info->name);
  copy_string (device, "bus", &info->bus);
  copy_string (device, "sysfs-path", &info->sysfs_path);
  copy_string (device, "cdev-path", &info->cdev_path);
  copy_string (device, "vfio-name", &info->vfio_name);
  copy_string (device, "iommu", &info->iommu);
  g_object_get (device, "iommu-group", &info->iommu_group, NULL);
  g_free (info->driver);
  info->driver = g_strdup ("other-pci");
  return info;
}

static void
set_up (Fixture *self, gconstpointer data)
{
  self->bed = bed_new (NULL);
  self->container = bed_create (self->bed, "{'name': <'vm1'>}");
  self->device = bed_device (self->bed, PCI_1);
  self->info = describe (self->bed, PCI_1);
  self->recorder = recorder_new (self->bed->client);
  bed_settle (self->bed);
  recorder_clear (self->recorder);
}

static void
tear_down (Fixture *self, gconstpointer data)
{
  g_clear_pointer (&self->reply, g_variant_unref);
  g_clear_error (&self->error);
  bed_call_ok (self->bed, self->container, "Free", bed_options ("{'force': <true>}"));
  recorder_free (self->recorder);
  iommud_device_info_unref (self->info);
  g_free (self->container);
  g_free (self->device);
  bed_free (self->bed);
}

static IommudProbe *
get_probe (Fixture *self)
{
  IommudBackend *backend = IOMMUD_BACKEND (self->bed->simulator);

  return IOMMUD_BACKEND_GET_CLASS (backend)->get_probe (backend);
}

static void
on_answer (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Fixture *self = user_data;

  self->reply = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &self->error);
  self->answered = TRUE;
}

/* The worker is in a kernel call, whose end the main loop has not seen. */
static void
start_attach (Fixture *self)
{
  g_assert_true (iommud_simulator_inject_fault (self->bed->simulator, "attach", 1, 0, 100, NULL));
  g_dbus_connection_call (self->bed->client, IOMMUD_DBUS_BUS_NAME, self->container,
                          IOMMUD_DBUS_CONTAINER_INTERFACE, "AttachDevice",
                          bed_device_arguments (self->device, NULL), NULL, G_DBUS_CALL_FLAGS_NONE,
                          -1, NULL, on_answer, self);
  while (iommud_simulator_count_calls (self->bed->simulator, "attach") == 0)
    g_main_context_iteration (NULL, FALSE);
}

static void
wait_for_answer (Fixture *self)
{
  bed_wait (&self->answered);
  g_assert_no_error (self->error);
  bed_settle (self->bed);
}

/* The first line that matches comes behind the one that matches the pattern before. */
static void
assert_order (Fixture *self, const char *const *patterns)
{
  g_autofree char *text = recorder_get_text (self->recorder);
  int last = -1;

  g_test_message ("%s", text);
  for (gsize i = 0; patterns[i] != NULL; i++)
    {
      int place = recorder_find (self->recorder, patterns[i]);

      if (place <= last)
        g_error ("'%s' is missing or comes too early in:\n%s", patterns[i], text);
      last = place;
    }
}

/* The call ends as if nothing had been reported, and the change is told. */
static void
test_change (Fixture *self, gconstpointer data)
{
  g_autofree char *told =
      g_strdup_printf ("PropertiesChanged %s *'Driver': <'other-pci'>*", self->device);
  g_autofree char *attached =
      g_strdup_printf ("PropertiesChanged %s *'State': <'attached'>*", self->device);
  g_autofree char *moved = g_strdup_printf ("Interfaces* %s *", self->device);

  start_attach (self);
  iommud_probe_emit_changed (get_probe (self), self->info);
  wait_for_answer (self);
  g_assert_cmpuint (recorder_count (self->recorder, told), ==, 1);
  g_assert_cmpuint (recorder_count (self->recorder, attached), ==, 1);
  g_assert_cmpuint (recorder_count (self->recorder, moved), ==, 0);
  bed_assert (self->bed, self->device, "Driver", "'other-pci'");
  bed_assert (self->bed, self->device, "State", "'attached'");
  bed_call_ok (self->bed, self->device, "Detach", bed_options (NULL));
  bed_assert (self->bed, self->device, "Driver", "'other-pci'");
}

static void
replug (Fixture *self)
{
  g_autofree char *path = g_strdup (self->info->sysfs_path);

  iommud_probe_emit_removed (get_probe (self), path);
  iommud_probe_emit_added (get_probe (self), self->info);
}

static void
wait_for_line (Fixture *self, const char *pattern)
{
  while (recorder_find (self->recorder, pattern) < 0)
    bed_iterate ();
  bed_settle (self->bed);
}

/* The object of the device that left goes, once nothing points at it, and then the other comes
 * under the same path. */
static void
check_replaced (Fixture *self)
{
  g_autofree char *let_go =
      g_strdup_printf ("PropertiesChanged %s *'Container': <*'/'>*", self->device);
  g_autofree char *removed = g_strdup_printf ("InterfacesRemoved %s *", self->device);
  g_autofree char *added =
      g_strdup_printf ("InterfacesAdded %s *'Driver': <'other-pci'>*", self->device);
  const char *const patterns[] = { let_go, removed, added, NULL };

  wait_for_line (self, added);
  assert_order (self, patterns);
  g_assert_cmpuint (recorder_count (self->recorder, removed), ==, 1);
  g_assert_cmpuint (recorder_count (self->recorder, added), ==, 1);
  bed_assert (self->bed, self->device, "State", "'available'");
  bed_assert (self->bed, self->container, "Devices", "[]");
  bed_assert (self->bed, self->container, "Hwpts", "[]");
}

static void
test_replug (Fixture *self, gconstpointer data)
{
  start_attach (self);
  replug (self);
  bed_wait (&self->answered);
  g_assert_no_error (self->error);
  check_replaced (self);
}

static void
test_replug_attached (Fixture *self, gconstpointer data)
{
  g_autofree char *hwpt G_GNUC_UNUSED = bed_attach (self->bed, self->container, self->device);

  recorder_clear (self->recorder);
  replug (self);
  check_replaced (self);
}

#define ADD(name, function)                                                                        \
  g_test_add ("/hotplug/" name, Fixture, NULL, set_up, function, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("change", test_change);
  ADD ("replug", test_replug);
  ADD ("replug-attached", test_replug_attached);
  return g_test_run ();
}
