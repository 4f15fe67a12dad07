/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The threads that the slow parts of operations run on: few enough, and never none.
 *
 * If g_thread_pool_push() cannot make a thread, the job stays in the pool's queue all the same, and
 * nothing works on it if the pool has no thread at that moment. So the jobs are in a queue of our
 * own, the pool is only asked to take one more of them, and what it cannot do is asked of a second
 * pool, whose one thread was made at the start and stays. */
#include "base/workers.h"

#include "base/error.h"

#include <errno.h>

struct _IommudWorkers
{
  GFunc work;
  GAsyncQueue *jobs;
  GThreadPool *reserve; /* one thread, for as long as this lives */
  GThreadPool *pool;    /* the others, which come and go */
};

/* What a pool is asked is always the same: take one. */
#define TAKE_ONE GINT_TO_POINTER (1)

static void
take_one (gpointer request, gpointer user_data)
{
  IommudWorkers *self = user_data;
  gpointer job = g_async_queue_try_pop (self->jobs);

  /* A request that no thread could be made for is met later: another one has taken the job. */
  if (job != NULL)
    self->work (job, NULL);
}

/* The kernel's errno is EAGAIN for every limit; GLib keeps only its text. */
static void
set_thread_error (GError **error)
{
  iommud_error_set_from_errno (error, IOMMUD_ERROR_LIMITS_EXCEEDED, "open the host",
                               "pthread_create", EAGAIN,
                               "no thread can be made: a limit of tasks (TasksMax of the unit, "
                               "RLIMIT_NPROC, kernel.threads-max) or of memory was met");
}

IommudWorkers *
iommud_workers_new (GFunc work, guint max_workers, GError **error)
{
  g_autoptr (IommudWorkers) self = g_new0 (IommudWorkers, 1);
  g_autoptr (GError) thread_error = NULL;

  g_return_val_if_fail (max_workers > 1, NULL);
  self->work = work;
  self->jobs = g_async_queue_new ();
  self->reserve = g_thread_pool_new (take_one, self, 1, TRUE, &thread_error);
  if (thread_error != NULL)
    {
      set_thread_error (error);
      return NULL;
    }
  /* It makes no thread yet, so it cannot fail. */
  self->pool = g_thread_pool_new (take_one, self, (gint) max_workers - 1, FALSE, NULL);
  return g_steal_pointer (&self);
}

void
iommud_workers_free (IommudWorkers *self)
{
  /* At once: a request that no thread could be made for would be waited for without end. */
  if (self->pool != NULL)
    g_thread_pool_free (self->pool, TRUE, TRUE);
  if (self->reserve != NULL)
    g_thread_pool_free (self->reserve, TRUE, TRUE);
  g_async_queue_unref (self->jobs);
  g_free (self);
}

void
iommud_workers_push (IommudWorkers *self, gpointer job)
{
  g_autoptr (GError) error = NULL;

  g_async_queue_push (self->jobs, job);
  if (g_thread_pool_push (self->pool, TAKE_ONE, &error))
    return;
  g_info ("%s; a thread that is there works on it", error->message);
  g_thread_pool_push (self->reserve, TAKE_ONE, NULL);
}
