/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The programs on the bus that call: which user and which groups each belongs to, which the bus is
 * asked once, and when each has left. A bus never gives a unique name twice, so an answer stays
 * true. */
#include "callers.h"

#include "access/users.h"

#define BUS_NAME "org.freedesktop.DBus"
#define BUS_PATH "/org/freedesktop/DBus"

struct _IommudCallers
{
  GDBusConnection *connection;
  IommudLanes *lanes;
  IommudFlow *flow;
  GHashTable *callers; /* name -> IommudCaller (a reference) */
  GCancellable *cancellable;
  guint subscription;
};

typedef struct
{
  IommudCallers *callers;
  IommudCaller *caller;
} Question;

static void
forget (gpointer caller)
{
  iommud_caller_unref (caller);
}

static void
leave (IommudCallers *self, IommudCaller *caller)
{
  iommud_flow_leave (self->flow, caller);
  iommud_lanes_leave (self->lanes, caller);
}

/* What a caller that has left asked for is dropped, and what is under way for it is cancelled. */
static void
drop (IommudCallers *self, const char *name)
{
  IommudCaller *caller = g_hash_table_lookup (self->callers, name);

  if (caller == NULL)
    return;
  leave (self, caller);
  g_cancellable_cancel (caller->cancellable);
  g_hash_table_remove (self->callers, name);
}

static void
on_name_owner_changed (GDBusConnection *connection, const char *sender, const char *path,
                       const char *interface, const char *signal, GVariant *parameters,
                       gpointer user_data)
{
  const char *name = NULL;
  const char *new_owner = NULL;

  if (!g_variant_is_of_type (parameters, G_VARIANT_TYPE ("(sss)")))
    return;
  g_variant_get (parameters, "(&s&s&s)", &name, NULL, &new_owner);
  if (*new_owner == '\0')
    drop (user_data, name);
}

IommudCallers *
iommud_callers_new (GDBusConnection *connection, IommudLanes *lanes, IommudFlow *flow)
{
  IommudCallers *self = g_new0 (IommudCallers, 1);

  self->connection = g_object_ref (connection);
  self->lanes = lanes;
  self->flow = flow;
  self->callers = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, forget);
  self->cancellable = g_cancellable_new ();
  self->subscription = g_dbus_connection_signal_subscribe (
      connection, BUS_NAME, BUS_NAME, "NameOwnerChanged", BUS_PATH, NULL, G_DBUS_SIGNAL_FLAGS_NONE,
      on_name_owner_changed, self, NULL);
  return self;
}

void
iommud_callers_free (IommudCallers *self)
{
  GHashTableIter iter;
  gpointer caller;

  g_cancellable_cancel (self->cancellable);
  g_dbus_connection_signal_unsubscribe (self->connection, self->subscription);
  g_hash_table_iter_init (&iter, self->callers);
  while (g_hash_table_iter_next (&iter, NULL, &caller))
    leave (self, caller);
  g_hash_table_unref (self->callers);
  g_object_unref (self->cancellable);
  g_object_unref (self->connection);
  g_free (self);
}

/* The caller's calls can have their turns. */
static void
join (Question *question)
{
  iommud_lanes_join (question->callers->lanes, question->caller);
  iommud_flow_join (question->callers->flow, question->caller);
}

static void
question_free (Question *question)
{
  iommud_caller_unref (question->caller);
  g_free (question);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Question, question_free)

/* Whether the callers are still there, and the caller is one of them. */
static gboolean
is_of_interest (const Question *question, const GError *error)
{
  return !g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED)
         && g_hash_table_lookup (question->callers->callers, question->caller->name)
                == question->caller;
}

static void
look_groups_up (GTask *task, gpointer source, gpointer uid, GCancellable *cancellable)
{
  g_task_return_pointer (task, iommud_users_get_groups (GPOINTER_TO_UINT (uid)),
                         (GDestroyNotify) g_array_unref);
}

static void
on_groups_known (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Question) question = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GArray) groups = g_task_propagate_pointer (G_TASK (result), &error);

  if (!is_of_interest (question, error))
    return;
  question->caller->groups = g_steal_pointer (&groups);
  join (question);
}

/* An old bus does not tell the groups. Root needs none. Takes the question. */
static void
find_groups (Question *question)
{
  g_autoptr (GTask) task = NULL;

  if (question->caller->groups != NULL || question->caller->uid == 0
      || question->caller->cause != NULL)
    {
      join (question);
      question_free (question);
      return;
    }
  task = g_task_new (NULL, question->callers->cancellable, on_groups_known, question);
  g_task_set_task_data (task, GUINT_TO_POINTER (question->caller->uid), NULL);
  g_task_run_in_thread (task, look_groups_up);
}

static void
read_groups (IommudCaller *caller, GVariant *credentials)
{
  g_autoptr (GVariant) value =
      g_variant_lookup_value (credentials, "UnixGroupIDs", G_VARIANT_TYPE ("au"));
  const guint32 *groups = NULL;
  gsize n_groups = 0;

  if (value == NULL)
    return;
  groups = g_variant_get_fixed_array (value, &n_groups, sizeof *groups);
  caller->groups = g_array_sized_new (FALSE, FALSE, sizeof *groups, (guint) n_groups);
  g_array_append_vals (caller->groups, groups, (guint) n_groups);
}

static void
read_credentials (IommudCaller *caller, GVariant *reply)
{
  g_autoptr (GVariant) credentials = g_variant_get_child_value (reply, 0);

  if (!g_variant_lookup (credentials, "UnixUserID", "u", &caller->uid))
    caller->cause = g_error_new (G_IO_ERROR, G_IO_ERROR_FAILED, "it knows none");
  (void) g_variant_lookup (credentials, "ProcessID", "u", &caller->pid);
  read_groups (caller, credentials);
}

static void
on_credentials_known (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Question) question = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply =
      g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);

  if (!is_of_interest (question, error))
    return;
  if (g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_NAME_HAS_NO_OWNER))
    {
      drop (question->callers, question->caller->name);
      return;
    }
  if (reply != NULL)
    read_credentials (question->caller, reply);
  else
    question->caller->cause = g_steal_pointer (&error);
  find_groups (g_steal_pointer (&question));
}

static void
ask_for_credentials (IommudCallers *self, IommudCaller *caller)
{
  Question *question = g_new0 (Question, 1);

  question->callers = self;
  question->caller = iommud_caller_ref (caller);
  g_dbus_connection_call (self->connection, BUS_NAME, BUS_PATH, BUS_NAME,
                          "GetConnectionCredentials", g_variant_new ("(s)", caller->name),
                          G_VARIANT_TYPE ("(a{sv})"), G_DBUS_CALL_FLAGS_NONE, -1, self->cancellable,
                          on_credentials_known, question);
}

/* A message that calls a method. It waits in its lane until its turn has come. Takes the message,
 * or returns FALSE with the caller, borrowed, if too many wait. */
gboolean
iommud_callers_receive (IommudCallers *self, GDBusMessage *message, IommudCaller **caller)
{
  const char *sender = g_dbus_message_get_sender (message);
  const char *name = sender == NULL ? "" : sender;

  *caller = g_hash_table_lookup (self->callers, name);
  if (*caller == NULL)
    {
      *caller = iommud_caller_new (name);
      g_hash_table_insert (self->callers, (*caller)->name, *caller);
      ask_for_credentials (self, *caller);
    }
  return iommud_lanes_push (self->lanes, *caller, message);
}
