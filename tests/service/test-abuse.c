/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One user does to the service what it likes, on a bus with the limits of the system bus, and
 * another user does not notice. */
#include <glib/gstdio.h>
#include <unistd.h>

#include "bed.h"
#include "daemon.h"
#include "large-host.h"
#include "silent.h"

#define ABUSER 65534
#define N_DEVICES 1000
#define N_SILENT 60
#define MEBIBYTE (G_GUINT64_CONSTANT (1) << 20)

/* What the service may grow by. A sanitizer keeps memory that was freed, and marks all of it. */
#ifdef __SANITIZE_ADDRESS__
#define MAX_GROWTH (512 * MEBIBYTE)
#else
#define MAX_GROWTH (64 * MEBIBYTE)
#endif

typedef struct
{
  GSubprocess *bus;
  char *address;
  char *file;
  GSubprocess *daemon;
  GDBusConnection *other; /* of the other user */
  GPtrArray *silent;
} Fixture;

static void
free_silent (gpointer silent)
{
  silent_free (silent);
}

static void
set_up (Fixture *self, gconstpointer bus_file)
{
  g_autofree char *xml = large_host_describe (1, N_DEVICES);
  g_autofree char *option = NULL;
  g_autoptr (GError) error = NULL;
  int fd = g_file_open_tmp ("iommud-abuse-XXXXXX.xml", &self->file, &error);

  g_assert_no_error (error);
  g_close (fd, NULL);
  g_file_set_contents (self->file, xml, -1, &error);
  g_assert_no_error (error);
  self->bus = bed_start_bus_with (G_TEST_DIST, bus_file, &self->address);
  option = g_strdup_printf ("--simulate=%s", self->file);
  self->daemon = daemon_start (self->address, option);
  self->other = bed_connect (self->address);
  self->silent = g_ptr_array_new_with_free_func (free_silent);
}

/* The service ends although nobody reads. */
static void
tear_down (Fixture *self, gconstpointer unused)
{
  daemon_stop (self->daemon);
  g_ptr_array_unref (self->silent);
  bed_disconnect (self->other);
  bed_stop_bus (self->bus);
  g_unlink (self->file);
  g_free (self->file);
  g_free (self->address);
}

static Silent *
add_silent (Fixture *self)
{
  Silent *silent = silent_new (self->address, ABUSER);

  g_ptr_array_add (self->silent, silent);
  return silent;
}

static guint64
get_memory (Fixture *self)
{
  g_autofree char *path =
      g_strdup_printf ("/proc/%s/statm", g_subprocess_get_identifier (self->daemon));
  g_autofree char *text = NULL;
  g_autoptr (GError) error = NULL;

  g_file_get_contents (path, &text, NULL, &error);
  g_assert_no_error (error);
  return g_ascii_strtoull (strchr (text, ' '), NULL, 10) * (guint64) sysconf (_SC_PAGESIZE);
}

static GVariant *
call_as_other (Fixture *self, const char *path, const char *interface, const char *method,
               GVariant *arguments)
{
  g_autoptr (GError) error = NULL;
  GVariant *reply = g_dbus_connection_call_sync (self->other, IOMMUD_DBUS_BUS_NAME, path, interface,
                                                 method, arguments, NULL, G_DBUS_CALL_FLAGS_NONE,
                                                 60 * 1000, NULL, &error);

  g_assert_no_error (error);
  return reply;
}

static void
check_other_is_served (Fixture *self)
{
  for (guint i = 0; i < 20; i++)
    g_variant_unref (call_as_other (self, IOMMUD_DBUS_MANAGER_PATH, IOMMUD_DBUS_MANAGER_INTERFACE,
                                    "FindDevice", g_variant_new ("(s)", "0000:00:00.0")));
}

static GVariant *
list_as_other (Fixture *self)
{
  return call_as_other (self, IOMMUD_DBUS_ROOT_PATH, "org.freedesktop.DBus.ObjectManager",
                        "GetManagedObjects", NULL);
}

static void
check_growth (Fixture *self, guint64 before)
{
  guint64 after = get_memory (self);

  g_test_message ("memory: %" G_GUINT64_FORMAT " MiB, %" G_GUINT64_FORMAT " MiB before",
                  after / MEBIBYTE, before / MEBIBYTE);
  g_assert_cmpuint (after, <, before + MAX_GROWTH);
}

/* All that these ask for is more than a gigabyte. Nobody has asked before, so the service does not
 * know yet how long an answer is. */
static void
test_unread_listings (Fixture *self, gconstpointer unused)
{
  g_autoptr (GVariant) first = NULL;
  g_autoptr (GVariant) last = NULL;
  guint64 before;

  check_other_is_served (self);
  before = get_memory (self);
  for (guint i = 0; i < N_SILENT; i++)
    silent_call (add_silent (self), IOMMUD_DBUS_ROOT_PATH, "org.freedesktop.DBus.ObjectManager",
                 "GetManagedObjects", NULL, 40);
  check_other_is_served (self);
  first = list_as_other (self);
  last = list_as_other (self);
  g_assert_true (g_variant_equal (first, last));
  check_growth (self, before);
}

/* Also if each answer is small. */
static void
test_unread_answers (Fixture *self, gconstpointer unused)
{
  guint64 before;

  check_other_is_served (self);
  before = get_memory (self);
  for (guint i = 0; i < N_SILENT; i++)
    {
      Silent *silent = add_silent (self);

      silent_call (silent, IOMMUD_DBUS_MANAGER_PATH, "org.freedesktop.DBus.Properties", "GetAll",
                   g_variant_new ("(s)", IOMMUD_DBUS_MANAGER_INTERFACE), 40);
      silent_call (silent, IOMMUD_DBUS_DEVICES_PATH, "org.freedesktop.DBus.Introspectable",
                   "Introspect", NULL, 40);
      silent_call (silent, IOMMUD_DBUS_MANAGER_PATH, IOMMUD_DBUS_MANAGER_INTERFACE, "NoMethod",
                   NULL, 40);
    }
  check_other_is_served (self);
  check_growth (self, before);
}

/* Messages that are much larger than any call needs to be are not kept while their sender, who does
 * not read, has to wait. */
static void
test_large_calls (Fixture *self, gconstpointer unused)
{
  g_autofree char *name = g_strnfill (8 * MEBIBYTE, 'x');
  Silent *silent = add_silent (self);
  guint64 before;

  check_other_is_served (self);
  before = get_memory (self);
  silent_call (silent, IOMMUD_DBUS_ROOT_PATH, "org.freedesktop.DBus.ObjectManager",
               "GetManagedObjects", NULL, 10);
  silent_call (silent, IOMMUD_DBUS_MANAGER_PATH, IOMMUD_DBUS_MANAGER_INTERFACE, "FindDevice",
               g_variant_new ("(s)", name), 100);
  check_other_is_served (self);
  check_growth (self, before);
}

/* What a caller that has left asked for is dropped, and what was sent to it counts no more. */
static void
test_leavers (Fixture *self, gconstpointer unused)
{
  for (guint i = 0; i < 3 * N_SILENT; i++)
    {
      silent_call (add_silent (self), IOMMUD_DBUS_ROOT_PATH, "org.freedesktop.DBus.ObjectManager",
                   "GetManagedObjects", NULL, 10);
      g_ptr_array_set_size (self->silent, 0);
    }
  check_other_is_served (self);
}

/* More than a caller may leave unread. */
static void
read_much (GDBusConnection *caller)
{
  gsize n_bytes = 0;

  while (n_bytes < 3 * MEBIBYTE)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GVariant) reply = g_dbus_connection_call_sync (
          caller, IOMMUD_DBUS_BUS_NAME, IOMMUD_DBUS_ROOT_PATH, "org.freedesktop.DBus.ObjectManager",
          "GetManagedObjects", NULL, NULL, G_DBUS_CALL_FLAGS_NONE, 60 * 1000, NULL, &error);

      g_assert_no_error (error);
      n_bytes += g_variant_get_size (reply);
    }
}

/* A caller that reads gets all that it asks for, also if the bus lets nobody ask it. */
static void
test_reader (gconstpointer bus_file)
{
  g_autofree char *address = NULL;
  GSubprocess *bus = bed_start_bus_with (G_TEST_DIST, bus_file, &address);
  GSubprocess *daemon = daemon_start (address, "--simulate");
  GDBusConnection *caller = bed_connect (address);

  read_much (caller);
  bed_disconnect (caller);
  daemon_stop (daemon);
  bed_stop_bus (bus);
}

#define LEAVE_AFTER_US (G_USEC_PER_SEC / 2)

static gpointer
leave_later (gpointer silent)
{
  g_usleep (LEAVE_AFTER_US);
  silent_free (silent);
  return NULL;
}

/* The bus lets the service wait for one answer only. While it waits for that of a caller that does
 * not read, it can ask no other one, and asks again later. */
static void
test_refused_ping (Fixture *self, gconstpointer unused)
{
  Silent *silent = silent_new (self->address, geteuid ());
  GThread *leaver = NULL;

  silent_call (silent, IOMMUD_DBUS_ROOT_PATH, "org.freedesktop.DBus.ObjectManager",
               "GetManagedObjects", NULL, 1);
  leaver = g_thread_new ("leaver", leave_later, silent);
  read_much (self->other);
  g_thread_join (leaver);
}

static void
add (const char *name, const char *bus_file, void (*test) (Fixture *self, gconstpointer bus_file))
{
  g_autofree char *path = g_strconcat ("/abuse/", name, NULL);

  g_test_add (path, Fixture, bus_file, set_up, test, tear_down);
}

/* Without root there is no second user. */
static void
test_no_second_user (void)
{
  g_test_skip ("only root can be two users");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func ("/abuse/reader", "bus.conf", test_reader);
  g_test_add_data_func ("/abuse/reader-without-ping", "no-ping-bus.conf", test_reader);
  add ("refused-ping", "one-answer-bus.conf", test_refused_ping);
  if (geteuid () != 0)
    {
      g_test_add_func ("/abuse/second-user", test_no_second_user);
      return g_test_run ();
    }
  add ("unread-listings", "bus.conf", test_unread_listings);
  add ("unread-answers", "bus.conf", test_unread_answers);
  add ("large-calls", "bus.conf", test_large_calls);
  add ("leavers", "bus.conf", test_leavers);
  return g_test_run ();
}
