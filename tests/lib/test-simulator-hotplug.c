/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Devices of the simulated kernel that come and go, and who owns their nodes. */
#include "config.h"

#include "simulator/simulator-testing.h"
#include "simulator-fixture.h"

#include "backend/backend.h"
#include "handle/binding.h"
#include "iommud-error.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define DEVICE "0000:01:00.0"

static const char host_xml[] =
    "<simulated-host>"
    "  <iommu name='dmar0'/>"
    "  <device name='" DEVICE "' iommu='dmar0' group='1'/>"
    "  <device name='0000:02:00.0' iommu='dmar0' group='2' plugged='no'/>"
    "</simulated-host>";

typedef struct
{
  GString *log;
  GThread *thread; /* that the last signal came in */
} Watch;

static void
on_added (IommudProbe *probe, IommudDeviceInfo *info, gpointer data)
{
  Watch *watch = data;

  g_string_append_printf (watch->log, "+%s ", info->name);
  watch->thread = g_thread_self ();
}

static void
on_removed (IommudProbe *probe, const char *sysfs_path, gpointer data)
{
  Watch *watch = data;
  g_autofree char *name = g_path_get_basename (sysfs_path);

  g_string_append_printf (watch->log, "-%s ", name);
  watch->thread = g_thread_self ();
}

static void
assert_log (Watch *watch, const char *expected)
{
  g_assert_cmpstr (watch->log->str, ==, expected);
  g_string_truncate (watch->log, 0);
}

static void
test_hotplug (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (IommudSimulator) simulator = iommud_simulator_new_from_data (host_xml, -1, &error);
  const IommudSyscalls *syscalls;
  IommudProbe *probe;
  Watch watch = { g_string_new (NULL), NULL };
  int fd;

  g_assert_no_error (error);
  syscalls = iommud_backend_get_syscalls (IOMMUD_BACKEND (simulator));
  probe = iommud_backend_get_probe (IOMMUD_BACKEND (simulator));
  g_signal_connect (probe, "device-added", G_CALLBACK (on_added), &watch);
  g_signal_connect (probe, "device-removed", G_CALLBACK (on_removed), &watch);
  g_assert_true (iommud_probe_start (probe, &error));
  assert_log (&watch, "+" DEVICE " ");

  g_assert_true (iommud_simulator_plug_device (simulator, "0000:02:00.0", &error));
  assert_log (&watch, "+0000:02:00.0 ");
  g_assert_false (iommud_simulator_plug_device (simulator, "0000:02:00.0", &error));
  g_assert_error (error, IOMMUD_ERROR, IOMMUD_ERROR_EXISTS);
  g_clear_error (&error);
  g_assert_false (iommud_simulator_plug_device (simulator, "nothing", &error));
  g_assert_error (error, IOMMUD_ERROR, IOMMUD_ERROR_NOT_FOUND);
  g_clear_error (&error);

  /* The node goes at once, the device with the last close. */
  fd = syscalls->open (syscalls, "/dev/vfio/devices/vfio0", 0, O_RDWR | O_CLOEXEC);
  g_assert_cmpint (fd, >=, 0);
  g_assert_true (iommud_simulator_unplug_device (simulator, DEVICE, &error));
  assert_log (&watch, "-" DEVICE " ");
  g_assert_cmpint (syscalls->open (syscalls, "/dev/vfio/devices/vfio0", 0, O_RDWR), ==, -1);
  g_assert_cmpint (errno, ==, ENODEV);
  g_assert_false (iommud_simulator_unplug_device (simulator, DEVICE, &error));
  g_assert_error (error, IOMMUD_ERROR, IOMMUD_ERROR_NOT_FOUND);
  g_clear_error (&error);
  g_assert_false (iommud_simulator_plug_device (simulator, DEVICE, &error));
  g_assert_error (error, IOMMUD_ERROR, IOMMUD_ERROR_BUSY);
  g_clear_error (&error);
  g_assert_cmpint (syscalls->close (syscalls, fd), ==, 0);
  g_assert_cmpint (syscalls->open (syscalls, "/dev/vfio/devices/vfio0", 0, O_RDWR), ==, -1);
  g_assert_cmpint (errno, ==, ENOENT);
  g_assert_true (iommud_simulator_plug_device (simulator, DEVICE, &error));
  assert_log (&watch, "+" DEVICE " ");
  g_string_free (watch.log, TRUE);
}

static gpointer
unplug (gpointer simulator)
{
  g_assert_true (iommud_simulator_unplug_device (simulator, DEVICE, NULL));
  return NULL;
}

/* Signals come in the main context that was the default when discovery was started. */
static void
test_hotplug_context (void)
{
  g_autoptr (IommudSimulator) simulator = iommud_simulator_new_from_data (host_xml, -1, NULL);
  g_autoptr (GMainContext) context = g_main_context_new ();
  IommudProbe *probe = iommud_backend_get_probe (IOMMUD_BACKEND (simulator));
  Watch watch = { g_string_new (NULL), NULL };

  g_main_context_push_thread_default (context);
  g_signal_connect (probe, "device-removed", G_CALLBACK (on_removed), &watch);
  g_assert_true (iommud_probe_start (probe, NULL));
  /* Nothing else may run the context meanwhile. */
  g_assert_true (g_main_context_acquire (context));
  g_thread_join (g_thread_new ("unplug", unplug, simulator));
  assert_log (&watch, "");
  g_main_context_iteration (context, TRUE);
  g_main_context_release (context);
  assert_log (&watch, "-" DEVICE " ");
  g_assert_true (watch.thread == g_thread_self ());
  g_main_context_pop_thread_default (context);
  g_string_free (watch.log, TRUE);
}

static void
test_node_owner (void)
{
  g_autoptr (IommudSimulator) simulator = iommud_simulator_new_from_data (host_xml, -1, NULL);
  IommudSimulatedKernel *kernel = iommud_simulator_get_kernel (simulator);
  IommudProbe *probe = iommud_backend_get_probe (IOMMUD_BACKEND (simulator));
  const IommudSyscalls *syscalls = iommud_backend_get_syscalls (IOMMUD_BACKEND (simulator));
  g_autoptr (GPtrArray) before = iommud_simulated_kernel_list_devices (kernel);
  g_autoptr (GPtrArray) after = NULL;
  g_autofree char *holder = NULL;
  gboolean complete;
  int fd, other;

  g_assert_null (iommud_probe_describe_holder (probe, before->pdata[0], &complete));
  g_assert_true (iommud_simulator_unplug_device (simulator, DEVICE, NULL));
  g_assert_true (iommud_simulator_plug_device (simulator, DEVICE, NULL));
  after = iommud_simulated_kernel_list_devices (kernel);
  fd = syscalls->open (syscalls, "/dev/vfio/devices/vfio0", 0, O_RDWR | O_CLOEXEC);
  g_assert_cmpint (fd, >=, 0);
  g_assert_true (iommud_probe_owns_node (probe, after->pdata[0], fd));
  g_assert_false (iommud_probe_owns_node (probe, before->pdata[0], fd));
  /* The first open file is that of the caller, as it is on a real host. */
  g_assert_null (iommud_probe_describe_holder (probe, after->pdata[0], &complete));
  other = syscalls->open (syscalls, "/dev/vfio/devices/vfio0", 0, O_RDWR | O_CLOEXEC);
  g_assert_cmpint (other, >=, 0);
  holder = iommud_probe_describe_holder (probe, after->pdata[0], &complete);
  g_assert_nonnull (holder);
  g_assert_nonnull (strstr (holder, "(pid "));
  syscalls->close (syscalls, other);
  syscalls->close (syscalls, fd);
}

/* A node that is another device's is closed again. */
static void
test_bind_to_another (void)
{
  g_autoptr (IommudSimulator) simulator = iommud_simulator_new_from_data (host_xml, -1, NULL);
  IommudSimulatedKernel *kernel = iommud_simulator_get_kernel (simulator);
  g_autoptr (GPtrArray) before = iommud_simulated_kernel_list_devices (kernel);
  IommudBinding binding = { .info = before->pdata[0], .cdev = -1 };
  IommudKernelAccess access = {
    .syscalls = iommud_backend_get_syscalls (IOMMUD_BACKEND (simulator)),
    .probe = iommud_backend_get_probe (IOMMUD_BACKEND (simulator)),
    .iommufd = -1,
    .what = (char *) "bind",
  };
  g_autoptr (GError) error = NULL;

  g_assert_true (iommud_simulator_unplug_device (simulator, DEVICE, NULL));
  g_assert_true (iommud_simulator_plug_device (simulator, DEVICE, NULL));
  g_assert_false (iommud_binding_bind (&binding, &access, &error));
  g_assert_error (error, IOMMUD_ERROR, IOMMUD_ERROR_DEVICE_GONE);
  g_assert_cmpint (binding.cdev, ==, -1);
  g_assert_cmpuint (iommud_simulator_count_calls (simulator, "open-cdev"), ==, 1);
  g_assert_cmpuint (iommud_simulated_kernel_count_files (kernel), ==, 0);
}

static void
test_device_write (void)
{
  g_autoptr (IommudSimulator) simulator = iommud_simulator_new_from_data (host_xml, -1, NULL);
  g_autoptr (GError) error = NULL;

  g_assert_false (iommud_simulator_device_write (simulator, DEVICE, 0, 1, 0, &error));
  g_assert_error (error, IOMMUD_ERROR, IOMMUD_ERROR_FAILED);
  g_clear_error (&error);
  g_assert_false (iommud_simulator_device_write (simulator, "nothing", 0, 1, 0, &error));
  g_assert_error (error, IOMMUD_ERROR, IOMMUD_ERROR_NOT_FOUND);
  g_clear_error (&error);
  g_assert_false (iommud_simulator_inject_fault (simulator, "juggle", 1, EIO, 0, &error));
  g_assert_error (error, IOMMUD_ERROR, IOMMUD_ERROR_INVALID_ARGUMENT);
  g_clear_error (&error);
  g_assert_false (iommud_simulator_inject_fault (simulator, "bind", 1, -1, 0, &error));
  g_assert_error (error, IOMMUD_ERROR, IOMMUD_ERROR_INVALID_ARGUMENT);
  g_assert_cmpuint (iommud_simulator_count_calls (simulator, "juggle"), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/simulator/hotplug/signals", test_hotplug);
  g_test_add_func ("/simulator/hotplug/context", test_hotplug_context);
  g_test_add_func ("/simulator/hotplug/node-owner", test_node_owner);
  g_test_add_func ("/simulator/hotplug/bind-to-another", test_bind_to_another);
  g_test_add_func ("/simulator/errors", test_device_write);
  return g_test_run ();
}
