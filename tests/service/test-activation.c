/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A session bus that starts the program when a client first asks for it. */
#include <glib/gstdio.h>

#include "bed.h"
#include "iommud-dbus.h"

/* The installed activation file serves the system bus; this one its session counterpart. */
static char *
write_service_file (const char *folder)
{
  g_autofree char *program = g_test_build_filename (G_TEST_BUILT, "iommud", NULL);
  g_autofree char *text =
      g_strdup_printf ("[D-BUS Service]\nName=%s\nExec=\"%s\" --session --simulate\n",
                       IOMMUD_DBUS_BUS_NAME, program);
  char *file = g_build_filename (folder, IOMMUD_DBUS_BUS_NAME ".service", NULL);
  g_autoptr (GError) error = NULL;

  g_file_set_contents (file, text, -1, &error);
  g_assert_no_error (error);
  return file;
}

static void
check_started (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (IommudDBusClient) client =
      iommud_dbus_client_new_sync (G_BUS_TYPE_SESSION, NULL, &error);
  g_autolist (IommudDBusDevice) devices = NULL;

  g_assert_no_error (error);
  g_assert_true (iommud_dbus_client_get_running (client));
  devices = iommud_dbus_client_get_devices (client);
  g_assert_cmpuint (g_list_length (devices), ==, 10);
}

static void
test_session (void)
{
  g_autoptr (GTestDBus) bus = g_test_dbus_new (G_TEST_DBUS_NONE);
  g_autofree char *folder = g_dir_make_tmp ("iommud-services-XXXXXX", NULL);
  g_autofree char *file = write_service_file (folder);

  g_test_dbus_add_service_dir (bus, folder);
  g_test_dbus_up (bus);
  check_started ();
  g_test_dbus_down (bus);
  g_unlink (file);
  g_rmdir (folder);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/activation/session", test_session);
  return g_test_run ();
}
