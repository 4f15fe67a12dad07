/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What must not grow with what is there already: an attach to a container with many devices, the
 * bytes on the bus of an attach and a detach, and freeing one of many containers. */
#include <stdio.h>

#include "bed.h"
#include "common.h"
#include "traffic.h"

#define N_DEVICES 5100
#define REPETITIONS 20
#define N_CONTAINERS 5000

typedef struct
{
  GDBusConnection *connection;
  char *container;
  char *device; /* that is attached and detached */
} User;

static char *
get_device_path (GDBusConnection *connection, guint number)
{
  g_autofree char *name =
      g_strdup_printf ("%04x:%02x:%02x.0", number / 8192, number / 32 % 256, number % 32);

  return bench_call_for_path (connection, "FindDevice", g_variant_new ("(s)", name));
}

static void
attach (const User *self, const char *device)
{
  g_variant_unref (bench_call (self->connection, self->container, IOMMUD_DBUS_CONTAINER_INTERFACE,
                               "AttachDevice", bed_device_arguments (device, NULL)));
}

static void
attach_device (gpointer user_data)
{
  User *self = user_data;

  attach (self, self->device);
}

static void
detach_device (gpointer user_data)
{
  User *self = user_data;

  g_variant_unref (bench_call (self->connection, self->device, IOMMUD_DBUS_DEVICE_INTERFACE,
                               "Detach", bed_options (NULL)));
}

static void
attach_range (const User *self, guint first, guint last)
{
  for (guint i = first; i < last; i++)
    {
      g_autofree char *path = get_device_path (self->connection, i);

      attach (self, path);
    }
}

/* Attached by it, so that the measured attach finds it detached. */
static User *
user_new (GDBusConnection *connection, guint first, guint n_attached)
{
  User *self = g_new0 (User, 1);

  self->connection = connection;
  self->container = bench_call_for_path (connection, "CreateContainer", bed_options (NULL));
  self->device = get_device_path (connection, first + n_attached);
  attach_range (self, first, first + n_attached);
  attach_device (self);
  return self;
}

static void
user_free (User *self)
{
  g_free (self->container);
  g_free (self->device);
  g_free (self);
}

static void
count_bytes (const char *address, User *user)
{
  Traffic *traffic = traffic_start (address);
  gsize n_bytes;
  guint n_signals;

  detach_device (user);
  attach_device (user);
  n_bytes = traffic_stop (traffic, &n_signals);
  printf ("  bytes on the bus of a detach and an attach: %" G_GSIZE_FORMAT ", %u signals\n",
          n_bytes, n_signals);
}

static void
create_container (gpointer user_data)
{
  User *self = user_data;

  g_free (self->container);
  self->container = bench_call_for_path (self->connection, "CreateContainer", bed_options (NULL));
}

static void
free_container (gpointer user_data)
{
  User *self = user_data;

  g_variant_unref (bench_call (self->connection, self->container, IOMMUD_DBUS_CONTAINER_INTERFACE,
                               "Free", bed_options (NULL)));
}

static void
create_containers (User *self, guint n_containers)
{
  for (guint i = 0; i < n_containers; i++)
    create_container (self);
}

/* On two services, since containers of one are all in one list. */
static void
free_one_of_many (const char *address, GDBusConnection *connection, guint n_containers,
                  Measurement *side)
{
  g_autofree char *file = NULL;
  GSubprocess *service = bench_start_service (address, 1, &file);
  User user = { connection, NULL, NULL };

  create_containers (&user, n_containers);
  side->function = free_container;
  side->prepare = create_container;
  side->user_data = &user;
  side->process = service;
  measure_side_by_side (side, 1, REPETITIONS);
  g_free (user.container);
  bench_stop_service (service, file);
}

static void
compare_frees (const char *address, GDBusConnection *connection)
{
  Measurement few = { .function = NULL };
  Measurement many = { .function = NULL };

  free_one_of_many (address, connection, 10, &few);
  free_one_of_many (address, connection, N_CONTAINERS, &many);
  printf ("Free of a container (median of %d x %d; CPU time of the service)\n", MEASURE_ROUNDS,
          REPETITIONS);
  measure_print ("one of 11", &few, NULL);
  measure_print ("one of 5,001", &many, &few);
  printf ("\n");
}

void
bench_growth (const char *address, GDBusConnection *connection)
{
  g_autofree char *file = NULL;
  GSubprocess *service = bench_start_service (address, N_DEVICES, &file);
  User *few = user_new (connection, 0, 9);
  User *many = user_new (connection, 10, 4999);
  Measurement sides[] = {
    { .function = attach_device, .prepare = detach_device, .user_data = few, .process = service },
    { .function = attach_device, .prepare = detach_device, .user_data = many, .process = service },
  };

  measure_side_by_side (sides, G_N_ELEMENTS (sides), REPETITIONS);
  printf ("AttachDevice (median of %d x %d; CPU time of the service)\n", MEASURE_ROUNDS,
          REPETITIONS);
  measure_print ("the 10th device of a container", &sides[0], NULL);
  measure_print ("the 5,000th", &sides[1], &sides[0]);
  count_bytes (address, many);
  printf ("\n");
  user_free (few);
  user_free (many);
  bench_stop_service (service, file);
  compare_frees (address, connection);
}
