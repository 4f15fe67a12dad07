/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How a call ends: what its caller is told of an error. */
#include "call.h"
#include "intake.h"
#include "iommud-dbus-error.h"
#include "parts.h"

typedef struct
{
  Parts parts;
  IommudIntake *intake;
  GError *error; /* what calls end with */
} Fixture;

static Fixture *current;

static void
serve (IommudCaller *caller, GDBusMessage *message, gpointer unused)
{
  IommudCall *call = iommud_call_new (current->parts.state, caller, message);

  g_object_unref (message);
  iommud_call_fail (call, g_error_copy (current->error));
}

static void
set_up (Fixture *self, gconstpointer unused)
{
  /* As the service does: it makes the names of the errors. */
  g_assert_true (iommud_dbus_error_quark () == IOMMUD_ERROR);
  current = self;
  parts_set_up (&self->parts, serve, NULL);
  self->intake = iommud_intake_new (self->parts.state);
}

static void
tear_down (Fixture *self, gconstpointer unused)
{
  iommud_intake_free (self->intake);
  iommud_service_state_close (self->parts.state);
  parts_tear_down (&self->parts);
  g_clear_error (&self->error);
}

static void
on_answered (GObject *connection, GAsyncResult *result, gpointer error)
{
  g_assert_null (g_dbus_connection_call_finish (G_DBUS_CONNECTION (connection), result, error));
}

/* Of a method whose documentation lists NotFound. */
static void
check_answer (Fixture *self, IommudError code, const char *message)
{
  g_autoptr (GError) error = NULL;

  g_dbus_connection_call (self->parts.client,
                          g_dbus_connection_get_unique_name (self->parts.server), "/none",
                          IOMMUD_DBUS_CONTAINER_INTERFACE, "AttachDevice", NULL, NULL,
                          G_DBUS_CALL_FLAGS_NONE, -1, NULL, on_answered, &error);
  while (error == NULL)
    bed_iterate ();
  g_dbus_error_strip_remote_error (error);
  g_assert_error (error, IOMMUD_ERROR, (int) code);
  g_assert_cmpstr (error->message, ==, message);
}

static void
test_own_error (Fixture *self, gconstpointer unused)
{
  self->error = g_error_new_literal (IOMMUD_ERROR, IOMMUD_ERROR_NOT_FOUND, "it is not there");
  check_answer (self, IOMMUD_ERROR_NOT_FOUND, "it is not there");
}

/* The number of its code means something else in our domain. */
static void
test_foreign_error (Fixture *self, gconstpointer unused)
{
  G_STATIC_ASSERT ((int) G_IO_ERROR_NOT_FOUND == (int) IOMMUD_ERROR_NOT_FOUND);
  self->error = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "no such file");
  check_answer (self, IOMMUD_ERROR_FAILED, "no such file");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/call/own-error", Fixture, NULL, set_up, test_own_error, tear_down);
  g_test_add ("/call/foreign-error", Fixture, NULL, set_up, test_foreign_error, tear_down);
  return g_test_run ();
}
