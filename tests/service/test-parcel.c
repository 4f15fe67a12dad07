/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether an answer has reached its receiver. */
#include "bed.h"
#include "parcel.h"

typedef struct
{
  GSubprocess *bus;
  char *address;
  GDBusConnection *sender;
  GDBusConnection *receiver;
  GCancellable *left;
  gboolean ended;
  gboolean taken;
} Fixture;

static void
set_up (Fixture *self, gconstpointer unused)
{
  self->bus = bed_start_bus (&self->address);
  self->sender = bed_connect (self->address);
  self->receiver = bed_connect (self->address);
  self->left = g_cancellable_new ();
}

static void
tear_down (Fixture *self, gconstpointer unused)
{
  bed_disconnect (self->receiver);
  bed_disconnect (self->sender);
  bed_stop_bus (self->bus);
  g_object_unref (self->left);
  g_free (self->address);
}

static void
on_end (gboolean taken, gpointer user_data)
{
  Fixture *self = user_data;

  self->ended = TRUE;
  self->taken = taken;
}

/* To a receiver with the name. */
static void
send_to (Fixture *self, const char *name)
{
  g_autoptr (GDBusMessage) message = g_dbus_message_new_method_call (name, "/", "a.b", "C");
  IommudParcel *parcel = iommud_parcel_new (self->sender, self->left);
  volatile guint32 serial = 0;
  g_autoptr (GError) error = NULL;

  g_dbus_connection_send_message (self->sender, message, G_DBUS_SEND_MESSAGE_FLAGS_NONE, &serial,
                                  &error);
  g_assert_no_error (error);
  iommud_parcel_sent (parcel, serial, on_end, self);
}

static void
test_taken (Fixture *self, gconstpointer unused)
{
  send_to (self, g_dbus_connection_get_unique_name (self->receiver));
  bed_wait (&self->ended);
  g_assert_true (self->taken);
}

static void
test_refused (Fixture *self, gconstpointer unused)
{
  send_to (self, ":1.12345");
  bed_wait (&self->ended);
  g_assert_false (self->taken);
}

/* Of which the bus says nothing but that it has left. */
static void
test_left (Fixture *self, gconstpointer unused)
{
  send_to (self, g_dbus_connection_get_unique_name (self->receiver));
  g_cancellable_cancel (self->left);
  bed_wait (&self->ended);
  g_assert_false (self->taken);
}

static void
test_not_sent (Fixture *self, gconstpointer unused)
{
  iommud_parcel_sent (iommud_parcel_new (self->sender, self->left), 0, on_end, self);
  g_assert_true (self->ended);
  g_assert_false (self->taken);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/parcel/taken", Fixture, NULL, set_up, test_taken, tear_down);
  g_test_add ("/parcel/refused", Fixture, NULL, set_up, test_refused, tear_down);
  g_test_add ("/parcel/left", Fixture, NULL, set_up, test_left, tear_down);
  g_test_add ("/parcel/not-sent", Fixture, NULL, set_up, test_not_sent, tear_down);
  return g_test_run ();
}
