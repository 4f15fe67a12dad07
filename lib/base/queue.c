/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A queue of operations, one after the other, whose slow parts run on a worker thread. */
#include "base/queue.h"

struct _IommudQueue
{
  gatomicrefcount references;
  IommudWorkers *workers;
  GMainContext *main_context;
  IommudJournal *journal; /* or NULL */
  GQueue waiting;         /* of Job; the running one is not in it */
  GQueue unfinished;      /* of Job: those between two of their turns */
  gboolean running;
  gboolean took_turn; /* the last job to run was an unfinished one */
};

typedef struct
{
  GObject *owner;
  IommudQueue *queue;
  const IommudOperation *operation;
  gpointer data;
  gpointer plan;
  GTask *task;
  gboolean begun;
  guint64 number; /* in the journal; 0: it is not there */
} Job;

IommudQueue *
iommud_queue_new (IommudWorkers *workers, GMainContext *main_context)
{
  IommudQueue *self = g_new0 (IommudQueue, 1);

  g_atomic_ref_count_init (&self->references);
  self->workers = workers;
  self->main_context = g_main_context_ref (main_context);
  g_queue_init (&self->waiting);
  g_queue_init (&self->unfinished);
  return self;
}

static IommudQueue *
queue_ref (IommudQueue *self)
{
  g_atomic_ref_count_inc (&self->references);
  return self;
}

void
iommud_queue_unref (IommudQueue *self)
{
  if (!g_atomic_ref_count_dec (&self->references))
    return;
  g_main_context_unref (self->main_context);
  g_clear_object (&self->journal);
  g_free (self);
}

static void
job_intend (Job *job)
{
  IommudJournal *journal = job->queue->journal;

  if (journal != NULL && job->number == 0 && job->operation->intent != NULL)
    job->number = iommud_journal_add_intent (journal, job->operation->intent (job->data));
}

/* Also if a later turn could not be planned: what the earlier turns did is a fact. */
static void
job_conclude (Job *job, const GError *error)
{
  if (job->number != 0)
    iommud_journal_add_fact (job->queue->journal, job->number, job->operation->fact (job->data),
                             error);
}

/* What the operation holds is freed before the task returns, so that all of it is available to its
 * caller. */
static void
job_end (Job *job, gpointer result, GError *error)
{
  job->queue->running = FALSE;
  job_conclude (job, error);
  job->operation->free (job->data);
  if (job->task == NULL)
    g_clear_error (&error);
  else if (error != NULL)
    g_task_return_error (job->task, error);
  else
    g_task_return_pointer (job->task, result, g_object_unref);
  g_clear_object (&job->task);
  iommud_queue_unref (job->queue);
  g_object_unref (job->owner);
  g_free (job);
}

static gboolean
job_plan (Job *job, GError **error)
{
  GCancellable *cancellable = job->task != NULL ? g_task_get_cancellable (job->task) : NULL;

  /* An operation that has done a part of its work must be able to undo it. */
  if (!job->begun && g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;
  job->begun = TRUE;
  job->plan = job->operation->plan (job->data, error);
  if (job->plan != NULL)
    job_intend (job);
  return job->plan != NULL;
}

static gboolean
job_must_wait (const Job *job)
{
  return job->operation->must_wait != NULL && job->operation->must_wait (job->data);
}

/* Unfinished jobs and new ones in turn; NULL if there is none. */
static Job *
take_next (IommudQueue *self)
{
  Job *next = g_queue_peek_head (&self->waiting);
  gboolean may_begin = next != NULL && !job_must_wait (next);

  if (may_begin && (self->took_turn || g_queue_is_empty (&self->unfinished)))
    {
      self->took_turn = FALSE;
      return g_queue_pop_head (&self->waiting);
    }
  self->took_turn = TRUE;
  return g_queue_pop_head (&self->unfinished);
}

static void
start_next (IommudQueue *self)
{
  Job *job;

  while (!self->running && (job = take_next (self)) != NULL)
    {
      GError *error = NULL;

      self->running = TRUE;
      if (job_plan (job, &error))
        iommud_workers_push (self->workers, job);
      else
        job_end (job, NULL, error);
    }
}

static gboolean
job_publish (gpointer user_data)
{
  Job *job = user_data;
  g_autoptr (IommudQueue) self = queue_ref (job->queue);
  GError *error = NULL;
  gpointer result = job->operation->publish (job->data, &error);

  if (error == NULL && job->operation->goes_on != NULL && job->operation->goes_on (job->data))
    {
      self->running = FALSE;
      g_queue_push_tail (&self->unfinished, job);
    }
  else
    job_end (job, result, error);
  start_next (self);
  return G_SOURCE_REMOVE;
}

void
iommud_queue_set_journal (IommudQueue *self, IommudJournal *journal)
{
  g_return_if_fail (iommud_queue_is_idle (self));
  g_set_object (&self->journal, journal);
}

gboolean
iommud_queue_is_idle (IommudQueue *self)
{
  return !self->running && g_queue_is_empty (&self->waiting)
         && g_queue_is_empty (&self->unfinished);
}

void
iommud_queue_work (gpointer user_data, gpointer unused)
{
  Job *job = user_data;
  g_autoptr (GSource) source = g_idle_source_new ();

  job->operation->perform (job->plan);
  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (source, job_publish, job, NULL);
  g_source_attach (source, job->queue->main_context);
}

static gboolean
start_when_idle (gpointer queue)
{
  start_next (queue);
  return G_SOURCE_REMOVE;
}

void
iommud_queue_submit (IommudQueue *self, const IommudOperation *operation, gpointer data,
                     gpointer owner, GTask *task)
{
  Job *job = g_new0 (Job, 1);
  g_autoptr (GSource) source = NULL;

  job->owner = g_object_ref (owner);
  job->queue = queue_ref (self);
  job->operation = operation;
  job->data = data;
  job->task = task;
  if (operation->is_urgent != NULL && operation->is_urgent (data))
    g_queue_push_head (&self->waiting, job);
  else
    g_queue_push_tail (&self->waiting, job);

  /* Never from inside the call itself: a failure reaches the caller the same way as a success. */
  source = g_idle_source_new ();
  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (source, start_when_idle, queue_ref (self),
                         (GDestroyNotify) iommud_queue_unref);
  g_source_attach (source, self->main_context);
}
