/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One IOMMUFD context: an open /dev/iommu and the operations on it, one after the other. */
#include "model/context.h"

#include "model/device.h"
#include "iommud-host.h"

struct _IommudContext
{
  grefcount references;
  guint64 serial;
  IommudHost *host; /* weak */
  const IommudSyscalls *syscalls;
  GThreadPool *pool;
  GMainContext *main_context;
  int fd;
  guint n_containers;
  GQueue waiting;    /* of Job; the running one is not in it */
  GQueue unfinished; /* of Job: those between two of their turns */
  gboolean running;
  gboolean took_turn; /* the last job to run was an unfinished one */
};

typedef struct
{
  IommudHost *host;
  IommudContext *context;
  const IommudOperation *operation;
  gpointer data;
  IommudDevice *device;
  GTask *task;
  gboolean begun;
} Job;

IommudContext *
iommud_context_new (guint64 serial, IommudHost *host, const IommudSyscalls *syscalls,
                    GThreadPool *pool, GMainContext *main_context)
{
  IommudContext *self = g_new0 (IommudContext, 1);

  g_ref_count_init (&self->references);
  self->serial = serial;
  g_set_weak_pointer (&self->host, host);
  self->syscalls = syscalls;
  self->pool = pool;
  self->main_context = g_main_context_ref (main_context);
  self->fd = -1;
  g_queue_init (&self->waiting);
  g_queue_init (&self->unfinished);
  return self;
}

IommudContext *
iommud_context_ref (IommudContext *self)
{
  g_ref_count_inc (&self->references);
  return self;
}

void
iommud_context_unref (IommudContext *self)
{
  if (!g_ref_count_dec (&self->references))
    return;
  g_clear_weak_pointer (&self->host);
  g_main_context_unref (self->main_context);
  g_free (self);
}

guint64
iommud_context_get_serial (IommudContext *self)
{
  return self->serial;
}

int
iommud_context_get_fd (IommudContext *self)
{
  return self->fd;
}

void
iommud_context_set_fd (IommudContext *self, int fd)
{
  self->fd = fd;
}

void
iommud_context_close (IommudContext *self)
{
  if (self->fd >= 0)
    self->syscalls->close (self->syscalls, self->fd);
  self->fd = -1;
}

guint
iommud_context_get_n_containers (IommudContext *self)
{
  return self->n_containers;
}

void
iommud_context_add_container (IommudContext *self)
{
  self->n_containers++;
}

void
iommud_context_remove_container (IommudContext *self)
{
  self->n_containers--;
}

/* The claim ends and what the operation held is let go before the task returns, so that whoever
 * waited finds everything free. */
static void
job_end (Job *job, gpointer result, GError *error)
{
  job->context->running = FALSE;
  if (job->device != NULL)
    iommud_device_release_claim (job->device);
  job->operation->free (job->data);
  if (job->task == NULL)
    g_clear_error (&error);
  else if (error != NULL)
    g_task_return_error (job->task, error);
  else
    g_task_return_pointer (job->task, result, g_object_unref);
  g_clear_object (&job->device);
  g_clear_object (&job->task);
  iommud_context_unref (job->context);
  g_object_unref (job->host);
  g_free (job);
}

static gboolean
job_plan (Job *job, GError **error)
{
  GCancellable *cancellable = job->task != NULL ? g_task_get_cancellable (job->task) : NULL;

  /* One that has done a part must know how to undo it. */
  if (!job->begun && g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;
  job->begun = TRUE;
  return job->operation->plan (job->data, error);
}

static gboolean
job_must_wait (const Job *job)
{
  return job->operation->must_wait != NULL && job->operation->must_wait (job->data);
}

/* Unfinished jobs and new ones in turn; NULL where there is none. */
static Job *
take_next (IommudContext *self)
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
start_next (IommudContext *self)
{
  Job *job;

  while (!self->running && (job = take_next (self)) != NULL)
    {
      GError *error = NULL;

      self->running = TRUE;
      if (job_plan (job, &error))
        g_thread_pool_push (self->pool, job, NULL);
      else
        job_end (job, NULL, error);
    }
}

static gboolean
job_publish (gpointer user_data)
{
  Job *job = user_data;
  g_autoptr (IommudContext) self = iommud_context_ref (job->context);
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
iommud_context_work (gpointer user_data, gpointer unused)
{
  Job *job = user_data;
  g_autoptr (GSource) source = g_idle_source_new ();

  job->operation->perform (job->data);
  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (source, job_publish, job, NULL);
  g_source_attach (source, job->context->main_context);
}

static gboolean
start_when_idle (gpointer context)
{
  start_next (context);
  return G_SOURCE_REMOVE;
}

void
iommud_context_submit (IommudContext *self, const IommudOperation *operation, gpointer data,
                       IommudDevice *device, GTask *task)
{
  Job *job = g_new0 (Job, 1);
  g_autoptr (GSource) source = NULL;

  job->host = g_object_ref (self->host);
  job->context = iommud_context_ref (self);
  job->operation = operation;
  job->data = data;
  job->device = device != NULL ? g_object_ref (device) : NULL;
  job->task = task;
  if (operation->urgent)
    g_queue_push_head (&self->waiting, job);
  else
    g_queue_push_tail (&self->waiting, job);

  /* Never from inside the caller: it is told of a failure the same way as of a success. */
  source = g_idle_source_new ();
  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (source, start_when_idle, iommud_context_ref (self),
                         (GDestroyNotify) iommud_context_unref);
  g_source_attach (source, self->main_context);
}
