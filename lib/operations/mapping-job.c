/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The operation that makes mappings, of a file or as a copy: turns, progress, cancellation. */
#include "operations/mapping-job.h"

#include "iommud-error.h"
#include "memory/mapping-check.h"
#include "base/sync.h"
#include "model/device.h"
#include "model/host.h"
#include "model/hwpt.h"
#include "operations/operation.h"

#define HEX "%#" G_GINT64_MODIFIER "x"
#define MAX_BYTES (G_GUINT64_CONSTANT (1) << 46)

static IommudMapFlags
get_flags (const IommudMapOptions *options)
{
  return (options->readable ? IOMMUD_MAP_FLAGS_READABLE : 0)
         | (options->writable ? IOMMUD_MAP_FLAGS_WRITABLE : 0)
         | (options->fixed ? IOMMUD_MAP_FLAGS_FIXED : 0);
}

IommudMappingJob *
iommud_mapping_job_new (IommudContainer *container, guint64 length, guint64 iova,
                        IommudMapOptions *options)
{
  g_autoptr (IommudMapOptions) copy = iommud_map_options_copy (options);
  IommudMapFlags flags = get_flags (copy);
  IommudMappingJob *self = g_new0 (IommudMappingJob, 1);

  self->container = g_object_ref (container);
  self->length = length;
  self->iova = (flags & IOMMUD_MAP_FLAGS_FIXED) != 0 ? iova : 0;
  self->flags = flags;
  self->plan = iommud_map_plan_new ();
  self->plan->container = iommud_container_get_serial (container);
  self->published = g_array_new (FALSE, TRUE, sizeof (guint64));
  return self;
}

void
iommud_mapping_job_free (IommudMappingJob *self)
{
  iommud_memory_release (iommud_container_get_memory (self->container), self);
  if (self->source != NULL)
    iommud_memory_release (iommud_container_get_memory (self->source), self);
  g_clear_object (&self->container);
  g_clear_object (&self->source);
  g_clear_object (&self->cancellable);
  iommud_map_plan_free (self->plan);
  g_array_unref (self->published);
  g_free (self);
}

char *
iommud_mapping_job_describe (const IommudMappingJob *self)
{
  const char *verb = self->source != NULL ? "copy a mapping of" : "map";
  const char *name = iommud_container_get_name (self->container);

  if ((self->flags & IOMMUD_MAP_FLAGS_FIXED) == 0)
    return g_strdup_printf ("%s " HEX " bytes in container %s", verb, self->length, name);
  return g_strdup_printf ("%s " HEX " bytes at IOVA " HEX " in container %s", verb, self->length,
                          self->iova, name);
}

/* A sparse file can be larger than any memory. A fixed mapping of it would take turns for days,
 * and marking all of it as dirty would take as long. */
static gboolean
check_limit (const IommudMappingJob *self, const char *what, GError **error)
{
  IommudMappingTable *mappings =
      iommud_memory_get_mappings (iommud_container_get_memory (self->container));

  if (self->length <= MAX_BYTES
      && iommud_mapping_table_get_bytes (mappings) <= MAX_BYTES - self->length)
    return TRUE;
  g_set_error (error, IOMMUD_ERROR, IOMMUD_ERROR_LIMITS_EXCEEDED,
               "Cannot %s: a container can have " HEX
               " bytes (64 TiB) mapped at a time, and has " HEX,
               what, MAX_BYTES, iommud_mapping_table_get_bytes (mappings));
  return FALSE;
}

/* As many as can be written down. */
static gboolean
check_count (const IommudMappingJob *self, const char *what, GError **error)
{
  guint64 count = iommud_mapping_table_get_count (
      iommud_memory_get_mappings (iommud_container_get_memory (self->container)));

  if (count + self->plan->parts->len <= IOMMUD_MAX_MAPPINGS)
    return TRUE;
  g_set_error (error, IOMMUD_ERROR, IOMMUD_ERROR_LIMITS_EXCEEDED,
               "Cannot %s: a container can have %d mappings, and has %" G_GUINT64_FORMAT, what,
               IOMMUD_MAX_MAPPINGS, count);
  return FALSE;
}

gboolean
iommud_mapping_job_check_room (const IommudMappingJob *self, const char *what, GError **error)
{
  if (!check_limit (self, what, error))
    return FALSE;
  if ((self->flags & IOMMUD_MAP_FLAGS_FIXED) == 0)
    return TRUE;
  return iommud_mapping_check_room (
      iommud_memory_get_mappings (iommud_container_get_memory (self->container)),
      iommud_memory_get_space (iommud_container_get_memory (self->container)), self->iova,
      self->length, what, error);
}

/* At multiples of the piece, so that an IOMMU can use its largest pages. */
void
iommud_mapping_job_set_pieces (const IommudMappingJob *self, IommudMapping *mapping, guint64 length)
{
  mapping->piece = IOMMUD_MAPPING_PIECE;
  mapping->first_piece = length;
  if ((self->flags & IOMMUD_MAP_FLAGS_FIXED) != 0)
    mapping->first_piece =
        MIN (length, IOMMUD_MAPPING_PIECE - mapping->iova % IOMMUD_MAPPING_PIECE);
}

static gboolean
plan_first_turn (IommudMappingJob *self, GError **error)
{
  g_autofree char *what = iommud_mapping_job_describe (self);

  if (!iommud_container_check_alive (self->container, what, error)
      || !self->prepare (self, what, error) || !check_count (self, what, error))
    return FALSE;
  self->begun = TRUE;
  iommud_memory_hold (iommud_container_get_memory (self->container), self);
  if (self->source != NULL)
    iommud_memory_hold (iommud_container_get_memory (self->source), self);
  g_array_set_size (self->published, self->plan->parts->len);
  iommud_operation_fill_access (&self->plan->access, self->container, g_steal_pointer (&what),
                                NULL);
  self->plan->ioas_id = iommud_container_get_ioas_id (self->container);
  self->plan->flags = self->flags;
  return TRUE;
}

/* The HWPT that a device is on, if it can record for the device; 0: it cannot. */
static guint32
get_stand_in (IommudMappingJob *self, const char *name)
{
  IommudHost *host = iommud_container_get_host (self->container);
  IommudDevice *device =
      host == NULL ? NULL : iommud_device_table_find (iommud_host_get_device_table (host), name);
  IommudHwpt *hwpt;

  if (device == NULL || iommud_device_get_container (device) != self->container)
    return 0;
  hwpt = iommud_device_get_hwpt (device);
  if (hwpt == NULL || (iommud_hwpt_get_flags (hwpt) & IOMMUD_HWPT_FLAGS_DIRTY_TRACKING) == 0)
    return 0;
  return iommud_hwpt_get_id (hwpt);
}

/* A HWPT with dirty tracking can record for a device whose log has to be started again. */
static void
name_stand_ins (IommudMappingJob *self)
{
  IommudTrackers *trackers = self->plan->trackers;
  guint64 first = iommud_map_plan_get_part (self->plan, 0)->mapping.iova;
  gboolean fixed = (self->flags & IOMMUD_MAP_FLAGS_FIXED) != 0;

  if (iommud_trackers_do_cover (trackers, fixed ? first : 0,
                                fixed ? first + (self->length - 1) : G_MAXUINT64))
    return;
  for (guint i = 0; i < iommud_trackers_get_n_logs (trackers); i++)
    iommud_trackers_set_stand_in (trackers, i,
                                  get_stand_in (self, iommud_trackers_get_device (trackers, i)));
}

static gpointer
plan_turn (gpointer data, GError **error)
{
  IommudMappingJob *self = data;

  if (!self->begun)
    {
      if (!plan_first_turn (self, error))
        return NULL;
    }
  else if (self->plan->error == NULL)
    g_cancellable_set_error_if_cancelled (self->cancellable, &self->plan->error);
  self->plan->trackers = iommud_container_lend_trackers (self->container);
  name_stand_ins (self);
  return self->plan;
}

/* The plan keeps the files as long as it may still have to undo what it has done. */
static void
publish_part (IommudMappingJob *self, const IommudMapPart *part, guint64 *published)
{
  IommudMapping mapping = part->mapping;

  if (mapping.length == *published)
    return;
  mapping.file = NULL;
  if (*published == 0)
    iommud_memory_add_mapping (iommud_container_get_memory (self->container), &mapping);
  else
    iommud_memory_resize_mapping (iommud_container_get_memory (self->container), mapping.iova,
                                  mapping.length);
  *published = mapping.length;
}

static void
publish_files (IommudMappingJob *self)
{
  for (guint i = 0; i < self->plan->parts->len; i++)
    {
      const IommudMapping *mapping = &iommud_map_plan_get_part (self->plan, i)->mapping;

      if (mapping->length > 0)
        iommud_mapping_table_set_file (
            iommud_memory_get_mappings (iommud_container_get_memory (self->container)),
            mapping->iova, mapping->file);
    }
}

static gpointer
publish_turn (gpointer data, GError **error)
{
  IommudMappingJob *self = data;
  IommudMapPlan *plan = self->plan;
  IommudMemory *memory = iommud_container_get_memory (self->container);

  iommud_dirty_tracking_return (iommud_container_get_dirty_tracking (self->container));
  g_object_freeze_notify (G_OBJECT (memory));
  for (guint i = 0; i < plan->parts->len; i++)
    publish_part (self, iommud_map_plan_get_part (plan, i),
                  &g_array_index (self->published, guint64, i));
  g_object_thaw_notify (G_OBJECT (memory));
  if (!iommud_map_plan_has_ended (plan))
    return NULL;
  publish_files (self);
  if (plan->error != NULL)
    g_propagate_error (error, g_steal_pointer (&plan->error));
  else
    *self->result = iommud_map_plan_get_part (plan, 0)->mapping.iova;
  return NULL;
}

static gboolean
goes_on (gpointer data)
{
  return !iommud_map_plan_has_ended (((IommudMappingJob *) data)->plan);
}

static gboolean
must_wait (gpointer data)
{
  const IommudMappingJob *self = data;

  return iommud_memory_is_held (iommud_container_get_memory (self->container), self)
         || (self->source != NULL
             && iommud_memory_is_held (iommud_container_get_memory (self->source), self));
}

static void
free_job (gpointer data)
{
  iommud_mapping_job_free (data);
}

static GVariant *
intend (gpointer data)
{
  const IommudMappingJob *self = data;
  g_autoptr (IommudIntentRecord) record = iommud_operation_make_intent (
      self->source != NULL ? "copy-mapping" : "map-file", self->container);

  record->source = self->source != NULL ? iommud_container_get_serial (self->source) : 0;
  /* Without a length: the kernel chooses the place. */
  record->iova = self->iova;
  record->length = (self->flags & IOMMUD_MAP_FLAGS_FIXED) != 0 ? self->length : 0;
  return iommud_intent_record_to_variant (record);
}

/* The address is known now, also if the kernel has chosen it. */
static GVariant *
report (gpointer data)
{
  const IommudMappingJob *self = data;

  return iommud_operation_report_range (
      self->container, iommud_map_plan_get_part (self->plan, 0)->mapping.iova, self->length);
}

static const IommudOperation operation = {
  .plan = plan_turn,
  .perform = (void (*) (gpointer)) iommud_map_plan_perform,
  .publish = publish_turn,
  .free = free_job,
  .goes_on = goes_on,
  .must_wait = must_wait,
  .intent = intend,
  .fact = report,
};

void
iommud_mapping_job_submit (IommudMappingJob *self, GCancellable *cancellable, GTask *task)
{
  g_set_object (&self->cancellable, cancellable);
  self->result = g_new0 (guint64, 1);
  g_task_set_task_data (task, self->result, g_free);
  iommud_operation_submit (self->container, &operation, self, task);
}

gboolean
iommud_mapping_job_finish (IommudMemory *memory, GAsyncResult *result, guint64 *iova,
                           GError **error)
{
  if (!iommud_task_finish_boolean (memory, result, error))
    return FALSE;
  if (iova != NULL)
    *iova = *(const guint64 *) g_task_get_task_data (G_TASK (result));
  return TRUE;
}
