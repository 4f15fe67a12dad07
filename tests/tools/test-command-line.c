/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Parts of the command line that need no service: names of devices, words that were probably meant,
 * text of any origin, PCI devices that could be bound, and Ctrl-C. */
#include "device-name.h"
#include "escape.h"
#include "exit-status.h"
#include "holder.h"
#include "interrupt.h"
#include "iommud-dbus.h"
#include "pci.h"
#include "suggest.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <unistd.h>

static void
test_device_names (void)
{
  static const char *const names[][2] = {
    { "01:00.0", "0000:01:00.0" },
    { "AB:00.0", "0000:ab:00.0" },
    { "/dev/vfio/devices/vfio3", "vfio3" },
    { "/sys/bus/pci/devices/0000:01:00.0/", "0000:01:00.0" },
    { "/sys/bus/pci/drivers/vfio-pci/0000:01:00.0", "0000:01:00.0" },
    { "/sys/class/vfio-dev/vfio3", "vfio3" },
    { "/sys/devices/pci0000:00/0000:01:00.0/", "/sys/devices/pci0000:00/0000:01:00.0" },
    { "/sys/bus/pci/devices/0000:01:00.0/driver", "/sys/bus/pci/devices/0000:01:00.0/driver" },
    { "vfio3", "vfio3" },
  };
  g_autofree char *name = iommuctl_device_name_of_path ("/org/iommud1/devices/0000_3a01_3a00_2e0");

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *completed = iommuctl_device_name_complete (names[i][0]);

      g_assert_cmpstr (completed, ==, names[i][1]);
    }
  g_assert_cmpstr (name, ==, "0000:01:00.0");
}

static void
test_suggestions (void)
{
  static const char *const words[] = { "devices", "detach", "dirty read", "map", "unmap", NULL };

  g_assert_cmpstr (iommuctl_suggest ("device", words), ==, "devices");
  g_assert_cmpstr (iommuctl_suggest ("dettach", words), ==, "detach");
  g_assert_cmpstr (iommuctl_suggest ("dirty raed", words), ==, "dirty read");
  g_assert_cmpstr (iommuctl_suggest ("mpa", words), ==, "map");
  g_assert_cmpstr (iommuctl_suggest ("un", words), ==, "unmap");
  g_assert_null (iommuctl_suggest ("dance", words));
  g_assert_null (iommuctl_suggest ("", words));
}

static void
test_escape (void)
{
  static const char *const texts[][2] = {
    { "", "" },
    { "plain 'text' \\ \u00fc\u4f8b", "plain 'text' \\ \u00fc\u4f8b" },
    { "two\nlines\tand\r\x7f", "two\\nlines\\tand\\x0d\\x7f" },
    { "\x1b[2J", "\\x1b[2J" },
    { "\xc2\x85\u202e\u2066\u200b", "\\u0085\\u202e\\u2066\\u200b" },
    { "\u2028\u2029", "\\u2028\\u2029" },
    { "\xff\xc3(\xed\xa0\x80", "\\xff\\xc3(\\xed\\xa0\\x80" },
    { "cut \xe4\xbe", "cut \\xe4\\xbe" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autofree char *escaped = iommuctl_escape (texts[i][0]);

      g_assert_cmpstr (escaped, ==, texts[i][1]);
    }
}

/* A device as sysfs has it; returns its folder. */
static char *
add_device (const char *folder, const char *name, const char *class)
{
  char *device = g_build_filename (folder, name, NULL);
  g_autofree char *path = g_build_filename (device, "class", NULL);

  g_assert_cmpint (g_mkdir (device, 0700), ==, 0);
  g_assert_true (g_file_set_contents (path, class, -1, NULL));
  return device;
}

static void
add_folder (const char *device, const char *name)
{
  g_autofree char *path = g_build_filename (device, name, NULL);

  g_assert_cmpint (g_mkdir (path, 0700), ==, 0);
}

static void
test_bindable (void)
{
  g_autofree char *folder = g_dir_make_tmp ("iommuctl-pci-XXXXXX", NULL);
  g_autofree char *bindable = add_device (folder, "0000:01:00.0", "0x020000\n");
  g_autofree char *bound = add_device (folder, "0000:02:00.0", "0x020000\n");
  g_autofree char *bridge = add_device (folder, "0000:00:01.0", "0x060400\n");
  g_autofree char *alone G_GNUC_UNUSED = add_device (folder, "0000:03:00.0", "0x020000\n");
  g_autofree char *command = g_strdup_printf ("rm -r %s", folder);

  add_folder (bindable, "iommu_group");
  add_folder (bound, "iommu_group");
  add_folder (bound, "vfio-dev");
  add_folder (bridge, "iommu_group");
  g_assert_cmpuint (iommuctl_pci_count_bindable (folder), ==, 1);
  g_assert_cmpuint (iommuctl_pci_count_bindable ("/nonexistent"), ==, 0);
  g_assert_true (g_spawn_command_line_sync (command, NULL, NULL, NULL, NULL));
}

/* A process and its unit may be called anything. */
static void
test_holders (void)
{
  g_autoptr (GVariant) none = g_variant_ref_sink (g_variant_new_parsed ("@a(uss) []"));
  g_autoptr (GVariant) holders = g_variant_ref_sink (
      g_variant_new_parsed ("[(uint32 42, 'qemu', 'vm1.service'), (7, 'a\\n\\u001b[2Jb', '')]"));
  g_autoptr (GVariant) records = g_variant_ref_sink (iommuctl_holder_records (holders));
  g_autoptr (GVariant) no_records = g_variant_ref_sink (iommuctl_holder_records (none));
  g_autofree char *described = iommuctl_holder_describe_records (records);
  g_autofree char *nobody = iommuctl_holder_describe_records (no_records);

  g_assert_cmpstr (described, ==, "qemu (pid 42, vm1.service), a??[2Jb (pid 7)");
  g_assert_cmpstr (nobody, ==, "-");
}

static void
expect_status (GQuark domain, int code, IommuctlExitStatus expected)
{
  g_autoptr (GError) error = g_error_new_literal (domain, code, "for a test");

  g_assert_cmpint (iommuctl_exit_status_of_error (error), ==, expected);
}

/* What scripts rely on, of errors that are hard to bring about. */
static void
test_exit_statuses (void)
{
  expect_status (IOMMUD_DBUS_ERROR, IOMMUD_DBUS_ERROR_DEVICE_GONE, IOMMUCTL_EXIT_NOT_FOUND);
  expect_status (IOMMUD_DBUS_ERROR, IOMMUD_DBUS_ERROR_INCOMPATIBLE, IOMMUCTL_EXIT_NOT_SUPPORTED);
  expect_status (IOMMUD_DBUS_ERROR, IOMMUD_DBUS_ERROR_PERMISSION_DENIED,
                 IOMMUCTL_EXIT_NOT_AUTHORIZED);
  expect_status (IOMMUD_DBUS_ERROR, IOMMUD_DBUS_ERROR_ADDRESS_IN_USE, IOMMUCTL_EXIT_BUSY);
  expect_status (IOMMUD_DBUS_ERROR, IOMMUD_DBUS_ERROR_NO_SPACE, IOMMUCTL_EXIT_LIMITS);
  expect_status (IOMMUD_DBUS_ERROR, IOMMUD_DBUS_ERROR_TIMED_OUT, IOMMUCTL_EXIT_TIMED_OUT);
  expect_status (G_DBUS_ERROR, G_DBUS_ERROR_SERVICE_UNKNOWN, IOMMUCTL_EXIT_NO_SERVICE);
  expect_status (G_DBUS_ERROR, G_DBUS_ERROR_SPAWN_EXEC_FAILED, IOMMUCTL_EXIT_NO_SERVICE);
  expect_status (G_DBUS_ERROR, G_DBUS_ERROR_ACCESS_DENIED, IOMMUCTL_EXIT_NOT_AUTHORIZED);
  expect_status (G_DBUS_ERROR, G_DBUS_ERROR_NO_REPLY, IOMMUCTL_EXIT_TIMED_OUT);
  expect_status (G_DBUS_ERROR, G_DBUS_ERROR_LIMITS_EXCEEDED, IOMMUCTL_EXIT_LIMITS);
  expect_status (G_DBUS_ERROR, G_DBUS_ERROR_UNKNOWN_OBJECT, IOMMUCTL_EXIT_NOT_FOUND);
  expect_status (G_DBUS_ERROR, G_DBUS_ERROR_INVALID_ARGS, IOMMUCTL_EXIT_FAILED);
  expect_status (G_IO_ERROR, G_IO_ERROR_TIMED_OUT, IOMMUCTL_EXIT_TIMED_OUT);
  expect_status (G_IO_ERROR, G_IO_ERROR_CLOSED, IOMMUCTL_EXIT_FAILED);
  expect_status (G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, IOMMUCTL_EXIT_USAGE);
}

/* What an error repeats may be of any origin. */
static void
test_error_messages (void)
{
  g_autoptr (GError) unknown =
      g_error_new_literal (G_DBUS_ERROR, G_DBUS_ERROR_SERVICE_UNKNOWN, "no\x1b[2J name");
  g_autoptr (GError) failed =
      g_error_new_literal (IOMMUD_DBUS_ERROR, IOMMUD_DBUS_ERROR_FAILED, "no\x1b[2J name");
  g_autofree char *does_not_run = iommuctl_error_message (unknown);
  g_autofree char *as_it_is = iommuctl_error_message (failed);

  g_assert_true (g_str_has_prefix (does_not_run,
                                   "iommud does not run on this bus (no\\x1b[2J name). Start it"));
  g_assert_cmpstr (as_it_is, ==, "no\\x1b[2J name");
}

static void
wait_for (GCancellable *cancellable)
{
  while (!g_cancellable_is_cancelled (cancellable))
    g_usleep (1000);
}

static void
test_interrupt (void)
{
  if (g_test_subprocess ())
    {
      g_autoptr (IommuctlInterrupt) interrupt = iommuctl_interrupt_new (FALSE);

      g_assert_false (iommuctl_interrupt_was_interrupted (interrupt));
      iommuctl_interrupt_finish_first (interrupt, "finishing");
      kill (getpid (), SIGINT);
      while (!iommuctl_interrupt_was_interrupted (interrupt))
        g_usleep (1000);
      g_assert_false (g_cancellable_is_cancelled (iommuctl_interrupt_get_cancellable (interrupt)));
      kill (getpid (), SIGTERM);
      wait_for (iommuctl_interrupt_get_cancellable (interrupt));
      g_printerr ("cancelled\n");
      kill (getpid (), SIGINT);
      g_usleep (60 * G_USEC_PER_SEC);
      return;
    }
  g_test_trap_subprocess (NULL, 0, G_TEST_SUBPROCESS_DEFAULT);
  g_test_trap_assert_failed ();
  g_test_trap_assert_stderr ("iommuctl: finishing\ncancelled\n");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/command-line/device-names", test_device_names);
  g_test_add_func ("/command-line/suggestions", test_suggestions);
  g_test_add_func ("/command-line/escape", test_escape);
  g_test_add_func ("/command-line/bindable", test_bindable);
  g_test_add_func ("/command-line/holders", test_holders);
  g_test_add_func ("/command-line/exit-statuses", test_exit_statuses);
  g_test_add_func ("/command-line/error-messages", test_error_messages);
  g_test_add_func ("/command-line/interrupt", test_interrupt);
  return g_test_run ();
}
