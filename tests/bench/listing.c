/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What large hosts cost: GetManagedObjects, compared with a body that is there already and with the
 * stock object manager; the memory of the service; and how long others wait meanwhile. */
#include <stdio.h>

#include "bed.h"
#include "bystander.h"
#include "common.h"

#define OBJECT_MANAGER "org.freedesktop.DBus.ObjectManager"

static const guint host_sizes[] = { 10, 1000, 10000 };

typedef struct
{
  GDBusConnection *connection;
  const char *service;
} Lister;

/* The reply is not looked at: what it costs to read is the caller's. */
static void
get_managed_objects (gpointer user_data)
{
  const Lister *lister = user_data;
  g_autoptr (GDBusMessage) message = g_dbus_message_new_method_call (
      lister->service, IOMMUD_DBUS_ROOT_PATH, OBJECT_MANAGER, "GetManagedObjects");
  g_autoptr (GError) error = NULL;
  g_autoptr (GDBusMessage) reply = g_dbus_connection_send_message_with_reply_sync (
      lister->connection, message, G_DBUS_SEND_MESSAGE_FLAGS_NONE, G_MAXINT, NULL, NULL, &error);

  g_assert_no_error (error);
  g_assert_cmpint (g_dbus_message_get_message_type (reply), ==, G_DBUS_MESSAGE_TYPE_METHOD_RETURN);
}

static void
compare (const char *address, GDBusConnection *connection, GSubprocess *service)
{
  GSubprocess *prebuilt = bench_start_peer (address, "prebuilt", "org.iommud1.Prebuilt");
  GSubprocess *skeletons = bench_start_peer (address, "skeletons", "org.iommud1.Skeletons");
  Lister listers[] = { { connection, "org.iommud1.Prebuilt" },
                       { connection, "org.iommud1.Skeletons" },
                       { connection, IOMMUD_DBUS_BUS_NAME } };
  Measurement sides[] = {
    { .function = get_managed_objects, .user_data = &listers[0], .process = prebuilt },
    { .function = get_managed_objects, .user_data = &listers[1], .process = skeletons },
    { .function = get_managed_objects, .user_data = &listers[2], .process = service },
  };

  measure_side_by_side (sides, G_N_ELEMENTS (sides), 1);
  measure_print ("a body that is there already", &sides[0], NULL);
  measure_print ("stock object manager, skeletons", &sides[1], &sides[0]);
  measure_print ("iommud", &sides[2], &sides[0]);
  bench_stop_peer (prebuilt);
  bench_stop_peer (skeletons);
}

static void
print_memory (guint n_devices, guint64 empty, guint64 before, guint64 after)
{
  printf ("%u devices: %.1f MiB at start, %.1f MiB after (%.1f and %.1f KiB a device above the "
          "empty service)\n",
          n_devices, (double) before / 1024, (double) after / 1024,
          ((double) before - (double) empty) / n_devices,
          ((double) after - (double) empty) / n_devices);
}

static void
list_meanwhile (const char *address, Lister *lister)
{
  Bystander *ours = bystander_start (address, IOMMUD_DBUS_BUS_NAME);
  Bystander *of_bus = bystander_start (address, "org.freedesktop.DBus");

  for (guint i = 0; i < MEASURE_ROUNDS; i++)
    get_managed_objects (lister);
  bystander_stop (ours, "another caller meanwhile");
  bystander_stop (of_bus, "a caller of the bus itself");
}

static void
list_host (const char *address, GDBusConnection *connection, guint n_devices, guint64 empty)
{
  g_autofree char *file = NULL;
  GSubprocess *service = bench_start_service (address, n_devices, &file);
  guint64 before = bench_get_memory (service);
  Lister lister = { connection, IOMMUD_DBUS_BUS_NAME };

  get_managed_objects (&lister);
  print_memory (n_devices, empty, before, bench_get_memory (service));
  compare (address, connection, service);
  list_meanwhile (address, &lister);
  bench_stop_service (service, file);
}

static guint64
get_empty_memory (const char *address)
{
  g_autofree char *file = NULL;
  GSubprocess *service = bench_start_service (address, 1, &file);
  guint64 memory = bench_get_memory (service);

  bench_stop_service (service, file);
  return memory;
}

void
bench_listing (const char *address, GDBusConnection *connection)
{
  guint64 empty = get_empty_memory (address);

  printf ("GetManagedObjects (median of %d; CPU time of the service), and its memory\n",
          MEASURE_ROUNDS);
  for (gsize i = 0; i < G_N_ELEMENTS (host_sizes); i++)
    list_host (address, connection, host_sizes[i], empty);
  printf ("\n");
}
