/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A queue of operations, one after the other, whose slow parts run on a worker thread. */
#include "base/queue.h"

#include "base/sync.h"
#include "iommud-error.h"

struct _IommudQueue
{
  gatomicrefcount references;
  IommudWorkers *workers;
  GMainContext *main_context;
  IommudJournal *journal; /* or NULL */
  GQueue waiting;         /* of Job; the running one is not in it */
  GQueue unfinished;      /* of Job: those between two of their turns */
  gboolean running;
  gboolean publishing;
  gboolean took_turn; /* the last job to run was an unfinished one */
};

typedef struct
{
  GList link; /* of the queue's list that it is in */
  GObject *owner;
  IommudQueue *queue;
  const IommudOperation *operation;
  gpointer data;
  gpointer plan;
  GTask *task;
  gboolean watched;
  GSource *cancellation; /* while it waits behind others; or NULL */
  gboolean here;         /* the caller waits, so its thread may do the work */
  gboolean begun;
  guint64 number; /* in the journal; 0: it is not there */
} Job;

static void start_next (IommudQueue *self);
static void start_later (IommudQueue *self);

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

static GCancellable *
job_get_cancellable (const Job *job)
{
  return job->task != NULL ? g_task_get_cancellable (job->task) : NULL;
}

static void
job_stop_watching (Job *job)
{
  if (job->cancellation == NULL)
    return;
  g_source_destroy (job->cancellation);
  g_clear_pointer (&job->cancellation, g_source_unref);
}

static gboolean
on_cancelled (GCancellable *cancellable, gpointer user_data)
{
  Job *job = user_data;
  g_autoptr (IommudQueue) self = queue_ref (job->queue);
  GError *error = NULL;

  g_queue_unlink (&self->waiting, &job->link);
  job_stop_watching (job);
  g_cancellable_set_error_if_cancelled (cancellable, &error);
  job_end (job, NULL, error);
  /* Perhaps those behind it need not wait. */
  start_next (self);
  return G_SOURCE_REMOVE;
}

/* For a job that has to wait: its cancellation ends it at once. */
static void
job_watch (Job *job)
{
  GCancellable *cancellable = job_get_cancellable (job);

  job->watched = TRUE;
  if (cancellable == NULL)
    return;
  job->cancellation = g_cancellable_source_new (cancellable);
  g_source_set_callback (job->cancellation, G_SOURCE_FUNC (on_cancelled), job, NULL);
  g_source_attach (job->cancellation, job->queue->main_context);
}

static gboolean
job_plan (Job *job, GError **error)
{
  /* An operation that has done a part of its work must be able to undo it. */
  if (!job->begun && g_cancellable_set_error_if_cancelled (job_get_cancellable (job), error))
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

static gboolean
job_is_urgent (const Job *job)
{
  return job->operation->is_urgent != NULL && job->operation->is_urgent (job->data);
}

static Job *
pop (GQueue *queue)
{
  GList *link = g_queue_pop_head_link (queue);

  return link != NULL ? link->data : NULL;
}

/* Unfinished jobs and new ones in turn, but urgent ones first; NULL if there is none. */
static Job *
take_next (IommudQueue *self)
{
  Job *next = g_queue_peek_head (&self->waiting);
  gboolean may_begin = next != NULL && !job_must_wait (next);

  if (may_begin
      && (self->took_turn || g_queue_is_empty (&self->unfinished) || job_is_urgent (next)))
    {
      self->took_turn = FALSE;
      job_stop_watching (next);
      return pop (&self->waiting);
    }
  self->took_turn = TRUE;
  return pop (&self->unfinished);
}

static void
publish (Job *job)
{
  IommudQueue *self = job->queue;
  GError *error = NULL;
  gpointer result;

  self->publishing = TRUE;
  result = job->operation->publish (job->data, &error);
  self->publishing = FALSE;
  self->running = FALSE;
  if (error == NULL && job->operation->goes_on != NULL && job->operation->goes_on (job->data))
    g_queue_push_tail_link (&self->unfinished, &job->link);
  else
    job_end (job, result, error);
}

/* A part of it, after which the main loop may do other things. FALSE: all is published. */
static gboolean
publish_some (Job *job)
{
  gboolean more;

  if (job->operation->publish_some == NULL)
    return FALSE;
  job->queue->publishing = TRUE;
  more = job->operation->publish_some (job->data);
  job->queue->publishing = FALSE;
  return more;
}

/* A caller that waits does the work of one turn itself, which is cheaper than two changes of the
 * thread. An operation of several turns goes to a worker, so that the main loop runs on. */
static gboolean
job_runs_here (const Job *job)
{
  return job->here && job->operation->goes_on == NULL;
}

static void
job_run_here (Job *job)
{
  job->operation->perform (job->plan);
  while (publish_some (job))
    ;
  publish (job);
}

static void
start_job (Job *job)
{
  IommudQueue *self = job->queue;
  GError *error = NULL;

  self->running = TRUE;
  if (!job_plan (job, &error))
    {
      self->running = FALSE;
      job_end (job, NULL, error);
    }
  else if (job_runs_here (job))
    job_run_here (job);
  else
    iommud_workers_push (self->workers, job);
}

static void
start_next (IommudQueue *self)
{
  Job *job;

  while (!self->running && (job = take_next (self)) != NULL)
    start_job (job);
}

/* What comes next starts when the caller has been told: it may have an urgent operation for what
 * the last one has left, such as a bitmap that could not be delivered. */
static gboolean
job_publish (gpointer user_data)
{
  Job *job = user_data;
  g_autoptr (IommudQueue) self = queue_ref (job->queue);

  if (publish_some (job))
    return G_SOURCE_CONTINUE;
  publish (job);
  if (!iommud_queue_is_idle (self))
    start_later (self);
  return G_SOURCE_REMOVE;
}

void
iommud_queue_set_journal (IommudQueue *self, IommudJournal *journal)
{
  g_return_if_fail (iommud_queue_is_idle (self));
  g_set_object (&self->journal, journal);
}

gboolean
iommud_queue_has_journal (IommudQueue *self)
{
  return self->journal != NULL;
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
start_when_idle (gpointer user_data)
{
  IommudQueue *self = user_data;

  start_next (self);
  /* Those that came last. */
  for (GList *link = self->waiting.tail; link != NULL && !((Job *) link->data)->watched;
       link = link->prev)
    job_watch (link->data);
  return G_SOURCE_REMOVE;
}

static void
start_later (IommudQueue *self)
{
  g_autoptr (GSource) source = g_idle_source_new ();

  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (source, start_when_idle, queue_ref (self),
                         (GDestroyNotify) iommud_queue_unref);
  g_source_attach (source, self->main_context);
}

void
iommud_queue_hurry (IommudQueue *self)
{
  GList *first = self->waiting.head;
  GList *next;

  for (GList *link = first; link != NULL; link = next)
    {
      next = link->next;
      if (link == first || !job_is_urgent (link->data))
        continue;
      g_queue_unlink (&self->waiting, link);
      g_queue_push_head_link (&self->waiting, link);
    }
  start_later (self);
}

/* The operation under way ends when its caller's handler has returned, and the handler would wait
 * for that. */
static void
refuse_to_wait (Job *job)
{
  job_end (job, NULL,
           g_error_new (IOMMUD_ERROR, IOMMUD_ERROR_BUSY,
                        "A call that waits cannot be made from a handler of a signal that an "
                        "operation of the same IOMMUFD context emits: the operation ends after the "
                        "handler has returned; make the asynchronous call"));
}

void
iommud_queue_submit (IommudQueue *self, const IommudOperation *operation, gpointer data,
                     gpointer owner, GTask *task)
{
  Job *job = g_new0 (Job, 1);

  job->link.data = job;
  job->owner = g_object_ref (owner);
  job->queue = queue_ref (self);
  job->operation = operation;
  job->data = data;
  job->task = task;
  job->here = task != NULL && iommud_task_has_waiting_caller (task);
  if (job->here && self->publishing)
    {
      refuse_to_wait (job);
      return;
    }
  if (job_is_urgent (job))
    g_queue_push_head_link (&self->waiting, &job->link);
  else
    g_queue_push_tail_link (&self->waiting, &job->link);
  /* Never from inside the call itself: a failure reaches the caller the same way as a success. */
  start_later (self);
}
