/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Finding the holders of a device: one search at a time, which answers all calls that came before
 * it began. */
#include "base/sync.h"
#include "iommud-error.h"
#include "model/device.h"
#include "model/holder.h"
#include "model/host.h"
#include "operations/leasing.h"

typedef struct
{
  IommudHost *host; /* not owned: the queue holds it */
  GPtrArray *tasks; /* of calls: their data is the number of their device in the plan */
  IommudFindHoldersPlan *plan;
} Search;

static void
return_unknown (GTask *task)
{
  g_task_return_new_error (task, IOMMUD_ERROR, IOMMUD_ERROR_TIMED_OUT,
                           "Cannot tell who holds %s: too many files are open to look at them all "
                           "in time, and those that were looked at are not of the device",
                           iommud_device_get_name (g_task_get_source_object (task)));
}

/* The holders of one device. */
static GPtrArray *
collect (const Search *self, guint device)
{
  GPtrArray *holders = g_ptr_array_new_with_free_func ((GDestroyNotify) iommud_holder_unref);

  for (guint i = 0; i < self->plan->holders->len; i++)
    {
      const IommudFoundHolder *found = self->plan->holders->pdata[i];

      if (found->device == device)
        g_ptr_array_add (holders, iommud_holder_new (iommud_found_holder_copy (found)));
    }
  return holders;
}

static void
answer (const Search *self, GTask *task)
{
  g_autoptr (GPtrArray) holders = NULL;

  if (g_task_return_error_if_cancelled (task))
    return;
  holders = collect (self, GPOINTER_TO_UINT (g_task_get_task_data (task)));
  if (holders->len == 0 && !self->plan->complete)
    return_unknown (task);
  else
    g_task_return_pointer (task, g_steal_pointer (&holders), (GDestroyNotify) g_ptr_array_unref);
}

/* The calls end here, where the search has ended for its queue too: a handler may begin the next
 * one and wait for it. */
static void
search_free (gpointer data)
{
  Search *self = data;

  for (guint i = 0; i < self->tasks->len; i++)
    answer (self, self->tasks->pdata[i]);
  g_ptr_array_unref (self->tasks);
  iommud_find_holders_plan_free (self->plan);
  g_free (self);
}

/* Each device once, in the order of the calls. */
static void
add_device (Search *self, GHashTable *numbers, GTask *task)
{
  IommudDeviceInfo *info = iommud_device_get_info (g_task_get_source_object (task));
  gpointer number;

  if (!g_hash_table_lookup_extended (numbers, info, NULL, &number))
    {
      number = GUINT_TO_POINTER (self->plan->infos->len);
      g_ptr_array_add (self->plan->infos, iommud_device_info_ref (info));
      g_hash_table_insert (numbers, info, number);
    }
  g_task_set_task_data (task, number, NULL);
}

/* Nobody searches for callers that have left. */
static gboolean
check_wanted (const Search *self, GError **error)
{
  for (guint i = 0; i < self->tasks->len; i++)
    if (!g_cancellable_is_cancelled (g_task_get_cancellable (self->tasks->pdata[i])))
      return TRUE;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "All calls were cancelled");
  return FALSE;
}

/* Calls that come from now on share the next search: what they ask about may have happened since
 * this one has looked there. */
static gpointer
plan_search (gpointer data, GError **error)
{
  Search *self = data;
  g_autoptr (GHashTable) numbers = g_hash_table_new (NULL, NULL);

  iommud_host_get_holder_searches (self->host)->next = NULL;
  if (!check_wanted (self, error))
    return NULL;
  for (guint i = 0; i < self->tasks->len; i++)
    add_device (self, numbers, self->tasks->pdata[i]);
  return self->plan;
}

static gpointer
publish_search (gpointer data, GError **error)
{
  return NULL;
}

static const IommudOperation search_operation = {
  .plan = plan_search,
  .perform = (void (*) (gpointer)) iommud_find_holders_plan_search,
  .publish = publish_search,
  .free = search_free,
};

/* The search that has not begun. */
static Search *
ensure_search (IommudHost *host)
{
  IommudHolderSearches *searches = iommud_host_get_holder_searches (host);
  Search *self;

  if (searches->next != NULL)
    return searches->next;
  self = g_new0 (Search, 1);
  self->host = host;
  self->plan = iommud_leasing_new_search (host);
  self->tasks = g_ptr_array_new_with_free_func (g_object_unref);
  searches->next = self;
  iommud_queue_submit (searches->queue, &search_operation, self, host, NULL);
  return self;
}

/**
 * iommud_device_get_holders_async:
 * @self: a device
 * @cancellable: (nullable): makes the call fail if it is cancelled before the search has ended
 * @callback: called when it has ended
 * @user_data: for @callback
 *
 * Finds the processes that have the device open, or the node of its IOMMU group, except this one.
 * The open files of all processes are looked at, on a worker thread and not in the way of
 * operations. A host makes one such search at a time: calls that are made while one is under way
 * share the next one.
 */
void
iommud_device_get_holders_async (IommudDevice *self, GCancellable *cancellable,
                                 GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = NULL;
  IommudHost *host;

  g_return_if_fail (IOMMUD_IS_DEVICE (self));

  task = iommud_task_new (self, iommud_device_get_holders_async, cancellable, callback, user_data);
  host = iommud_device_get_host (self);
  if (host != NULL)
    g_ptr_array_add (ensure_search (host)->tasks, g_steal_pointer (&task));
  else
    g_task_return_new_error (task, IOMMUD_ERROR, IOMMUD_ERROR_DEVICE_GONE,
                             "Cannot find the holders of %s: the device is gone",
                             iommud_device_get_name (self));
}

/**
 * iommud_device_get_holders_finish:
 * @self: a device
 * @result: what the callback was given
 * @error: where to put an error
 *
 * Ends iommud_device_get_holders_async().
 *
 * What counts is an open file: a process that has only a mapping of the device's memory left, or a
 * file that is still on its way to it in a socket, is not seen.
 *
 * An empty array means that no process was seen to hold the device; of those that this process may
 * not look into, nothing is known. If there are more than 256 holders, or too many files are open
 * to look at them all in some ten seconds, the array has only some of the holders.
 *
 * Errors: %IOMMUD_ERROR_TIMED_OUT if not all files could be looked at and no holder was found;
 * %IOMMUD_ERROR_DEVICE_GONE if the device has left the host.
 *
 * Returns: (transfer container) (element-type IommudHolder): the holders; %NULL on failure
 */
GPtrArray *
iommud_device_get_holders_finish (IommudDevice *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  return g_task_propagate_pointer (G_TASK (result), error);
}

/**
 * iommud_device_get_holders:
 * @self: a device
 * @cancellable: (nullable): makes the call fail if it is cancelled before the search has ended
 * @error: where to put an error
 *
 * iommud_device_get_holders_async() that waits, running the host's main context meanwhile.
 *
 * Returns: (transfer container) (element-type IommudHolder): the holders; %NULL on failure
 */
GPtrArray *
iommud_device_get_holders (IommudDevice *self, GCancellable *cancellable, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;
  IommudSync sync;

  g_return_val_if_fail (IOMMUD_IS_DEVICE (self), NULL);
  iommud_sync_begin (&sync, iommud_host_get_main_context (iommud_device_get_host (self)));
  iommud_device_get_holders_async (self, cancellable, iommud_sync_ready, &sync);
  result = iommud_sync_end (&sync);
  return iommud_device_get_holders_finish (self, result, error);
}
