/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Devices that come and go on the bus as the file of a simulated host is edited, in use or not. */
#include "config.h"

#include <glib/gstdio.h>

#include "bed.h"
#include "daemon.h"

#define NAMESPACE "org.iommud1."
#define DEVICE(slot) "<device name='0000:0" slot ":00.0' group='" slot "'/>"

typedef struct
{
  char *file;
  char *address;
  GSubprocess *bus;
  GSubprocess *daemon;
  GDBusConnection *client;
} Fixture;

static void
write_host (Fixture *fixture, const char *body)
{
  g_autofree char *xml =
      g_strconcat ("<simulated-host><iommu name='a'/>", body, "</simulated-host>", NULL);
  g_autoptr (GError) error = NULL;

  g_file_set_contents (fixture->file, xml, -1, &error);
  g_assert_no_error (error);
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *option = NULL;
  int fd = g_file_open_tmp ("iommud-follow-XXXXXX.xml", &fixture->file, &error);

  g_assert_no_error (error);
  g_close (fd, NULL);
  write_host (fixture, DEVICE ("1"));
  fixture->bus = bed_start_bus (&fixture->address);
  option = g_strconcat ("--simulate=", fixture->file, NULL);
  fixture->daemon = daemon_start (fixture->address, option);
  fixture->client = bed_connect (fixture->address);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  bed_disconnect (fixture->client);
  daemon_stop (fixture->daemon);
  bed_stop_bus (fixture->bus);
  g_unlink (fixture->file);
  g_free (fixture->address);
  g_free (fixture->file);
}

static GVariant *
call (Fixture *fixture, const char *path, const char *interface, const char *method,
      GVariant *arguments, GError **error)
{
  return g_dbus_connection_call_sync (fixture->client, "org.iommud1", path, interface, method,
                                      arguments, NULL, G_DBUS_CALL_FLAGS_NONE, -1, NULL, error);
}

/* The device's path; NULL if there is none of that name. */
static char *
find (Fixture *fixture, const char *name)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = call (fixture, "/org/iommud1/Manager", NAMESPACE "Manager",
                                     "FindDevice", g_variant_new ("(s)", name), &error);
  g_autofree char *remote = error != NULL ? g_dbus_error_get_remote_error (error) : NULL;
  char *path = NULL;

  if (reply != NULL)
    g_variant_get (reply, "(o)", &path);
  else
    g_assert_cmpstr (remote, ==, NAMESPACE "Error.NotFound");
  return path;
}

static void
wait_for (Fixture *fixture, const char *name, gboolean is_there)
{
  for (;;)
    {
      g_autofree char *path = find (fixture, name);

      if ((path != NULL) == is_there)
        return;
      g_usleep (20000);
    }
}

static char *
create_container (Fixture *fixture)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = call (fixture, "/org/iommud1/Manager", NAMESPACE "Manager",
                                     "CreateContainer", g_variant_new ("(a{sv})", NULL), &error);
  char *path = NULL;

  g_assert_no_error (error);
  g_variant_get (reply, "(o)", &path);
  return path;
}

static void
attach (Fixture *fixture, const char *container, const char *name)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *device = find (fixture, name);
  g_autoptr (GVariant) reply = call (fixture, container, NAMESPACE "Container", "AttachDevice",
                                     g_variant_new ("(oa{sv})", device, NULL), &error);

  g_assert_no_error (error);
  g_assert_nonnull (reply);
}

static gsize
count_devices (Fixture *fixture, const char *container)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply =
      call (fixture, container, "org.freedesktop.DBus.Properties", "Get",
            g_variant_new ("(ss)", NAMESPACE "Container", "Devices"), &error);
  g_autoptr (GVariant) devices = NULL;

  g_assert_no_error (error);
  g_variant_get (reply, "(v)", &devices);
  return g_variant_n_children (devices);
}

static void
test_edits (Fixture *fixture, gconstpointer data)
{
  wait_for (fixture, "0000:01:00.0", TRUE);
  write_host (fixture, DEVICE ("1") DEVICE ("2"));
  wait_for (fixture, "0000:02:00.0", TRUE);
  write_host (fixture, DEVICE ("2"));
  wait_for (fixture, "0000:01:00.0", FALSE);
  write_host (fixture, "<nonsense/>");
  write_host (fixture, DEVICE ("2") DEVICE ("3"));
  wait_for (fixture, "0000:03:00.0", TRUE);
  wait_for (fixture, "0000:02:00.0", TRUE);
}

/* The service unbinds an attached device that vanishes, so that it can come back. */
static void
test_edit_while_attached (Fixture *fixture, gconstpointer data)
{
  g_autofree char *container = create_container (fixture);

  attach (fixture, container, "0000:01:00.0");
  g_assert_cmpuint (count_devices (fixture, container), ==, 1);
  write_host (fixture, DEVICE ("2"));
  wait_for (fixture, "0000:01:00.0", FALSE);
  wait_for (fixture, "0000:02:00.0", TRUE);
  g_assert_cmpuint (count_devices (fixture, container), ==, 0);
  write_host (fixture, DEVICE ("1") DEVICE ("2"));
  wait_for (fixture, "0000:01:00.0", TRUE);
  attach (fixture, container, "0000:01:00.0");
  attach (fixture, container, "0000:02:00.0");
  g_assert_cmpuint (count_devices (fixture, container), ==, 2);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/follow-service/edits", Fixture, NULL, set_up, test_edits, tear_down);
  g_test_add ("/follow-service/edit-while-attached", Fixture, NULL, set_up,
              test_edit_while_attached, tear_down);
  return g_test_run ();
}
