/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A queue of operations, one after the other, whose slow parts run on a worker thread. */
#pragma once

#include "base/journal.h"
#include "base/workers.h"

G_BEGIN_DECLS

/* An operation has three parts, so that the model changes only on the main loop and no kernel call
 * runs there:
 *   plan     main loop, when the operation's turn has come: checks, and returns what perform needs,
 *            which points to nothing of the model; NULL with an error ends the operation
 *   perform  a worker thread: kernel calls, which use only the plan
 *   publish  main loop: brings the result into the model; returns the task's object, or NULL
 * and free, which ends what the operation holds, such as claims on devices.
 *
 * If there is a journal, an operation that has intent and fact tells it what it is about to do,
 * after its plan and before its first perform, and what came of it, after its last publish.
 *
 * A long operation takes turns: if goes_on says so after a publish without an error, all three are
 * called again, and other operations of the queue have their turns in between. An operation that
 * cannot run while a long one is unfinished says so with must_wait; those behind it wait too. Only
 * operations that are between turns may keep others waiting. An urgent operation runs before all
 * that have not begun. What takes long to publish is published before that in parts, between which
 * the main loop does other things; no other operation of the queue runs meanwhile.
 *
 * A call whose caller waits (sync.h) is performed on the caller's thread, if one turn is all. An
 * operation that still waits for its turn when its task is cancelled ends at once. */
typedef struct
{
  gpointer (*plan) (gpointer data, GError **error);
  void (*perform) (gpointer plan);
  gpointer (*publish) (gpointer data, GError **error);
  GDestroyNotify free;
  gboolean (*goes_on) (gpointer data);      /* or NULL: one turn is all */
  gboolean (*must_wait) (gpointer data);    /* or NULL: never */
  gboolean (*is_urgent) (gpointer data);    /* or NULL: never */
  gboolean (*publish_some) (gpointer data); /* or NULL; whether there is more, before publish */
  GVariant *(*intent) (gpointer data);      /* or NULL: the journal is not for it */
  GVariant *(*fact) (gpointer data);        /* with intent */
} IommudOperation;

typedef struct _IommudQueue IommudQueue;

/* @workers call iommud_queue_work(). */
IommudQueue *iommud_queue_new (IommudWorkers *workers, GMainContext *main_context);
void iommud_queue_unref (IommudQueue *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (IommudQueue, iommud_queue_unref)

/* NULL: none. For a queue that is idle. */
void iommud_queue_set_journal (IommudQueue *self, IommudJournal *journal);
gboolean iommud_queue_has_journal (IommudQueue *self);

/* Puts an operation behind the others. @owner, which owns the workers, is held until the operation
 * has ended. @task (transfer full, or NULL if nothing waits for it) returns after data was freed.
 */
void iommud_queue_submit (IommudQueue *self, const IommudOperation *operation, gpointer data,
                          gpointer owner, GTask *task);

/* Operations that wait, and that have become urgent since they were submitted, come first now. */
void iommud_queue_hurry (IommudQueue *self);

/* Nothing is under way, and nothing waits. */
gboolean iommud_queue_is_idle (IommudQueue *self);

void iommud_queue_work (gpointer job, gpointer unused);

G_END_DECLS
