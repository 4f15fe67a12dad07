/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tidying up after operations of an earlier life that were interrupted: what they have begun is
 * undone, and what they have destroyed is finished. */
#include "model/container.h"
#include "model/device.h"
#include "model/host.h"
#include "model/hwpt.h"
#include "operations/operation.h"
#include "perform/tidy-up.h"

typedef struct
{
  IommudContainer *container;
  IommudIntentRecord *intent; /* NULL: nothing was interrupted */
  IommudTidyUpPlan *plan;
  GPtrArray *devices; /* of IommudDevice; in the order of the plan's */
} TidyUp;

/* What is to be tidied after an interrupted tidying. */
#define ACT "tidy-up"
#define ACT_OF_MEMORY "tidy-up-memory"

static void
tidy_up_free (gpointer data)
{
  TidyUp *self = data;

  if (self->intent != NULL)
    iommud_operation_close_intent (iommud_container_get_host (self->container),
                                   self->intent->number);
  g_clear_object (&self->container);
  g_clear_pointer (&self->intent, iommud_intent_record_free);
  iommud_tidy_up_plan_free (self->plan);
  g_ptr_array_unref (self->devices);
  g_free (self);
}

static guint32
get_pt_id (IommudContainer *container, IommudDevice *device)
{
  IommudHwpt *hwpt = iommud_device_get_hwpt (device);

  if (!iommud_device_is_attached (device))
    return 0;
  if (hwpt == NULL || iommud_hwpt_get_management (hwpt) == IOMMUD_HWPT_MANAGEMENT_KERNEL)
    return iommud_container_get_ioas_id (container);
  return iommud_hwpt_get_id (hwpt);
}

static void
add_devices (TidyUp *self)
{
  GListModel *devices = iommud_container_get_devices (self->container);

  for (guint i = 0; i < g_list_model_get_n_items (devices); i++)
    {
      g_autoptr (IommudDevice) device = g_list_model_get_item (devices, i);
      IommudTidyUpDevice entry = { .pt_id = get_pt_id (self->container, device) };

      iommud_binding_copy (&entry.binding, iommud_device_get_binding (device));
      g_array_append_val (self->plan->devices, entry);
      g_ptr_array_add (self->devices, g_steal_pointer (&device));
    }
}

/* One that was made by an attach is freed with its last device, and has none now. */
static gboolean
is_unused (IommudHwpt *hwpt)
{
  return iommud_hwpt_get_management (hwpt) == IOMMUD_HWPT_MANAGEMENT_AUTO
         && iommud_hwpt_get_n_devices (hwpt) == 0;
}

static void
add_hwpts (TidyUp *self)
{
  GListModel *hwpts = iommud_container_get_hwpts (self->container);

  for (guint i = 0; i < g_list_model_get_n_items (hwpts); i++)
    {
      g_autoptr (IommudHwpt) hwpt = g_list_model_get_item (hwpts, i);
      guint32 id = iommud_hwpt_get_id (hwpt);

      if (is_unused (hwpt))
        g_array_append_val (self->plan->unused, id);
      else if ((iommud_hwpt_get_flags (hwpt) & IOMMUD_HWPT_FLAGS_DIRTY_TRACKING) != 0)
        g_array_append_val (self->plan->not_tracked, id);
    }
}

static gboolean
was_about_memory (const IommudIntentRecord *intent)
{
  static const char *const acts[] = { "map-file",    "copy-mapping",
                                      "unmap",       "unmap-and-read-bitmap",
                                      ACT_OF_MEMORY, NULL };

  return g_strv_contains (acts, intent->act);
}

static void
add_gap (TidyUp *self, guint64 first, guint64 end)
{
  const IommudIovaRange gap = { .first = first, .last = end - 1 };

  if (first < end)
    g_array_append_val (self->plan->unmapped, gap);
}

/* What is not mapped between @first and @last. */
static void
add_gaps (TidyUp *self, guint64 first, guint64 last)
{
  IommudMappingTable *mappings =
      iommud_memory_get_mappings (iommud_container_get_memory (self->container));
  const IommudMapping *mapping = iommud_mapping_table_find (mappings, first, last);
  const IommudIovaRange rest = { .first = first, .last = last };
  guint64 next = first;

  for (; mapping != NULL && mapping->iova <= last;
       mapping = iommud_mapping_table_next (mappings, mapping))
    {
      add_gap (self, next, mapping->iova);
      if (iommud_mapping_get_last (mapping) >= last)
        return;
      next = iommud_mapping_get_last (mapping) + 1;
    }
  g_array_append_val (self->plan->unmapped, rest);
  g_array_index (self->plan->unmapped, IommudIovaRange, self->plan->unmapped->len - 1).first = next;
}

static GArray *
copy_allowed (IommudContainer *container)
{
  g_autoptr (IommudContainerRecord) record = iommud_container_record_new ();

  iommud_container_fill_record (container, record);
  return g_array_ref (record->allowed);
}

static gpointer
plan_tidy_up (gpointer data, GError **error)
{
  TidyUp *self = data;
  IommudTidyUpPlan *plan = self->plan;
  const IommudIntentRecord *intent = self->intent;
  g_autofree char *what = g_strdup_printf ("tidy container %s up after an interrupted operation",
                                           iommud_container_get_name (self->container));

  if (!iommud_container_check_alive (self->container, what, error))
    return NULL;
  add_hwpts (self);
  /* What is in it, and where its devices are, may be the wish of who has a copy. */
  if (intent != NULL && iommud_context_is_shared (iommud_container_get_context (self->container)))
    intent = NULL;
  if (intent != NULL)
    {
      add_devices (self);
      plan->stop_trackers = !iommud_trackers_is_active (
          iommud_dirty_tracking_peek (iommud_container_get_dirty_tracking (self->container)));
    }
  if (intent != NULL && g_str_equal (intent->act, "set-allowed-iovas"))
    plan->allowed = copy_allowed (self->container);
  if (intent != NULL && was_about_memory (intent))
    add_gaps (self, intent->length != 0 ? intent->iova : 0,
              intent->length != 0 ? intent->iova + (intent->length - 1) : G_MAXUINT64);
  iommud_operation_fill_access (&plan->access, self->container, g_steal_pointer (&what), NULL);
  iommud_container_copy_orphans (self->container, plan->orphans);
  plan->ioas_id = iommud_container_get_ioas_id (self->container);
  return plan;
}

static gboolean
is_left (const TidyUp *self, guint32 id)
{
  for (guint i = 0; i < self->plan->unused->len; i++)
    if (g_array_index (self->plan->unused, guint32, i) == id)
      return TRUE;
  return FALSE;
}

static void
publish_hwpts (TidyUp *self)
{
  GListModel *hwpts = iommud_container_get_hwpts (self->container);

  for (guint i = g_list_model_get_n_items (hwpts); i > 0; i--)
    {
      g_autoptr (IommudHwpt) hwpt = g_list_model_get_item (hwpts, i - 1);

      if (is_unused (hwpt) && !is_left (self, iommud_hwpt_get_id (hwpt)))
        iommud_container_remove_hwpt (self->container, hwpt);
    }
}

static gpointer
publish_tidy_up (gpointer data, GError **error)
{
  TidyUp *self = data;

  publish_hwpts (self);
  for (guint i = 0; i < self->devices->len; i++)
    if (g_array_index (self->plan->devices, IommudTidyUpDevice, i).lost)
      iommud_container_detach (self->container, g_ptr_array_index (self->devices, i));
  iommud_container_set_orphans (self->container, self->plan->orphans);
  iommud_memory_set_space (iommud_container_get_memory (self->container), &self->plan->space);
  return NULL;
}

static GVariant *
intend (gpointer data)
{
  const TidyUp *self = data;
  gboolean memory = self->intent != NULL && was_about_memory (self->intent);
  g_autoptr (IommudIntentRecord) record =
      iommud_operation_make_intent (memory ? ACT_OF_MEMORY : ACT, self->container);

  record->iova = memory ? self->intent->iova : 0;
  record->length = memory ? self->intent->length : 0;
  return iommud_intent_record_to_variant (record);
}

static GVariant *
report (gpointer data)
{
  return iommud_operation_report (((TidyUp *) data)->container,
                                  IOMMUD_WRITE_DOWN_DEVICES | IOMMUD_WRITE_DOWN_HWPTS);
}

static const IommudOperation tidy_up_operation = {
  .plan = plan_tidy_up,
  .perform = (void (*) (gpointer)) iommud_tidy_up_plan_perform,
  .publish = publish_tidy_up,
  .free = tidy_up_free,
  .intent = intend,
  .fact = report,
};

static void
tidy_up (IommudContainer *container, IommudIntentRecord *intent)
{
  TidyUp *data = g_new0 (TidyUp, 1);

  data->container = g_object_ref (container);
  data->intent = intent;
  data->plan = iommud_tidy_up_plan_new ();
  data->devices = g_ptr_array_new_with_free_func (g_object_unref);
  iommud_operation_submit (container, &tidy_up_operation, data, NULL);
}

static IommudContainer *
find_container (IommudHost *self, guint64 serial)
{
  GListModel *containers = iommud_host_get_containers (self);

  for (guint i = 0; i < g_list_model_get_n_items (containers); i++)
    {
      g_autoptr (IommudContainer) container = g_list_model_get_item (containers, i);

      if (iommud_container_get_serial (container) == serial)
        return container;
    }
  return NULL;
}

/* Takes the intent. */
static void
tidy_up_after (IommudHost *self, IommudIntentRecord *intent)
{
  IommudContainer *container = find_container (self, intent->container);
  gboolean freeing = g_str_equal (intent->act, "free-container");

  if (container == NULL)
    {
      iommud_operation_close_intent (self, intent->number);
      iommud_intent_record_free (intent);
      return;
    }
  tidy_up (container, intent);
  if (freeing)
    iommud_container_free_async (container, TRUE, NULL, NULL, NULL);
}

static gboolean
has_left_overs (IommudContainer *container)
{
  GListModel *hwpts = iommud_container_get_hwpts (container);
  g_autoptr (GArray) orphans = g_array_new (FALSE, FALSE, sizeof (guint32));
  gboolean found = FALSE;

  iommud_container_copy_orphans (container, orphans);
  for (guint i = 0; !found && i < g_list_model_get_n_items (hwpts); i++)
    {
      g_autoptr (IommudHwpt) hwpt = g_list_model_get_item (hwpts, i);

      found = is_unused (hwpt);
    }
  return found || orphans->len > 0;
}

/**
 * iommud_host_tidy_up:
 * @self: a host that was adopted
 *
 * Tidies up after the earlier life: operations that were interrupted are undone or, if they were to
 * free something, finished, and what is left over in the kernel is freed. That happens before
 * operations that are started later.
 *
 * A state that follows the host should do so before, so that this can be interrupted, too.
 */
void
iommud_host_tidy_up (IommudHost *self)
{
  g_autoptr (GPtrArray) intents = NULL;
  GListModel *containers;

  g_return_if_fail (IOMMUD_IS_HOST (self));

  intents = iommud_host_take_interrupted (self);
  containers = iommud_host_get_containers (self);
  while (intents != NULL && intents->len > 0)
    tidy_up_after (self, g_ptr_array_steal_index (intents, 0));
  for (guint i = 0; i < g_list_model_get_n_items (containers); i++)
    {
      g_autoptr (IommudContainer) container = g_list_model_get_item (containers, i);

      if (has_left_overs (container))
        tidy_up (container, NULL);
    }
}
