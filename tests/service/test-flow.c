/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is known of who reads: a caller is asked, and every call of it has its turn. */
#include "bed.h"
#include "intake.h"
#include "parts.h"

#define PEER "org.freedesktop.DBus.Peer"

typedef struct
{
  Parts parts;
  IommudIntake *intake;
  GPtrArray *served; /* of GDBusMessage */
} Fixture;

/* Where a call goes when its turn has come. */
static Fixture *current;

static void
serve (IommudCaller *caller, GDBusMessage *message, gpointer state)
{
  g_ptr_array_add (current->served, message);
}

static void
set_up (Fixture *self, gconstpointer unused)
{
  current = self;
  self->served = g_ptr_array_new_with_free_func (g_object_unref);
  parts_set_up (&self->parts, serve, NULL);
  self->intake = iommud_intake_new (self->parts.state);
}

static void
tear_down (Fixture *self, gconstpointer unused)
{
  iommud_intake_free (self->intake);
  iommud_service_state_close (self->parts.state);
  parts_tear_down (&self->parts);
  g_ptr_array_unref (self->served);
}

/* What was sent to it before its user was known, such as refusals, was not asked for. */
static void
test_join (Fixture *self, gconstpointer unused)
{
  IommudCaller *caller = iommud_caller_new (g_dbus_connection_get_unique_name (self->parts.client));

  iommud_flow_add (self->parts.state->flow, caller, IOMMUD_LANES_BYTES_NEARLY_READ);
  g_assert_false (iommud_flow_has_read (caller));
  caller->uid = getuid ();
  iommud_lanes_join (self->parts.state->lanes, caller);
  iommud_flow_join (self->parts.state->flow, caller);
  while (caller->unread_bytes > 0)
    bed_iterate ();
  iommud_flow_leave (self->parts.state->flow, caller);
  iommud_lanes_leave (self->parts.state->lanes, caller);
  iommud_caller_unref (caller);
}

/* The library does not answer behind our back. */
static void
test_peer (Fixture *self, gconstpointer unused)
{
  g_dbus_connection_call (self->parts.client,
                          g_dbus_connection_get_unique_name (self->parts.server), "/none", PEER,
                          "Ping", NULL, NULL, G_DBUS_CALL_FLAGS_NONE, -1, NULL, NULL, NULL);
  while (self->served->len == 0)
    bed_iterate ();
  g_assert_cmpstr (g_dbus_message_get_interface (g_ptr_array_index (self->served, 0)), ==, PEER);
}

static void
on_answered (GObject *connection, GAsyncResult *result, gpointer reply)
{
  g_autoptr (GError) error = NULL;

  *(GVariant **) reply =
      g_dbus_connection_call_finish (G_DBUS_CONNECTION (connection), result, &error);
  g_assert_no_error (error);
}

static GVariant *
call_peer (Bed *bed, const char *method)
{
  GVariant *reply = NULL;

  g_dbus_connection_call (bed->client, IOMMUD_DBUS_BUS_NAME, "/none", PEER, method, NULL, NULL,
                          G_DBUS_CALL_FLAGS_NONE, -1, NULL, on_answered, &reply);
  while (reply == NULL)
    bed_iterate ();
  return reply;
}

/* It is at every path. The bus runs on the same machine. */
static void
test_peer_answers (void)
{
  g_autoptr (Bed) bed = bed_new (NULL);
  g_autoptr (GVariant) pong = call_peer (bed, "Ping");
  g_autoptr (GVariant) id = NULL;
  g_autoptr (GVariant) expected = g_dbus_connection_call_sync (
      bed->client, "org.freedesktop.DBus", "/org/freedesktop/DBus", PEER, "GetMachineId", NULL,
      NULL, G_DBUS_CALL_FLAGS_NONE, -1, NULL, NULL);

  g_assert_cmpstr (g_variant_get_type_string (pong), ==, "()");
  if (expected == NULL)
    {
      g_test_skip ("this machine has no id");
      return;
    }
  id = call_peer (bed, "GetMachineId");
  g_assert_true (g_variant_equal (id, expected));
}

#define N_SILENT 16

/* On the connection's own thread: it never answers. */
static GDBusMessage *
drop_calls (GDBusConnection *connection, GDBusMessage *message, gboolean incoming, gpointer unused)
{
  if (!incoming || g_dbus_message_get_message_type (message) != G_DBUS_MESSAGE_TYPE_METHOD_CALL)
    return message;
  g_object_unref (message);
  return NULL;
}

static IommudCaller *
join_unread (Fixture *self, GDBusConnection *connection)
{
  IommudCaller *caller = iommud_caller_new (g_dbus_connection_get_unique_name (connection));

  caller->uid = getuid ();
  iommud_lanes_join (self->parts.state->lanes, caller);
  iommud_flow_add (self->parts.state->flow, caller, IOMMUD_LANES_BYTES_NEARLY_READ);
  return caller;
}

static void
leave (Fixture *self, IommudCaller *caller)
{
  iommud_flow_leave (self->parts.state->flow, caller);
  iommud_lanes_leave (self->parts.state->lanes, caller);
  iommud_caller_unref (caller);
}

/* An answer to a ping of before does not count for those that were sent since: the next one is sent
 * at once. */
static void
check_late_answer (Fixture *self, IommudCaller *silent, GDBusConnection *connection,
                   IommudCaller *reader)
{
  IommudCaller *kept = iommud_caller_ref (silent);

  g_assert_cmpuint (silent->pinged_bytes, >, 0);
  leave (self, silent);
  /* The bus answers in its place. */
  bed_disconnect (connection);
  while (kept->pinged_bytes > 0)
    bed_iterate ();
  iommud_caller_unref (kept);
  iommud_flow_add (self->parts.state->flow, reader, IOMMUD_LANES_BYTES_NEARLY_READ);
  g_assert_cmpuint (reader->pinged_bytes, >, 0);
  while (reader->unread_bytes > 0)
    bed_iterate ();
}

/* Programs that are stopped do not keep others of their user from being asked. */
static void
test_patience (Fixture *self, gconstpointer unused)
{
  GDBusConnection *connections[N_SILENT];
  IommudCaller *silent[N_SILENT];
  IommudCaller *reader;

  for (guint i = 0; i < N_SILENT; i++)
    {
      connections[i] = bed_connect (self->parts.address);
      g_dbus_connection_add_filter (connections[i], drop_calls, NULL, NULL);
      silent[i] = join_unread (self, connections[i]);
    }
  reader = join_unread (self, self->parts.client);
  while (reader->unread_bytes > 0)
    bed_iterate ();
  check_late_answer (self, silent[0], connections[0], reader);
  for (guint i = 1; i < N_SILENT; i++)
    {
      g_assert_cmpuint (silent[i]->unread_bytes, ==, IOMMUD_LANES_BYTES_NEARLY_READ);
      leave (self, silent[i]);
      bed_disconnect (connections[i]);
    }
  leave (self, reader);
}

#define N_MANY 40

static gint n_pinged;

static GDBusMessage *
count_and_drop (GDBusConnection *connection, GDBusMessage *message, gboolean incoming,
                gpointer unused)
{
  if (!incoming || g_dbus_message_get_message_type (message) != G_DBUS_MESSAGE_TYPE_METHOD_CALL)
    return message;
  g_atomic_int_inc (&n_pinged);
  g_object_unref (message);
  return NULL;
}

static gboolean
on_time (gpointer over)
{
  *(gboolean *) over = TRUE;
  return G_SOURCE_REMOVE;
}

/* However many of a user do not answer, most of what the bus lets the service wait for is left. */
static void
test_most_pings (Fixture *self, gconstpointer unused)
{
  GDBusConnection *connections[N_MANY];
  IommudCaller *silent[N_MANY];
  gboolean over = FALSE;

  for (guint i = 0; i < N_MANY; i++)
    {
      connections[i] = bed_connect (self->parts.address);
      g_dbus_connection_add_filter (connections[i], count_and_drop, NULL, NULL);
      silent[i] = join_unread (self, connections[i]);
    }
  g_timeout_add_seconds (5, on_time, &over);
  while (!over)
    bed_iterate ();
  g_assert_cmpint (g_atomic_int_get (&n_pinged), ==, 32);
  leave (self, silent[0]);
  bed_disconnect (connections[0]);
  while (g_atomic_int_get (&n_pinged) == 32)
    bed_iterate ();
  for (guint i = 1; i < N_MANY; i++)
    {
      leave (self, silent[i]);
      bed_disconnect (connections[i]);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/flow/join", Fixture, NULL, set_up, test_join, tear_down);
  g_test_add ("/flow/patience", Fixture, NULL, set_up, test_patience, tear_down);
  g_test_add ("/flow/most-pings", Fixture, NULL, set_up, test_most_pings, tear_down);
  g_test_add ("/flow/peer", Fixture, NULL, set_up, test_peer, tear_down);
  g_test_add_func ("/flow/peer-answers", test_peer_answers);
  return g_test_run ();
}
