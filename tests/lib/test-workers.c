/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The threads that operations run on: how many there are, and what happens if none can be made. */
#include "config.h"

#include "model-fixture.h"

#include "base/workers.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>

#define N_JOBS 40
#define MAX_WORKERS 4

/* What the kernel answers at a limit of tasks or of memory. It stands before the C library's own
 * function, also for GLib. */
static gint no_threads;
static gint n_refused;
static gint n_made;

__attribute__ ((visibility ("default"))) int
pthread_create (pthread_t *thread, const pthread_attr_t *attributes, void *(*start) (void *),
                void *data)
{
  static int (*real) (pthread_t *, const pthread_attr_t *, void *(*) (void *), void *);

  if (g_atomic_int_get (&no_threads))
    {
      g_atomic_int_inc (&n_refused);
      return EAGAIN;
    }
  g_atomic_int_inc (&n_made);
  if (real == NULL)
    *(void **) &real = dlsym (RTLD_NEXT, "pthread_create");
  return real (thread, attributes, start, data);
}

static void
allow_threads (gboolean allow)
{
  g_atomic_int_set (&no_threads, !allow);
  g_atomic_int_set (&n_refused, 0);
}

typedef struct
{
  GMutex lock;
  GCond changed;
  guint n_running;
  guint most_running;
  guint n_done;
  gboolean may_end;
  gpointer order[N_JOBS];
} Work;

static Work work;

static void
do_job (gpointer job, gpointer unused)
{
  g_mutex_lock (&work.lock);
  work.n_running++;
  work.most_running = MAX (work.most_running, work.n_running);
  g_cond_broadcast (&work.changed);
  while (!work.may_end)
    g_cond_wait (&work.changed, &work.lock);
  work.n_running--;
  work.order[work.n_done++] = job;
  g_cond_broadcast (&work.changed);
  g_mutex_unlock (&work.lock);
}

static void
push_jobs (IommudWorkers *workers, gboolean may_end)
{
  memset (work.order, 0, sizeof work.order);
  work.most_running = 0;
  work.n_done = 0;
  work.may_end = may_end;
  for (guintptr i = 1; i <= N_JOBS; i++)
    iommud_workers_push (workers, (gpointer) i);
}

static void
wait_until (const guint *number, guint value)
{
  g_mutex_lock (&work.lock);
  while (*number < value)
    g_cond_wait (&work.changed, &work.lock);
  g_mutex_unlock (&work.lock);
}

static void
let_jobs_end (void)
{
  g_mutex_lock (&work.lock);
  work.may_end = TRUE;
  g_cond_broadcast (&work.changed);
  g_mutex_unlock (&work.lock);
  wait_until (&work.n_done, N_JOBS);
}

static void
test_bound (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (IommudWorkers) workers = iommud_workers_new (do_job, MAX_WORKERS, &error);

  g_assert_no_error (error);
  g_atomic_int_set (&n_made, 0);
  push_jobs (workers, FALSE);
  /* The pool makes them as jobs come. The one that was made before is kept. */
  g_assert_cmpint (g_atomic_int_get (&n_made), ==, MAX_WORKERS - 1);
  wait_until (&work.n_running, MAX_WORKERS - 1);
  let_jobs_end ();
  g_assert_cmpuint (work.most_running, ==, MAX_WORKERS - 1);
}

/* Workers for whose jobs no thread can be made, and that have done them all the same. */
static IommudWorkers *
new_refused (void)
{
  g_autoptr (GError) error = NULL;
  IommudWorkers *workers = iommud_workers_new (do_job, MAX_WORKERS, &error);

  g_assert_no_error (error);
  allow_threads (FALSE);
  push_jobs (workers, TRUE);
  wait_until (&work.n_done, N_JOBS);
  return workers;
}

/* One thread is there from the start. It takes the jobs in order, also those that no thread could
 * be made for, and the end waits for nothing. */
static void
test_no_more_threads (void)
{
  g_autoptr (IommudWorkers) workers = new_refused ();

  g_assert_cmpint (g_atomic_int_get (&n_refused), ==, N_JOBS);
  g_assert_cmpuint (work.most_running, ==, 1);
  for (guintptr i = 0; i < N_JOBS; i++)
    g_assert_cmpuint (GPOINTER_TO_SIZE (work.order[i]), ==, i + 1);
  g_clear_pointer (&workers, iommud_workers_free);
  allow_threads (TRUE);
}

/* Requests that could not be met before are met now, and find their jobs done. */
static void
test_threads_again (void)
{
  g_autoptr (IommudWorkers) workers = new_refused ();

  allow_threads (TRUE);
  push_jobs (workers, FALSE);
  wait_until (&work.n_running, MAX_WORKERS - 1);
  let_jobs_end ();
}

static void
test_host_without_thread (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (IommudSimulator) simulator = iommud_simulator_new (NULL, &error);
  IommudHost *host;

  g_assert_no_error (error);
  allow_threads (FALSE);
  host = iommud_host_new (IOMMUD_BACKEND (simulator), &error);
  allow_threads (TRUE);
  g_assert_null (host);
  g_assert_error (error, IOMMUD_ERROR, IOMMUD_ERROR_LIMITS_EXCEEDED);
  g_assert_nonnull (strstr (error->message, "pthread_create"));
  g_assert_nonnull (strstr (error->message, "(EAGAIN)"));
  g_assert_nonnull (strstr (error->message, "TasksMax"));
}

/* The simulated kernel has its own thread from its first file on, and a thread of the pool waits
 * for half a second before it leaves. */
static void
refuse_threads (ModelFixture *self)
{
  model_fixture_free_container (
      model_fixture_container (self, "first", IOMMUD_DIRTY_TRACKING_POLICY_PREFERRED));
  g_usleep (G_USEC_PER_SEC * 3 / 4);
  allow_threads (FALSE);
}

static void
on_attached (GObject *container, GAsyncResult *result, gpointer n_attached)
{
  g_autoptr (GError) error = NULL;

  iommud_container_attach_device_finish (IOMMUD_CONTAINER (container), result, NULL, &error);
  g_assert_no_error (error);
  ++*(guint *) n_attached;
}

/* Calls on several contexts, of which each would get a thread of its own. */
static void
test_calls_are_answered (ModelFixture *self, gconstpointer unused)
{
  IommudContainer *containers[3];
  static const char *const devices[] = { DIRTY_A, DIRTY_B, PLAIN_A };
  guint n_attached = 0;

  refuse_threads (self);
  for (guint i = 0; i < G_N_ELEMENTS (containers); i++)
    {
      containers[i] =
          model_fixture_container (self, devices[i] + 5, IOMMUD_DIRTY_TRACKING_POLICY_PREFERRED);
      iommud_container_attach_device_async (containers[i], model_fixture_device (self, devices[i]),
                                            NULL, NULL, on_attached, &n_attached);
    }
  while (n_attached < G_N_ELEMENTS (containers))
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpint (g_atomic_int_get (&n_refused), >=, (int) G_N_ELEMENTS (containers));
  for (guint i = 0; i < G_N_ELEMENTS (containers); i++)
    model_fixture_free_container (containers[i]);
  allow_threads (TRUE);
}

/* A caller that waits does the work itself: no worker is asked. */
static void
test_waiting_caller_works (ModelFixture *self, gconstpointer unused)
{
  IommudContainer *container;

  refuse_threads (self);
  container = model_fixture_container (self, "a", IOMMUD_DIRTY_TRACKING_POLICY_PREFERRED);
  model_fixture_attach (self, container, DIRTY_A);
  model_fixture_detach (self, DIRTY_A);
  model_fixture_free_container (container);
  g_assert_cmpint (g_atomic_int_get (&n_refused), ==, 0);
  allow_threads (TRUE);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  /* Threads that a pool has left would be taken instead of new ones. */
  g_thread_pool_set_max_unused_threads (0);
  g_test_add_func ("/workers/bound", test_bound);
  g_test_add_func ("/workers/no-more-threads", test_no_more_threads);
  g_test_add_func ("/workers/threads-again", test_threads_again);
  g_test_add_func ("/workers/host-without-thread", test_host_without_thread);
  g_test_add ("/workers/calls-are-answered", ModelFixture, NULL, model_fixture_set_up,
              test_calls_are_answered, model_fixture_tear_down);
  g_test_add ("/workers/waiting-caller-works", ModelFixture, NULL, model_fixture_set_up,
              test_waiting_caller_works, model_fixture_tear_down);
  return g_test_run ();
}
