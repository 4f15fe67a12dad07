/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Freeing a container: from the model to a plan and back. */
#include "model/container.h"
#include "model/descriptors.h"
#include "model/device.h"
#include "iommud-error.h"
#include "model/host.h"
#include "model/hwpt.h"
#include "model/lease.h"
#include "perform/free-container.h"
#include "base/sync.h"
#include "operations/operation.h"

/* How many devices and HWPTs leave the model in one turn of the main loop. */
#define MAX_AT_ONCE 16
#define MAPPINGS_AT_ONCE 1024

typedef struct
{
  IommudContainer *container;
  gboolean force;
  IommudFreeContainerPlan *plan;
  GPtrArray *devices; /* of IommudDevice; in the order of the plan's */
  GPtrArray *claimed; /* of IommudDevice: those that no operation behind this one has claimed */
  GPtrArray *hwpts;   /* of IommudHwpt; in the order of the plan's */
  gboolean publishing;
  guint n_published; /* devices, and then HWPTs, that have left or stay */
} FreeContainer;

static void
free_container_free (gpointer data)
{
  FreeContainer *self = data;

  for (guint i = 0; i < self->claimed->len; i++)
    iommud_device_end_claim (g_ptr_array_index (self->claimed, i));
  if (self->plan->freed)
    iommud_container_forget_host (self->container);
  g_ptr_array_unref (self->claimed);
  g_ptr_array_unref (self->devices);
  g_ptr_array_unref (self->hwpts);
  g_clear_object (&self->container);
  iommud_free_container_plan_free (self->plan);
  g_free (self);
}

static char *
describe (IommudContainer *container)
{
  return g_strdup_printf ("free container %s", iommud_container_get_name (container));
}

static guint
count_attached (IommudContainer *container)
{
  GListModel *devices = iommud_container_get_devices (container);
  guint count = 0;

  for (guint i = 0; i < g_list_model_get_n_items (devices); i++)
    {
      g_autoptr (IommudDevice) device = g_list_model_get_item (devices, i);

      count += iommud_device_is_attached (device) ? 1 : 0;
    }
  return count;
}

/* An auto HWPT without devices is one that the kernel would not free with its last device: it is
 * not in use.
 */
static guint
count_used_hwpts (IommudContainer *container)
{
  GListModel *hwpts = iommud_container_get_hwpts (container);
  guint count = 0;

  for (guint i = 0; i < g_list_model_get_n_items (hwpts); i++)
    {
      g_autoptr (IommudHwpt) hwpt = g_list_model_get_item (hwpts, i);
      gboolean left_over = iommud_hwpt_get_management (hwpt) == IOMMUD_HWPT_MANAGEMENT_AUTO
                           && iommud_hwpt_get_n_devices (hwpt) == 0;

      count += left_over ? 0 : 1;
    }
  return count;
}

static gboolean
check_unused (FreeContainer *self, const char *what, GError **error)
{
  guint n_attached = self->force ? 0 : count_attached (self->container);
  guint n_hwpts = self->force ? 0 : count_used_hwpts (self->container);

  if (n_attached == 0 && n_hwpts == 0)
    return TRUE;
  g_set_error (error, IOMMUD_ERROR, IOMMUD_ERROR_BUSY,
               "Cannot %s: it still has devices attached (%u) and HWPTs (%u): detach and free them "
               "first, or force it",
               what, n_attached, n_hwpts);
  return FALSE;
}

/* An operation that has claimed a device of the container is behind this one in the same queue. It
 * finds out that the device is gone from the container. */
static void
add_devices (FreeContainer *self)
{
  GListModel *devices = iommud_container_get_devices (self->container);

  for (guint i = 0; i < g_list_model_get_n_items (devices); i++)
    {
      g_autoptr (IommudDevice) device = g_list_model_get_item (devices, i);
      IommudFreeContainerDevice entry = { .attached = iommud_device_is_attached (device) };

      if (iommud_device_claim_gone (device))
        g_ptr_array_add (self->claimed, g_object_ref (device));
      iommud_binding_copy (&entry.binding, iommud_device_get_binding (device));
      g_array_append_val (self->plan->devices, entry);
      g_ptr_array_add (self->devices, g_steal_pointer (&device));
    }
}

static void
add_hwpts (FreeContainer *self)
{
  GListModel *hwpts = iommud_container_get_hwpts (self->container);

  /* Newest first: a HWPT's children are younger than it is. */
  for (guint i = g_list_model_get_n_items (hwpts); i > 0; i--)
    {
      g_autoptr (IommudHwpt) hwpt = g_list_model_get_item (hwpts, i - 1);
      gboolean kernels = iommud_hwpt_get_management (hwpt) == IOMMUD_HWPT_MANAGEMENT_KERNEL;
      IommudFreeContainerHwpt entry = { .hwpt_id = kernels ? 0 : iommud_hwpt_get_id (hwpt) };

      g_array_append_val (self->plan->hwpts, entry);
      g_ptr_array_add (self->hwpts, g_steal_pointer (&hwpt));
    }
}

/* What is mapped stays listed until the kernel has unmapped it, so only its files move to the plan.
 */
static void
take_files (FreeContainer *self)
{
  IommudMappingTable *mappings =
      iommud_memory_get_mappings (iommud_container_get_memory (self->container));

  if (!iommud_mapping_table_has_files (mappings))
    return;
  for (const IommudMapping *mapping = iommud_mapping_table_find (mappings, 0, G_MAXUINT64);
       mapping != NULL; mapping = iommud_mapping_table_next (mappings, mapping))
    if (mapping->file != NULL)
      {
        g_array_append_val (self->plan->mappings, *mapping);
        iommud_mapping_table_set_file (mappings, mapping->iova, NULL);
      }
}

static void
give_files_back (FreeContainer *self)
{
  for (guint i = 0; i < self->plan->mappings->len; i++)
    {
      const IommudMapping *mapping = &g_array_index (self->plan->mappings, IommudMapping, i);

      iommud_mapping_table_set_file (
          iommud_memory_get_mappings (iommud_container_get_memory (self->container)), mapping->iova,
          mapping->file);
    }
}

/* Whoever has a copy of the context can keep its objects in use. That must not keep a container
 * whose lease has ended, nor the last one of the context. */
static gboolean
is_left_to_others (const FreeContainer *self)
{
  IommudContext *context = iommud_container_get_context (self->container);
  IommudLease *lease = iommud_container_get_lease (self->container);

  return iommud_context_is_shared (context)
         && (self->plan->close_context
             || (lease != NULL && iommud_lease_get_state (lease) != IOMMUD_LEASE_STATE_ACTIVE));
}

static gpointer
plan_free (gpointer data, GError **error)
{
  FreeContainer *self = data;
  g_autofree char *what = describe (self->container);

  if (!iommud_container_check_alive (self->container, what, error)
      || !check_unused (self, what, error))
    return NULL;
  add_devices (self);
  add_hwpts (self);
  take_files (self);
  iommud_operation_fill_access (&self->plan->access, self->container, g_steal_pointer (&what),
                                NULL);
  iommud_container_copy_orphans (self->container, self->plan->orphans);
  self->plan->ioas_id = iommud_container_get_ioas_id (self->container);
  self->plan->close_context =
      iommud_context_get_n_containers (iommud_container_get_context (self->container)) == 1;
  self->plan->forgives = is_left_to_others (self);
  self->plan->trackers = iommud_container_lend_trackers (self->container);
  return self->plan;
}

static void
publish_device (FreeContainer *self, guint i)
{
  if (g_array_index (self->plan->devices, IommudFreeContainerDevice, i).unbound)
    iommud_container_remove_device (self->container, g_ptr_array_index (self->devices, i));
}

static void
publish_hwpt (FreeContainer *self, guint i)
{
  if (g_array_index (self->plan->hwpts, IommudFreeContainerHwpt, i).freed)
    iommud_container_remove_hwpt (self->container, g_ptr_array_index (self->hwpts, i));
}

static void
begin_publishing (FreeContainer *self)
{
  self->publishing = TRUE;
  iommud_dirty_tracking_return (iommud_container_get_dirty_tracking (self->container));
  iommud_container_set_orphans (self->container, self->plan->orphans);
}

/* Thousands of devices or mappings that leave at once would keep the main loop from all else. */
static gboolean
publish_some (gpointer data)
{
  FreeContainer *self = data;
  guint n_devices = self->devices->len;
  guint end = MIN (self->n_published + MAX_AT_ONCE, n_devices + self->hwpts->len);

  if (!self->publishing)
    begin_publishing (self);
  for (; self->n_published < end; self->n_published++)
    if (self->n_published < n_devices)
      publish_device (self, self->n_published);
    else
      publish_hwpt (self, self->n_published - n_devices);
  if (self->n_published < n_devices + self->hwpts->len)
    return TRUE;
  return self->plan->freed
         && iommud_memory_forget_some_mappings (iommud_container_get_memory (self->container),
                                                MAPPINGS_AT_ONCE);
}

static void
publish_container (FreeContainer *self)
{
  IommudHost *host = iommud_container_get_host (self->container);
  IommudContext *context = iommud_container_get_context (self->container);

  iommud_container_set_lease (self->container, NULL);
  iommud_context_remove_container (context);
  if (self->plan->close_context)
    iommud_context_set_fd (context, -1);
  if (host != NULL)
    iommud_container_table_remove (iommud_host_get_container_table (host), self->container);
  iommud_container_set_freed (self->container);
}

static gpointer
publish_free (gpointer data, GError **error)
{
  FreeContainer *self = data;

  iommud_memory_set_space (iommud_container_get_memory (self->container), &self->plan->space);
  if (self->plan->freed)
    publish_container (self);
  else
    give_files_back (self);
  if (self->plan->error != NULL)
    g_propagate_error (error, g_steal_pointer (&self->plan->error));
  return NULL;
}

static gboolean
must_wait (gpointer data)
{
  return iommud_memory_is_held (iommud_container_get_memory (((FreeContainer *) data)->container),
                                data);
}

static GVariant *
intend (gpointer data)
{
  const FreeContainer *self = data;
  guint64 context = iommud_context_get_serial (iommud_container_get_context (self->container));
  g_autoptr (IommudIntentRecord) record =
      iommud_operation_make_intent ("free-container", self->container);

  for (guint i = 0; i < self->devices->len; i++)
    g_ptr_array_add (record->closes, iommud_descriptors_name_device (iommud_device_get_name (
                                         g_ptr_array_index (self->devices, i))));
  if (self->plan->close_context)
    g_ptr_array_add (record->closes, iommud_descriptors_name_context (context));
  return iommud_intent_record_to_variant (record);
}

static GVariant *
report (gpointer data)
{
  return iommud_operation_report (((FreeContainer *) data)->container, IOMMUD_WRITE_DOWN_ALL);
}

static const IommudOperation free_operation = {
  .plan = plan_free,
  .perform = (void (*) (gpointer)) iommud_free_container_plan_perform,
  .publish_some = publish_some,
  .publish = publish_free,
  .free = free_container_free,
  .must_wait = must_wait,
  .intent = intend,
  .fact = report,
};

/**
 * iommud_container_free_async:
 * @self: a container
 * @force: detach its devices and free its HWPTs first
 * @cancellable: (nullable): cancels the call while it waits for its turn
 * @callback: called when it has ended
 * @user_data: for @callback
 *
 * Frees the container: its IOAS, and its context if no other container is in it. Devices that are
 * only bound are unbound.
 */
void
iommud_container_free_async (IommudContainer *self, gboolean force, GCancellable *cancellable,
                             GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = NULL;
  g_autofree char *what = NULL;
  GError *error = NULL;
  FreeContainer *data;

  g_return_if_fail (IOMMUD_IS_CONTAINER (self));

  task = iommud_task_new (self, iommud_container_free_async, cancellable, callback, user_data);
  what = describe (self);
  if (!iommud_container_check_alive (self, what, &error))
    {
      g_task_return_error (task, error);
      return;
    }
  data = g_new0 (FreeContainer, 1);
  data->container = g_object_ref (self);
  data->force = force;
  data->plan = iommud_free_container_plan_new ();
  data->devices = g_ptr_array_new_with_free_func (g_object_unref);
  data->claimed = g_ptr_array_new_with_free_func (g_object_unref);
  data->hwpts = g_ptr_array_new_with_free_func (g_object_unref);
  iommud_operation_submit (self, &free_operation, data, g_steal_pointer (&task));
}

/**
 * iommud_container_free_finish:
 * @self: a container
 * @result: what the callback was given
 * @error: where to put an error
 *
 * Ends iommud_container_free_async().
 *
 * Errors: %IOMMUD_ERROR_BUSY if devices are attached or HWPTs exist and @force was not given, and
 * if the kernel says that something still uses a HWPT or the IOAS; %IOMMUD_ERROR_NOT_FOUND if the
 * container is gone. If a forced call fails, the container stays, with what could not be freed.
 *
 * Returns: whether the container was freed
 */
gboolean
iommud_container_free_finish (IommudContainer *self, GAsyncResult *result, GError **error)
{
  return iommud_task_finish_boolean (self, result, error);
}

/**
 * iommud_container_free:
 * @self: a container
 * @force: detach its devices and free its HWPTs first
 * @cancellable: (nullable): cancels the call while it waits for its turn
 * @error: where to put an error
 *
 * iommud_container_free_async() that waits, running the host's main context meanwhile.
 *
 * Returns: whether the container was freed
 */
gboolean
iommud_container_free (IommudContainer *self, gboolean force, GCancellable *cancellable,
                       GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;
  IommudSync sync;

  g_return_val_if_fail (IOMMUD_IS_CONTAINER (self), FALSE);
  iommud_sync_begin (&sync, iommud_host_get_main_context (iommud_container_get_host (self)));
  iommud_container_free_async (self, force, cancellable, iommud_sync_ready, &sync);
  result = iommud_sync_end (&sync);
  return iommud_container_free_finish (self, result, error);
}
