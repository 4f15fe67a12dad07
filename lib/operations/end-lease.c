/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The end of a lease: its containers are freed, then each device that no process has open any more
 * leaves it, and when nothing is left it is gone.
 *
 * This goes in rounds, one at a time. There is another one when a process that kept something has
 * ended, when somebody wants a device of it, and a few times in the first second: a file that was
 * on its way to a program that has just ended is closed a little later. */
#include "operations/end-lease.h"

#include "base/process-watch.h"
#include "base/sync.h"
#include "iommud-error.h"
#include "model/container.h"
#include "model/host.h"
#include "operations/leasing.h"
#include "operations/suspects.h"

/* Rounds that nothing but time begins: after 20 ms, 40 ms, and so on to 640 ms. */
#define N_RETRIES 6
#define FIRST_RETRY_MS 20
/* If nothing tells when there is something new, that is all that begins one. */
#define SLOW_RETRY_MS 10000

/* So many of the processes that keep a lease are named and watched. */
#define MAX_HOLDERS 16

/* What is known of a lease that has ended. It belongs to the lease. */
typedef struct
{
  gboolean in_round;
  gboolean again;     /* one more round was asked for during this one */
  guint n_containers; /* those that are being freed */
  GPtrArray *waiting; /* of GTask: they return after the round that is under way, or is next */
  GPtrArray *joining; /* of GTask: likewise, after the round behind it */
  IommudSuspects *suspects;
  gboolean is_in_doubt; /* there are some */
  GPtrArray *watches;   /* of IommudProcessWatch */
  GSource *retry;
  guint n_retries;
  gboolean warned;
} Ending;

typedef struct
{
  IommudLease *lease;
  GPtrArray *devices; /* of IommudDevice; in the order of the plan's */
  IommudFindHoldersPlan *plan;
} Search;

static void begin_round (IommudLease *lease);

static void
stop_waiting (Ending *self)
{
  g_ptr_array_set_size (self->watches, 0);
  if (self->retry == NULL)
    return;
  g_source_destroy (self->retry);
  g_clear_pointer (&self->retry, g_source_unref);
}

static void
ending_free (gpointer data)
{
  Ending *self = data;

  stop_waiting (self);
  iommud_suspects_free (self->suspects);
  g_ptr_array_unref (self->watches);
  g_ptr_array_unref (self->waiting);
  g_ptr_array_unref (self->joining);
  g_free (self);
}

static Ending *
get_ending (IommudLease *lease)
{
  Ending *self = g_object_get_data (G_OBJECT (lease), "iommud-ending");
  g_autofree char *unit = NULL;
  guint pid = 0;

  if (self != NULL)
    return self;
  self = g_new0 (Ending, 1);
  g_object_get (lease, "pid", &pid, "unit", &unit, NULL);
  self->suspects = iommud_suspects_new (iommud_lease_get_owner (lease), (gint) pid, unit);
  self->watches = g_ptr_array_new_with_free_func ((GDestroyNotify) iommud_process_watch_free);
  self->waiting = g_ptr_array_new_with_free_func (g_object_unref);
  self->joining = g_ptr_array_new_with_free_func (g_object_unref);
  g_object_set_data_full (G_OBJECT (lease), "iommud-ending", self, ending_free);
  return self;
}

static void
search_free (gpointer data)
{
  Search *self = data;

  g_object_unref (self->lease);
  g_ptr_array_unref (self->devices);
  iommud_find_holders_plan_free (self->plan);
  g_free (self);
}

/* A device that is still in a container leaves with it, and one that is claimed is waited for. */
static gpointer
plan_search (gpointer data, GError **error)
{
  Search *self = data;
  GListModel *devices = iommud_lease_get_devices (self->lease);

  for (guint i = 0; i < g_list_model_get_n_items (devices); i++)
    {
      g_autoptr (IommudDevice) device = g_list_model_get_item (devices, i);

      if (iommud_device_get_container (device) != NULL)
        continue;
      g_ptr_array_add (self->plan->infos, iommud_device_info_ref (iommud_device_get_info (device)));
      g_ptr_array_add (self->devices, g_steal_pointer (&device));
    }
  return self->plan;
}

/* Each process once, whatever it has. They belong to the plan. */
static GPtrArray *
find_processes (const IommudFindHoldersPlan *plan)
{
  GPtrArray *processes = g_ptr_array_new ();
  g_autoptr (GHashTable) seen = g_hash_table_new (NULL, NULL);

  for (guint i = 0; i < plan->holders->len && processes->len < MAX_HOLDERS; i++)
    {
      IommudFoundHolder *holder = g_ptr_array_index (plan->holders, i);

      if (g_hash_table_add (seen, GINT_TO_POINTER (holder->pid)))
        g_ptr_array_add (processes, holder);
    }
  return processes;
}

static GVariant *
describe_processes (const GPtrArray *processes)
{
  GVariantBuilder list;

  g_variant_builder_init (&list, G_VARIANT_TYPE ("a(uss)"));
  for (guint i = 0; i < processes->len; i++)
    {
      const IommudFoundHolder *holder = g_ptr_array_index (processes, i);

      g_variant_builder_add (&list, "(uss)", (guint) holder->pid, holder->command, holder->unit);
    }
  return g_variant_builder_end (&list);
}

static void
on_holder_ended (gpointer lease)
{
  get_ending (lease)->n_retries = 0;
  iommud_end_lease_go_on (lease);
}

static void
watch_process (IommudLease *lease, gint pid, guint64 start_time)
{
  Ending *self = get_ending (lease);
  IommudProcessWatch *watch = iommud_process_watch_new (
      pid, start_time, iommud_host_get_main_context (iommud_lease_get_host (lease)),
      on_holder_ended, lease);

  if (watch != NULL)
    g_ptr_array_add (self->watches, watch);
  else
    self->again = TRUE; /* it has ended since */
}

static void
watch_processes (IommudLease *lease, const GPtrArray *holders, const GArray *suspects)
{
  for (guint i = 0; i < holders->len; i++)
    {
      const IommudFoundHolder *holder = g_ptr_array_index (holders, i);

      watch_process (lease, holder->pid, holder->start_time);
    }
  for (guint i = 0; i < suspects->len && i < MAX_HOLDERS; i++)
    {
      const IommudProcessId *suspect = &g_array_index (suspects, IommudProcessId, i);

      watch_process (lease, suspect->pid, suspect->start_time);
    }
}

static void
let_devices_go (const Search *self)
{
  for (guint i = 0; i < self->devices->len; i++)
    {
      IommudDevice *device = g_ptr_array_index (self->devices, i);

      if (iommud_device_get_lease (device) == self->lease
          && iommud_device_get_container (device) == NULL
          && !iommud_find_holders_plan_is_held (self->plan, i))
        iommud_device_set_lease (device, NULL, FALSE);
    }
}

static gpointer
publish_search (gpointer data, GError **error)
{
  Search *self = data;
  Ending *ending = get_ending (self->lease);
  g_autoptr (GPtrArray) processes = find_processes (self->plan);
  g_autoptr (GArray) suspects = iommud_suspects_update (
      ending->suspects, self->plan->holders, self->plan->exiting, g_get_monotonic_time ());

  if (suspects->len > 0 && !ending->is_in_doubt)
    ending->n_retries = 0;
  ending->is_in_doubt = suspects->len > 0;
  if (!ending->is_in_doubt)
    let_devices_go (self);
  iommud_lease_set_holders (self->lease, describe_processes (processes));
  if (iommud_lease_get_host (self->lease) != NULL)
    watch_processes (self->lease, processes, suspects);
  return NULL;
}

static const IommudOperation search_operation = {
  .plan = plan_search,
  .perform = (void (*) (gpointer)) iommud_find_holders_plan_search_exiting,
  .publish = publish_search,
  .free = search_free,
};

static void
return_tasks (Ending *self)
{
  g_autoptr (GPtrArray) done = self->waiting;

  self->waiting = self->joining;
  self->joining = g_ptr_array_new_with_free_func (g_object_unref);
  for (guint i = 0; i < done->len; i++)
    g_task_return_pointer (g_ptr_array_index (done, i), NULL, NULL);
}

static gboolean
on_retry (gpointer lease)
{
  g_autoptr (IommudLease) owned G_GNUC_UNUSED = g_object_ref (lease);
  Ending *self = get_ending (lease);

  self->n_retries++;
  if (iommud_lease_get_host (lease) != NULL)
    iommud_end_lease_go_on (lease);
  else
    return_tasks (self);
  return G_SOURCE_REMOVE;
}

static void
retry_later (IommudLease *lease)
{
  Ending *self = get_ending (lease);

  if (self->retry != NULL
      || (self->n_retries >= N_RETRIES && self->watches->len > 0 && !self->is_in_doubt))
    return;
  self->retry = g_timeout_source_new (
      self->n_retries < N_RETRIES ? FIRST_RETRY_MS << self->n_retries : SLOW_RETRY_MS);
  g_source_set_callback (self->retry, on_retry, lease, NULL);
  g_source_attach (self->retry, iommud_host_get_main_context (iommud_lease_get_host (lease)));
}

static void
end_round (IommudLease *lease)
{
  Ending *self = get_ending (lease);
  IommudHost *host = iommud_lease_get_host (lease);
  gboolean holds_back;

  self->in_round = FALSE;
  /* A doubt ends soon, most often: who waits is better served then. */
  holds_back = host != NULL && self->is_in_doubt && self->n_retries < N_RETRIES;
  iommud_leasing_write_down (lease);
  if (host != NULL && iommud_lease_is_over (lease))
    iommud_lease_table_remove (iommud_host_get_lease_table (host), lease);
  else if (host != NULL && !self->again)
    retry_later (lease);
  if (!holds_back)
    return_tasks (self);
  if (self->again || (!holds_back && self->waiting->len > 0))
    begin_round (lease);
}

static void
on_searched (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (IommudLease) lease = user_data;

  end_round (lease);
}

static void
search_holders (IommudLease *lease)
{
  IommudHost *host = iommud_lease_get_host (lease);
  GTask *task = NULL;
  Search *search;

  if (host == NULL || g_list_model_get_n_items (iommud_lease_get_devices (lease)) == 0)
    {
      get_ending (lease)->is_in_doubt = FALSE;
      end_round (lease);
      return;
    }
  task = iommud_task_new (lease, search_holders, NULL, on_searched, g_object_ref (lease));
  search = g_new0 (Search, 1);
  search->lease = g_object_ref (lease);
  search->devices = g_ptr_array_new_with_free_func (g_object_unref);
  search->plan = iommud_leasing_new_search (host);
  iommud_leasing_submit (lease, &search_operation, search, task);
}

static void
on_container_freed (GObject *container, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (IommudLease) lease = user_data;
  Ending *self = get_ending (lease);
  g_autoptr (GError) error = NULL;

  if (!iommud_container_free_finish (IOMMUD_CONTAINER (container), result, &error)
      && !g_error_matches (error, IOMMUD_ERROR, IOMMUD_ERROR_NOT_FOUND) && !self->warned)
    g_warning ("Lease %s has ended, and its container stays: %s", iommud_lease_get_name (lease),
               error->message);
  self->warned = self->warned || error != NULL;
  if (--self->n_containers == 0)
    search_holders (lease);
}

/* Those of one context one after the other, the others at once. */
static void
free_containers (IommudLease *lease)
{
  Ending *self = get_ending (lease);
  GListModel *containers = iommud_lease_get_containers (lease);
  guint n = g_list_model_get_n_items (containers);

  self->n_containers = n;
  for (guint i = n; i > 0; i--)
    {
      g_autoptr (IommudContainer) container = g_list_model_get_item (containers, i - 1);

      iommud_container_free_async (container, TRUE, NULL, on_container_freed, g_object_ref (lease));
    }
  if (n == 0)
    search_holders (lease);
}

static void
begin_round (IommudLease *lease)
{
  Ending *self = get_ending (lease);

  if (self->in_round)
    {
      self->again = TRUE;
      return;
    }
  stop_waiting (self);
  self->in_round = TRUE;
  self->again = FALSE;
  free_containers (lease);
}

void
iommud_end_lease_go_on (IommudLease *lease)
{
  g_autoptr (IommudLease) owned = g_object_ref (lease);

  if (iommud_lease_get_host (lease) != NULL
      && iommud_lease_get_state (lease) == IOMMUD_LEASE_STATE_LINGERING)
    begin_round (owned);
}

void
iommud_end_lease_for (IommudLease *lease, GTask *task)
{
  Ending *self = get_ending (lease);
  g_autoptr (IommudLease) owned G_GNUC_UNUSED = g_object_ref (lease);
  IommudHost *host = iommud_lease_get_host (lease);

  if (host == NULL)
    {
      if (task != NULL)
        g_task_return_pointer (task, NULL, NULL);
      g_clear_object (&task);
      return;
    }
  if (self->is_in_doubt && self->waiting->len == 0 && self->joining->len == 0)
    self->n_retries = 0;
  if (task != NULL)
    g_ptr_array_add (self->in_round ? self->joining : self->waiting, task);
  iommud_lease_table_leave_guard (iommud_host_get_lease_table (host), lease);
  iommud_lease_set_lingering (lease);
  iommud_leasing_write_down (lease);
  iommud_lease_close_guard (lease);
  begin_round (lease);
}

void
iommud_end_lease_that_is_abandoned (IommudLease *lease)
{
  iommud_end_lease_for (lease, NULL);
}

void
iommud_end_lease_settle (IommudLease *lease, GCancellable *cancellable,
                         GAsyncReadyCallback callback, gpointer user_data)
{
  iommud_end_lease_for (
      lease, iommud_task_new (lease, iommud_end_lease_settle, cancellable, callback, user_data));
}
