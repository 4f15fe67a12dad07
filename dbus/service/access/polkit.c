/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Questions to polkit, which is a program on the bus like any other: it may be absent, hang or die.
 * Each user, and each caller, has few of them under way, so that those of others go on; and all
 * together have so few that the bus lets the service wait for other answers, too. The bus waits for
 * an answer even if nobody else does any more, so that is how long a question counts.
 *
 * Whom polkit is asked about is named by the caller's name on the bus: a process may be another one
 * by the time that polkit looks at it. */
#include "access/polkit.h"

#include "idle.h"

#define NAME "org.freedesktop.PolicyKit1"
#define PATH "/org/freedesktop/PolicyKit1/Authority"
#define INTERFACE "org.freedesktop.PolicyKit1.Authority"

#define ALLOW_USER_INTERACTION 1u

struct _IommudPolkit
{
  GDBusConnection *connection;
  guint patience_ms;
  GHashTable *users; /* uid -> User (owned): those with questions */
  GQueue unanswered; /* of Question */
  guint n_asked;     /* of all users */
  guint64 last_id;
  GCancellable *cancellable;
};

typedef struct
{
  guint32 uid;
  guint n_asked;
  GQueue waiting; /* of Question */
} User;

typedef struct
{
  IommudPolkit *polkit;
  IommudCaller *caller;
  IommudAction action;
  GVariant *details;
  gboolean is_interactive;
  char *id;
  gboolean is_asked;     /* and polkit has not answered */
  IommudPolkitFunc func; /* NULL: it was called */
  gpointer user_data;
  gulong left;       /* the handler */
  GSource *patience; /* NULL: there is no end of it */
} Question;

static void
free_user (gpointer data)
{
  User *user = data;

  g_queue_clear (&user->waiting);
  g_free (user);
}

IommudPolkit *
iommud_polkit_new (GDBusConnection *connection, guint patience_ms)
{
  IommudPolkit *self = g_new0 (IommudPolkit, 1);

  self->connection = g_object_ref (connection);
  self->patience_ms = patience_ms;
  self->users = g_hash_table_new_full (NULL, NULL, NULL, free_user);
  self->cancellable = g_cancellable_new ();
  g_queue_init (&self->unanswered);
  return self;
}

static User *
ensure_user (IommudPolkit *self, guint32 uid)
{
  User *user = g_hash_table_lookup (self->users, GUINT_TO_POINTER (uid));

  if (user != NULL)
    return user;
  user = g_new0 (User, 1);
  user->uid = uid;
  g_queue_init (&user->waiting);
  g_hash_table_insert (self->users, GUINT_TO_POINTER (uid), user);
  return user;
}

static void
drop_idle_user (IommudPolkit *self, User *user)
{
  if (user->n_asked == 0 && g_queue_is_empty (&user->waiting))
    g_hash_table_remove (self->users, GUINT_TO_POINTER (user->uid));
}

static void
question_free (Question *question)
{
  iommud_caller_unref (question->caller);
  g_variant_unref (question->details);
  g_free (question->id);
  g_free (question);
}

/* --- Answers ---------------------------------------------------------------------------------- */

/* Tells who asked, which it does once. */
static void
tell (Question *question, IommudPolkitAnswer answer, const char *message)
{
  IommudPolkitFunc func = question->func;

  question->func = NULL;
  g_clear_signal_handler (&question->left, question->caller->cancellable);
  iommud_idle_stop (&question->patience);
  g_queue_remove (&question->polkit->unanswered, question);
  func (answer, message, question->user_data);
}

/* A window with a password that nobody waits for is closed. */
static void
ask_no_more (Question *question)
{
  IommudPolkit *self = question->polkit;

  g_dbus_connection_call (self->connection, NAME, PATH, INTERFACE, "CancelCheckAuthorization",
                          g_variant_new ("(s)", question->id), NULL,
                          G_DBUS_CALL_FLAGS_NO_AUTO_START, -1, NULL, NULL, NULL);
}

/* Nobody waits for the answer any more. Perhaps it has not even been asked for. */
static void
give_up (Question *question, IommudPolkitAnswer answer)
{
  IommudPolkit *self = question->polkit;
  const gboolean is_asked = question->is_asked;
  User *user = ensure_user (self, question->caller->uid);

  if (is_asked)
    ask_no_more (question);
  else
    g_queue_remove (&user->waiting, question);
  tell (question, answer, NULL);
  if (!is_asked)
    {
      drop_idle_user (self, user);
      question_free (question);
    }
}

static void
on_left (GCancellable *cancellable, Question *question)
{
  give_up (question, IOMMUD_POLKIT_CANCELLED);
}

static gboolean
on_no_patience (gpointer question)
{
  give_up (question, IOMMUD_POLKIT_LATE);
  return G_SOURCE_REMOVE;
}

static IommudPolkitAnswer
read_error (const GError *error)
{
  static const struct
  {
    GDBusError code;
    IommudPolkitAnswer answer;
  } known[] = {
    { G_DBUS_ERROR_SERVICE_UNKNOWN, IOMMUD_POLKIT_ABSENT },
    { G_DBUS_ERROR_NAME_HAS_NO_OWNER, IOMMUD_POLKIT_ABSENT },
    { G_DBUS_ERROR_NO_REPLY, IOMMUD_POLKIT_DIED },
    { G_DBUS_ERROR_DISCONNECTED, IOMMUD_POLKIT_DIED },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (known); i++)
    if (g_error_matches (error, G_DBUS_ERROR, (gint) known[i].code))
      return known[i].answer;
  return IOMMUD_POLKIT_FAILED;
}

static IommudPolkitAnswer
read_answer (GVariant *reply)
{
  gboolean is_allowed = FALSE;
  gboolean is_challenge = FALSE;

  g_variant_get (reply, "((bb@a{ss}))", &is_allowed, &is_challenge, NULL);
  if (is_allowed)
    return IOMMUD_POLKIT_ALLOWED;
  return is_challenge ? IOMMUD_POLKIT_WANTS_PASSWORD : IOMMUD_POLKIT_REFUSED;
}

static void ask_waiting (IommudPolkit *self);

static void
count_answer (IommudPolkit *self, Question *question)
{
  User *user = ensure_user (self, question->caller->uid);

  question->is_asked = FALSE;
  question->caller->n_questions--;
  user->n_asked--;
  self->n_asked--;
  drop_idle_user (self, user);
}

static void
on_answer (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Question *question = user_data;
  IommudPolkit *self = question->polkit;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply =
      g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    {
      question_free (question); /* there is no one left who asks */
      return;
    }
  count_answer (self, question);
  if (error != NULL)
    g_dbus_error_strip_remote_error (error);
  if (question->func != NULL)
    tell (question, reply != NULL ? read_answer (reply) : read_error (error),
          error == NULL ? NULL : error->message);
  question_free (question);
  ask_waiting (self);
}

/* --- Questions -------------------------------------------------------------------------------- */

static void
ask (IommudPolkit *self, User *user, Question *question)
{
  GVariantBuilder subject;

  g_variant_builder_init (&subject, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&subject, "{sv}", "name", g_variant_new_string (question->caller->name));
  question->is_asked = TRUE;
  question->caller->n_questions++;
  user->n_asked++;
  self->n_asked++;
  g_dbus_connection_call (self->connection, NAME, PATH, INTERFACE, "CheckAuthorization",
                          g_variant_new ("((sa{sv})s@a{ss}us)", "system-bus-name", &subject,
                                         iommud_action_get_id (question->action), question->details,
                                         question->is_interactive ? ALLOW_USER_INTERACTION : 0,
                                         question->id),
                          G_VARIANT_TYPE ("((bba{ss}))"), G_DBUS_CALL_FLAGS_NONE, G_MAXINT,
                          self->cancellable, on_answer, question);
}

/* The next one of the user whose caller has not too many under way. Owned; NULL for none. */
static Question *
pop_waiting (User *user)
{
  for (GList *link = user->waiting.head; link != NULL; link = link->next)
    {
      Question *question = link->data;

      if (question->caller->n_questions >= IOMMUD_POLKIT_QUESTIONS_PER_CALLER)
        continue;
      g_queue_delete_link (&user->waiting, link);
      return question;
    }
  return NULL;
}

static void
ask_waiting (IommudPolkit *self)
{
  GHashTableIter iter;
  gpointer value = NULL;

  g_hash_table_iter_init (&iter, self->users);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      User *user = value;
      Question *question = NULL;

      while (self->n_asked < IOMMUD_POLKIT_QUESTIONS_OF_ALL
             && user->n_asked < IOMMUD_POLKIT_QUESTIONS_PER_USER
             && (question = pop_waiting (user)) != NULL)
        ask (self, user, question);
    }
}

/* Whoever types a password may take any time. */
static void
limit_patience (IommudPolkit *self, Question *question)
{
  if (question->is_interactive)
    return;
  question->patience = g_timeout_source_new (self->patience_ms);
  g_source_set_callback (question->patience, on_no_patience, question, NULL);
  g_source_attach (question->patience, g_main_context_get_thread_default ());
}

/* Whether the caller is let do this. The answer may come before this returns. @details: a{ss},
 * which the text for the user repeats; consumed if it is floating. */
void
iommud_polkit_ask (IommudPolkit *self, IommudCaller *caller, IommudAction action, GVariant *details,
                   gboolean is_interactive, IommudPolkitFunc answer, gpointer user_data)
{
  User *user = ensure_user (self, caller->uid);
  Question *question = NULL;

  g_variant_ref_sink (details);
  if (g_queue_get_length (&user->waiting) >= IOMMUD_POLKIT_WAITING_PER_USER)
    {
      g_variant_unref (details);
      answer (IOMMUD_POLKIT_TOO_MANY, NULL, user_data);
      return;
    }
  question = g_new0 (Question, 1);
  question->polkit = self;
  question->caller = iommud_caller_ref (caller);
  question->action = action;
  question->details = details;
  question->is_interactive = is_interactive;
  question->id = g_strdup_printf ("iommud-%" G_GUINT64_FORMAT, ++self->last_id);
  question->func = answer;
  question->user_data = user_data;
  question->left =
      g_signal_connect (caller->cancellable, "cancelled", G_CALLBACK (on_left), question);
  limit_patience (self, question);
  g_queue_push_tail (&self->unanswered, question);
  g_queue_push_tail (&user->waiting, question);
  ask_waiting (self);
}

/* Whoever waits for an answer is told that there will be none. */
void
iommud_polkit_free (IommudPolkit *self)
{
  g_cancellable_cancel (self->cancellable);
  while (!g_queue_is_empty (&self->unanswered))
    give_up (g_queue_peek_head (&self->unanswered), IOMMUD_POLKIT_CANCELLED);
  g_object_unref (self->cancellable);
  g_hash_table_unref (self->users);
  g_object_unref (self->connection);
  g_free (self);
}
