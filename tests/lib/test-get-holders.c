/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The holders of a device, as the library says them: searches that calls share, and what a search
 * that has not seen all is good for. */
#include "config.h"

#include "holder-process.h"
#include "lease-fixture.h"

#include "backend/backend.h"
#include "model/host.h"
#include "probe/probe.h"

#include <string.h>

/* A search of the test: it stands before that of the simulated host. */
static struct
{
  GPtrArray *(*find_holders) (IommudProbe *probe, GPtrArray *infos, gboolean *complete);
  GMutex lock;
  GCond changed;
  guint n_begun;
  gboolean is_held;     /* until this is taken back, searches do not end */
  guint n_devices;      /* of the last one */
  guint n_most_devices; /* of those until now */
  guint n_running;
  gboolean is_fake; /* it finds pid 1 with the last device, and @complete */
  gboolean complete;
  GThread *thread;
} spy;

static GPtrArray *
spy_on_search (IommudProbe *probe, GPtrArray *infos, gboolean *complete)
{
  GPtrArray *found;

  g_mutex_lock (&spy.lock);
  spy.n_begun++;
  spy.n_devices = infos->len;
  spy.n_most_devices = MAX (spy.n_most_devices, infos->len);
  g_assert_cmpuint (++spy.n_running, ==, 1);
  spy.thread = g_thread_self ();
  g_main_context_wakeup (NULL);
  while (spy.is_held)
    g_cond_wait (&spy.changed, &spy.lock);
  spy.n_running--;
  g_mutex_unlock (&spy.lock);
  if (!spy.is_fake)
    return spy.find_holders (probe, infos, complete);
  found = g_ptr_array_new_with_free_func ((GDestroyNotify) iommud_found_holder_free);
  g_ptr_array_add (found, iommud_found_holder_new (infos->len - 1, 1, 7, g_strdup ("init"),
                                                   g_strdup ("init.scope")));
  *complete = spy.complete;
  return found;
}

static void
hold_searches (gboolean is_held)
{
  g_mutex_lock (&spy.lock);
  spy.is_held = is_held;
  g_cond_broadcast (&spy.changed);
  g_mutex_unlock (&spy.lock);
}

static void
set_up (ModelFixture *self, gconstpointer data)
{
  IommudProbeInterface *iface;

  model_fixture_set_up (self, NULL);
  iface = IOMMUD_PROBE_GET_IFACE (iommud_backend_get_probe (IOMMUD_BACKEND (self->simulator)));
  spy.find_holders = iface->find_holders;
  spy.n_begun = 0;
  spy.n_most_devices = 0;
  spy.is_fake = FALSE;
  spy.thread = NULL;
  iface->find_holders = spy_on_search;
}

static void
tear_down (ModelFixture *self, gconstpointer data)
{
  IOMMUD_PROBE_GET_IFACE (iommud_backend_get_probe (IOMMUD_BACKEND (self->simulator)))
      ->find_holders = spy.find_holders;
  lease_fixture_tear_down (self, NULL);
}

typedef struct
{
  guint n_done;
  GPtrArray *holders; /* of the last call */
  GError *error;
} Calls;

static void
calls_clear (Calls *self)
{
  g_clear_pointer (&self->holders, g_ptr_array_unref);
  g_clear_error (&self->error);
}

static void
on_holders (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Calls *self = user_data;

  calls_clear (self);
  self->holders = iommud_device_get_holders_finish (IOMMUD_DEVICE (source), result, &self->error);
  self->n_done++;
}

static void
wait_for (Calls *self, guint n)
{
  while (self->n_done < n)
    g_main_context_iteration (NULL, TRUE);
}

static void
wait_for_search (guint number)
{
  while ((guint) g_atomic_int_get (&spy.n_begun) < number)
    g_main_context_iteration (NULL, TRUE);
}

static void
assert_n_holders (ModelFixture *self, const char *device, guint n)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) holders =
      iommud_device_get_holders (model_fixture_device (self, device), NULL, &error);

  g_assert_no_error (error);
  g_assert_cmpuint (holders->len, ==, n);
}

static void
test_holder (ModelFixture *self, gconstpointer data)
{
  g_autoptr (IommudContainer) container =
      model_fixture_container (self, "vm1", IOMMUD_DIRTY_TRACKING_POLICY_OFF);
  g_autoptr (GPtrArray) holders = NULL;
  g_autoptr (IommudHolder) holder = NULL;
  pid_t pid;

  assert_n_holders (self, DIRTY_A, 0);
  model_fixture_attach (self, container, DIRTY_A);
  assert_n_holders (self, DIRTY_A, 0);
  pid = holder_process_start (NULL);
  holders = iommud_device_get_holders (model_fixture_device (self, DIRTY_A), NULL, NULL);
  g_assert_cmpuint (holders->len, ==, 1);
  holder = g_boxed_copy (IOMMUD_TYPE_HOLDER, holders->pdata[0]);
  g_assert_cmpint (iommud_holder_get_pid (holder), ==, pid);
  g_assert_true (g_str_has_prefix (iommud_holder_get_command (holder), "test-get-holder"));
  g_assert_nonnull (iommud_holder_get_unit (holder));
  assert_n_holders (self, DIRTY_B, 0);
  holder_process_stop (pid);
  assert_n_holders (self, DIRTY_A, 0);
  g_assert_true (spy.thread != g_thread_self ());
  model_fixture_free_container (g_steal_pointer (&container));
}

/* Calls that come while a search is under way share the next one, for all of their devices. */
static void
test_shared (ModelFixture *self, gconstpointer data)
{
  static const char *const devices[] = { DIRTY_A, DIRTY_B, MDEV };
  Calls calls = { 0 };

  spy.is_fake = TRUE;
  spy.complete = TRUE;
  hold_searches (TRUE);
  iommud_device_get_holders_async (model_fixture_device (self, PLAIN_A), NULL, on_holders, &calls);
  wait_for_search (1);
  for (guint i = 0; i < 300; i++)
    iommud_device_get_holders_async (model_fixture_device (self, devices[i % 3]), NULL, on_holders,
                                     &calls);
  hold_searches (FALSE);
  wait_for (&calls, 301);
  g_assert_cmpuint (spy.n_begun, ==, 2);
  g_assert_cmpuint (spy.n_devices, ==, 3);
  g_assert_cmpuint (calls.holders->len, ==, 1);
  calls_clear (&calls);
}

static void
find_two (ModelFixture *self, Calls *first, Calls *second)
{
  iommud_device_get_holders_async (model_fixture_device (self, DIRTY_A), NULL, on_holders, first);
  iommud_device_get_holders_async (model_fixture_device (self, DIRTY_B), NULL, on_holders, second);
  wait_for (first, 1);
  wait_for (second, 1);
}

/* What was found is right, but that nothing was found means nothing. */
static void
test_incomplete (ModelFixture *self, gconstpointer data)
{
  Calls first = { 0 };
  Calls second = { 0 };
  IommudHolder *holder;

  spy.is_fake = TRUE;
  spy.complete = FALSE;
  find_two (self, &first, &second);
  g_assert_error (first.error, IOMMUD_ERROR, IOMMUD_ERROR_TIMED_OUT);
  g_assert_nonnull (strstr (first.error->message, DIRTY_A));
  g_assert_no_error (second.error);
  g_assert_cmpuint (second.holders->len, ==, 1);
  holder = second.holders->pdata[0];
  g_assert_cmpint (iommud_holder_get_pid (holder), ==, 1);
  g_assert_cmpstr (iommud_holder_get_command (holder), ==, "init");
  g_assert_cmpstr (iommud_holder_get_unit (holder), ==, "init.scope");
  calls_clear (&first);
  calls_clear (&second);

  spy.complete = TRUE;
  first.n_done = second.n_done = 0;
  find_two (self, &first, &second);
  g_assert_no_error (first.error);
  g_assert_cmpuint (first.holders->len, ==, 0);
  g_assert_cmpuint (second.holders->len, ==, 1);
  calls_clear (&first);
  calls_clear (&second);
}

/* A search that nobody waits for any more is not made. */
static void
test_cancelled (ModelFixture *self, gconstpointer data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  IommudDevice *device = model_fixture_device (self, DIRTY_A);
  Calls running = { 0 };
  Calls waiting = { 0 };

  hold_searches (TRUE);
  iommud_device_get_holders_async (device, cancellable, on_holders, &running);
  wait_for_search (1);
  iommud_device_get_holders_async (device, cancellable, on_holders, &waiting);
  g_cancellable_cancel (cancellable);
  hold_searches (FALSE);
  wait_for (&running, 1);
  wait_for (&waiting, 1);
  g_assert_error (running.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_error (waiting.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpuint (spy.n_begun, ==, 1);
  calls_clear (&running);
  calls_clear (&waiting);

  iommud_device_get_holders_async (device, cancellable, on_holders, &running);
  iommud_device_get_holders_async (device, NULL, on_holders, &waiting);
  wait_for (&waiting, 2);
  wait_for (&running, 2);
  g_assert_error (running.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_no_error (waiting.error);
  g_assert_cmpuint (spy.n_begun, ==, 2);
  calls_clear (&running);
  calls_clear (&waiting);
}

/* While a search takes long, devices are attached. */
static void
test_no_hindrance (ModelFixture *self, gconstpointer data)
{
  g_autoptr (IommudContainer) container =
      model_fixture_container (self, "vm1", IOMMUD_DIRTY_TRACKING_POLICY_OFF);
  Calls calls = { 0 };

  hold_searches (TRUE);
  iommud_device_get_holders_async (model_fixture_device (self, DIRTY_A), NULL, on_holders, &calls);
  wait_for_search (1);
  model_fixture_attach (self, container, DIRTY_A);
  model_fixture_free_container (g_steal_pointer (&container));
  g_assert_cmpuint (calls.n_done, ==, 0);
  hold_searches (FALSE);
  wait_for (&calls, 1);
  calls_clear (&calls);
}

static void
on_first (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GPtrArray) second = NULL;

  on_holders (source, result, user_data);
  second = iommud_device_get_holders (IOMMUD_DEVICE (source), NULL, NULL);
  g_assert_nonnull (second);
}

/* A handler may wait for the next search. */
static void
test_nested (ModelFixture *self, gconstpointer data)
{
  Calls calls = { 0 };

  iommud_device_get_holders_async (model_fixture_device (self, DIRTY_A), NULL, on_first, &calls);
  wait_for (&calls, 1);
  wait_for_search (2);
  calls_clear (&calls);
}

static IommudLease *
lease (ModelFixture *self, const char *device, IommudDescriptors **files)
{
  g_autoptr (GPtrArray) devices = lease_fixture_devices (self, device, NULL);

  return lease_fixture_lease (self, devices, NULL, files);
}

static guint
count_waiting (ModelFixture *self)
{
  IommudHolderPasses *passes = iommud_host_get_holder_searches (self->host)->passes;
  guint n_waiting;

  g_mutex_lock (&passes->mutex);
  n_waiting = passes->waiting->len;
  g_mutex_unlock (&passes->mutex);
  return n_waiting;
}

static void
wait_until_waiting (ModelFixture *self, guint n_searches)
{
  while (count_waiting (self) < n_searches)
    {
      g_main_context_iteration (NULL, FALSE);
      g_thread_yield ();
    }
}

static void
count (guint *n)
{
  ++*n;
}

/* Leases that end while a search is under way share one pass, and each learns of its own device. */
static void
test_leases_end (ModelFixture *self, gconstpointer data)
{
  static const char *const devices[] = { DIRTY_B, PLAIN_A, PLAIN_B, LOGGING };
  IommudDescriptors *files[G_N_ELEMENTS (devices)];
  g_autoptr (IommudLease) held = lease (self, DIRTY_B, &files[0]);
  g_autofree char *name = iommud_descriptors_name_device (DIRTY_B);
  g_autoptr (LeaseHolder) holder = lease_holder_new (iommud_descriptors_peek (files[0], name));
  Calls calls = { 0 };
  guint n_answers = 0;

  for (gsize i = 1; i < G_N_ELEMENTS (devices); i++)
    {
      g_autoptr (IommudLease) other = lease (self, devices[i], &files[i]);

      g_signal_connect_swapped (other, "notify::holders", G_CALLBACK (count), &n_answers);
    }
  hold_searches (TRUE);
  iommud_device_get_holders_async (model_fixture_device (self, DIRTY_A), NULL, on_holders, &calls);
  wait_for_search (1);
  for (gsize i = 0; i < G_N_ELEMENTS (devices); i++)
    iommud_descriptors_unref (files[i]);
  wait_until_waiting (self, G_N_ELEMENTS (devices));
  hold_searches (FALSE);
  lease_fixture_wait_for_holders (held);
  for (gsize i = 1; i < G_N_ELEMENTS (devices); i++)
    while (lease_fixture_get_lease_of (self, devices[i]) != NULL)
      g_main_context_iteration (NULL, TRUE);
  g_assert_cmpuint (spy.n_most_devices, ==, G_N_ELEMENTS (devices));
  g_assert_cmpuint (n_answers, ==, G_N_ELEMENTS (devices) - 1);
  g_assert_true (lease_fixture_get_lease_of (self, DIRTY_B) == held);
  g_clear_pointer (&holder, lease_holder_free);
  lease_fixture_wait_for_end (self);
  wait_for (&calls, 1);
  calls_clear (&calls);
}

/* A device that has left the host. */
static void
test_gone (ModelFixture *self, gconstpointer data)
{
  g_autoptr (IommudDevice) device = g_object_ref (model_fixture_device (self, DIRTY_A));
  Calls calls = { 0 };

  hold_searches (TRUE);
  iommud_device_get_holders_async (device, NULL, on_holders, &calls);
  wait_for_search (1);
  g_assert_true (iommud_simulator_unplug_device (self->simulator, DIRTY_A, NULL));
  model_fixture_iterate ();
  hold_searches (FALSE);
  wait_for (&calls, 1);
  g_assert_no_error (calls.error);
  iommud_device_get_holders_async (device, NULL, on_holders, &calls);
  wait_for (&calls, 2);
  g_assert_error (calls.error, IOMMUD_ERROR, IOMMUD_ERROR_DEVICE_GONE);
  calls_clear (&calls);
}

/* A search that is under way keeps its host. */
static void
test_let_go (ModelFixture *self, gconstpointer data)
{
  g_autoptr (IommudSimulator) simulator = iommud_simulator_new_from_data (
      "<simulated-host><iommu name='i'/><device name='0000:01:00.0' iommu='i' group='1'/>"
      "</simulated-host>",
      -1, NULL);
  IommudHost *host = iommud_host_new (IOMMUD_BACKEND (simulator), NULL);
  Calls calls = { 0 };

  iommud_device_get_holders_async (iommud_host_find_device (host, "0000:01:00.0", NULL), NULL,
                                   on_holders, &calls);
  g_object_add_weak_pointer (G_OBJECT (host), (gpointer *) &host);
  g_object_unref (host);
  g_assert_nonnull (host);
  wait_for (&calls, 1);
  g_assert_no_error (calls.error);
  calls_clear (&calls);
  model_fixture_iterate ();
  g_assert_null (host);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(path, function) g_test_add (path, ModelFixture, NULL, set_up, function, tear_down)
  ADD ("/get-holders/holder", test_holder);
  ADD ("/get-holders/shared", test_shared);
  ADD ("/get-holders/leases-end", test_leases_end);
  ADD ("/get-holders/incomplete", test_incomplete);
  ADD ("/get-holders/cancelled", test_cancelled);
  ADD ("/get-holders/no-hindrance", test_no_hindrance);
  ADD ("/get-holders/nested", test_nested);
  ADD ("/get-holders/gone", test_gone);
  ADD ("/get-holders/let-go", test_let_go);
  return g_test_run ();
}
