/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whose turn it is, which calls wait, and which are dropped. */
#include "lanes.h"

#include <gio/gunixfdlist.h>
#include <unistd.h>

#include "weight.h"

#define CALLS_PER_CALLER (IOMMUD_LANES_WAITING_BYTES_PER_CALLER / IOMMUD_WEIGHT_CALL_BYTES)
#define CALLS_PER_USER (IOMMUD_LANES_WAITING_BYTES_PER_USER / IOMMUD_WEIGHT_CALL_BYTES)

typedef struct
{
  IommudLanes *lanes;
  GString *served; /* the callers' names, in order */
} Fixture;

static void
serve (IommudCaller *caller, GDBusMessage *message, gpointer user_data)
{
  g_string_append (((Fixture *) user_data)->served, caller->name);
  g_object_unref (message);
}

static void
set_up (Fixture *self, gconstpointer unused)
{
  self->lanes = iommud_lanes_new (serve, self);
  self->served = g_string_new (NULL);
}

static void
tear_down (Fixture *self, gconstpointer unused)
{
  iommud_lanes_free (self->lanes);
  g_string_free (self->served, TRUE);
}

static IommudCaller *
new_caller (Fixture *self, const char *name, guint32 uid)
{
  IommudCaller *caller = iommud_caller_new (name);

  caller->uid = uid;
  iommud_lanes_join (self->lanes, caller);
  return caller;
}

static void
leave (Fixture *self, IommudCaller *caller)
{
  iommud_lanes_leave (self->lanes, caller);
  iommud_caller_unref (caller);
}

static gboolean
push_one (Fixture *self, IommudCaller *caller)
{
  g_autoptr (GDBusMessage) message = g_dbus_message_new ();

  if (!iommud_lanes_push (self->lanes, caller, message))
    return FALSE;
  g_steal_pointer (&message);
  return TRUE;
}

static gboolean
push_with_files (Fixture *self, IommudCaller *caller, GUnixFDList *files)
{
  g_autoptr (GDBusMessage) message = g_dbus_message_new ();

  g_dbus_message_set_unix_fd_list (message, files);
  if (!iommud_lanes_push (self->lanes, caller, message))
    return FALSE;
  g_steal_pointer (&message);
  return TRUE;
}

static void
push (Fixture *self, IommudCaller *caller, guint64 n_calls)
{
  for (guint i = 0; i < n_calls; i++)
    g_assert_true (push_one (self, caller));
}

static void
serve_all (Fixture *self)
{
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

static void
check_served (Fixture *self, const char *expected)
{
  serve_all (self);
  g_assert_cmpstr (self->served->str, ==, expected);
  g_string_truncate (self->served, 0);
}

/* Users take turns, and so do the callers of one. */
static void
test_turns (Fixture *self, gconstpointer unused)
{
  IommudCaller *a = new_caller (self, "a", 1000);
  IommudCaller *b = new_caller (self, "b", 1000);
  IommudCaller *c = new_caller (self, "c", 2000);

  g_assert_true (iommud_lanes_is_idle (self->lanes));
  push (self, a, 5);
  g_assert_false (iommud_lanes_is_idle (self->lanes));
  push (self, b, 2);
  push (self, c, 3);
  check_served (self, "acbcacbaaa");
  g_assert_true (iommud_lanes_is_idle (self->lanes));
  leave (self, a);
  leave (self, b);
  leave (self, c);
}

static void
test_unknown_user (Fixture *self, gconstpointer unused)
{
  IommudCaller *a = iommud_caller_new ("a");

  push (self, a, 3);
  check_served (self, "");
  a->uid = 1000;
  iommud_lanes_join (self->lanes, a);
  check_served (self, "aaa");
  leave (self, a);
}

/* What waits for the bus to say whose it is counts no more when the bus has said so. */
static void
test_unknown_users_end (Fixture *self, gconstpointer unused)
{
  guint n_callers =
      IOMMUD_LANES_WAITING_BYTES_OF_UNKNOWN_USERS / IOMMUD_LANES_WAITING_BYTES_PER_CALLER + 1;

  for (guint i = 0; i < n_callers; i++)
    {
      IommudCaller *caller = iommud_caller_new ("a");

      push (self, caller, CALLS_PER_CALLER);
      caller->uid = 1000;
      iommud_lanes_join (self->lanes, caller);
      leave (self, caller);
    }
  check_served (self, "");
}

static void
test_leaver (Fixture *self, gconstpointer unused)
{
  IommudCaller *a = new_caller (self, "a", 1000);
  IommudCaller *b = new_caller (self, "b", 1000);
  IommudCaller *unknown = iommud_caller_new ("u");

  push (self, a, 3);
  push (self, b, 2);
  push (self, unknown, 2);
  leave (self, a);
  leave (self, unknown);
  check_served (self, "bb");
  leave (self, b);
}

static void
test_limits (Fixture *self, gconstpointer unused)
{
  IommudCaller *a = new_caller (self, "a", 1000);
  IommudCaller *b = new_caller (self, "b", 1000);
  IommudCaller *c = new_caller (self, "c", 1000);
  IommudCaller *d = new_caller (self, "d", 2000);

  push (self, a, CALLS_PER_CALLER);
  g_assert_false (push_one (self, a));
  push (self, b, CALLS_PER_USER - CALLS_PER_CALLER);
  g_assert_false (push_one (self, c));
  push (self, d, 1);
  leave (self, b);
  push (self, c, 1);
  leave (self, a);
  check_served (self, "cd");
  leave (self, c);
  leave (self, d);
}

/* What a call carries counts, too. */
static void
test_large_calls (Fixture *self, gconstpointer unused)
{
  IommudCaller *a = new_caller (self, "a", 1000);
  g_autofree char *text =
      g_strnfill (IOMMUD_LANES_WAITING_BYTES_PER_CALLER - 2 * IOMMUD_WEIGHT_CALL_BYTES, 'x');
  GDBusMessage *large = g_dbus_message_new_method_call ("a.b", "/", "a.b", "c");

  g_dbus_message_set_body (large, g_variant_new ("(s)", text));
  g_assert_true (iommud_lanes_push (self->lanes, a, large));
  g_assert_false (push_one (self, a));
  check_served (self, "a");
  push (self, a, CALLS_PER_CALLER);
  leave (self, a);
  check_served (self, "");
}

/* So does the path that it names. */
static void
test_long_path (Fixture *self, gconstpointer unused)
{
  IommudCaller *a = new_caller (self, "a", 1000);
  g_autofree char *path =
      g_strnfill (IOMMUD_LANES_WAITING_BYTES_PER_CALLER - 2 * IOMMUD_WEIGHT_CALL_BYTES, 'x');
  GDBusMessage *large = NULL;

  path[0] = '/';
  large = g_dbus_message_new_method_call ("a.b", path, "a.b", "c");
  g_assert_true (iommud_lanes_push (self->lanes, a, large));
  g_assert_false (push_one (self, a));
  check_served (self, "a");
  push (self, a, CALLS_PER_CALLER);
  leave (self, a);
}

/* And so do files. */
static void
test_files (Fixture *self, gconstpointer unused)
{
  const guint n_files = 16;
  const guint64 n_bytes = IOMMUD_WEIGHT_CALL_BYTES + n_files * IOMMUD_WEIGHT_FILE_BYTES;
  IommudCaller *a = new_caller (self, "a", 1000);
  g_autoptr (GUnixFDList) files = g_unix_fd_list_new ();
  guint64 n_calls = 0;

  for (guint i = 0; i < n_files; i++)
    g_assert_cmpint (g_unix_fd_list_append (files, STDIN_FILENO, NULL), ==, (int) i);
  while (push_with_files (self, a, files))
    n_calls++;
  g_assert_cmpuint (n_calls, ==, IOMMUD_LANES_WAITING_BYTES_PER_CALLER / n_bytes);
  leave (self, a);
}

static void
push_long (Fixture *self, IommudCaller *caller)
{
  GDBusMessage *message = g_dbus_message_new_method_call (
      "a.b", "/", "org.freedesktop.DBus.ObjectManager", "GetManagedObjects");

  g_assert_true (iommud_lanes_push (self->lanes, caller, message));
}

/* A caller that does not read waits alone. If all callers of its user together leave too much
 * unread, so does each that has not read nearly everything. */
static void
test_unread (Fixture *self, gconstpointer unused)
{
  IommudCaller *a = new_caller (self, "a", 1000);
  IommudCaller *b = new_caller (self, "b", 1000);
  IommudCaller *c = new_caller (self, "c", 2000);

  iommud_lanes_add_unread (self->lanes, a, (gint64) IOMMUD_LANES_BYTES_PER_CALLER);
  push (self, a, 1);
  g_assert_true (iommud_lanes_is_idle (self->lanes));
  push (self, b, 1);
  check_served (self, "b");

  iommud_lanes_add_unread (self->lanes, a, (gint64) IOMMUD_LANES_BYTES_PER_USER);
  push (self, b, 1);
  check_served (self, "b");
  iommud_lanes_add_unread (self->lanes, b, (gint64) IOMMUD_LANES_BYTES_NEARLY_READ);
  push (self, b, 1);
  push (self, c, 1);
  check_served (self, "c");

  iommud_lanes_add_unread (self->lanes, b, -(gint64) IOMMUD_LANES_BYTES_NEARLY_READ);
  iommud_lanes_wake (self->lanes, b);
  check_served (self, "b");
  iommud_lanes_add_unread (self->lanes, a, -(gint64) IOMMUD_LANES_BYTES_PER_USER);
  iommud_lanes_add_unread (self->lanes, a, -(gint64) IOMMUD_LANES_BYTES_PER_CALLER);
  iommud_lanes_wake (self->lanes, a);
  check_served (self, "a");
  leave (self, a);
  leave (self, b);
  leave (self, c);
}

/* What one that has left did not read is forgotten. */
static void
test_unread_of_leaver (Fixture *self, gconstpointer unused)
{
  IommudCaller *a = new_caller (self, "a", 1000);
  IommudCaller *b = new_caller (self, "b", 1000);

  iommud_lanes_add_unread (self->lanes, a, (gint64) IOMMUD_LANES_BYTES_PER_USER);
  iommud_lanes_add_unread (self->lanes, b, (gint64) IOMMUD_LANES_BYTES_NEARLY_READ);
  push (self, b, 2);
  check_served (self, "");
  leave (self, a);
  iommud_lanes_wake (self->lanes, b);
  check_served (self, "bb");
  leave (self, b);
}

/* One long answer that is not read does not hold back the next one of the same user. Those of one
 * user wait while too much of it is unread, and do not hold back those of others. */
static void
test_long_answers_of_user (Fixture *self, gconstpointer unused)
{
  IommudCaller *a = new_caller (self, "a", 1000);
  IommudCaller *b = new_caller (self, "b", 1000);
  IommudCaller *c = new_caller (self, "c", 2000);

  iommud_lanes_add_unread (self->lanes, a, 28 << 20);
  push_long (self, b);
  check_served (self, "b");
  iommud_lanes_add_unread (self->lanes, a, 28 << 20);
  push_long (self, b);
  push (self, b, 1);
  push_long (self, c);
  check_served (self, "c");
  iommud_lanes_add_unread (self->lanes, a, -(28 << 20));
  check_served (self, "bb");
  leave (self, a);
  leave (self, b);
  leave (self, c);
}

/* If there is room for one more, only one is made. */
static void
reserve_when_served (IommudCaller *caller, GDBusMessage *message, gpointer user_data)
{
  Fixture *self = user_data;

  serve (caller, message, user_data);
  iommud_lanes_reserve (self->lanes, caller, 20 << 20);
}

/* All users together do not leave more unread than the bus keeps, however long the answers are. */
static void
test_long_answers_of_all (Fixture *self, gconstpointer unused)
{
  IommudCaller *callers[9];

  iommud_lanes_free (self->lanes);
  self->lanes = iommud_lanes_new (reserve_when_served, self);
  for (guint i = 0; i < G_N_ELEMENTS (callers); i++)
    {
      callers[i] = new_caller (self, "c", 1000 + i);
      push_long (self, callers[i]);
    }
  check_served (self, "ccccc");
  leave (self, callers[0]);
  check_served (self, "c");
  leave (self, callers[8]);
  iommud_lanes_reserve (self->lanes, callers[1], -(20 << 20));
  check_served (self, "c");
  for (guint i = 1; i < 7; i++)
    leave (self, callers[i]);
  check_served (self, "c");
  leave (self, callers[7]);
}

/* If all users together leave too much unread, those who read are answered still. */
static void
test_unread_of_all (Fixture *self, gconstpointer unused)
{
  const guint n_users = IOMMUD_LANES_BYTES_OF_ALL / (IOMMUD_LANES_BYTES_PER_CALLER - 1) + 1;
  g_autofree IommudCaller **many = g_new (IommudCaller *, n_users);
  IommudCaller *reader = new_caller (self, "r", 5000);

  for (guint i = 0; i < n_users; i++)
    {
      many[i] = new_caller (self, "m", 1000 + i);
      iommud_lanes_add_unread (self->lanes, many[i], (gint64) IOMMUD_LANES_BYTES_PER_CALLER - 1);
    }
  push (self, many[0], 1);
  push (self, reader, 2);
  check_served (self, "rr");
  iommud_lanes_add_unread (self->lanes, reader, (gint64) IOMMUD_LANES_BYTES_NEARLY_READ);
  push (self, reader, 1);
  check_served (self, "");
  iommud_lanes_add_unread (self->lanes, reader, -(gint64) IOMMUD_LANES_BYTES_NEARLY_READ);
  iommud_lanes_wake (self->lanes, reader);
  check_served (self, "r");
  for (guint i = 1; i < n_users; i++)
    leave (self, many[i]);
  iommud_lanes_wake (self->lanes, many[0]);
  check_served (self, "m");
  leave (self, many[0]);
  leave (self, reader);
}

/* An answer that is being made counts too. */
static void
test_reserved (Fixture *self, gconstpointer unused)
{
  IommudCaller *a = new_caller (self, "a", 1000);
  IommudCaller *b = new_caller (self, "b", 1000);

  iommud_lanes_reserve (self->lanes, a, IOMMUD_LANES_BYTES_BEFORE_A_LONG_ANSWER);
  push (self, a, 1);
  push_long (self, b);
  check_served (self, "");
  iommud_lanes_reserve (self->lanes, a, -(gint64) IOMMUD_LANES_BYTES_BEFORE_A_LONG_ANSWER);
  check_served (self, "ba");
  iommud_lanes_reserve (self->lanes, a, IOMMUD_LANES_BYTES_BEFORE_A_LONG_ANSWER);
  push_long (self, b);
  leave (self, a);
  check_served (self, "b");
  leave (self, b);
}

static void
add (const char *name, void (*test) (Fixture *self, gconstpointer unused))
{
  g_autofree char *path = g_strconcat ("/lanes/", name, NULL);

  g_test_add (path, Fixture, NULL, set_up, test, tear_down);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  add ("turns", test_turns);
  add ("unknown-user", test_unknown_user);
  add ("unknown-users-end", test_unknown_users_end);
  add ("leaver", test_leaver);
  add ("limits", test_limits);
  add ("large-calls", test_large_calls);
  add ("long-path", test_long_path);
  add ("files", test_files);
  add ("unread", test_unread);
  add ("unread-of-leaver", test_unread_of_leaver);
  add ("unread-of-all", test_unread_of_all);
  add ("long-answers-of-user", test_long_answers_of_user);
  add ("long-answers-of-all", test_long_answers_of_all);
  add ("reserved", test_reserved);
  return g_test_run ();
}
