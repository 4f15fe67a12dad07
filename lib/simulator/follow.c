/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Follows the edits of a simulated host's file: devices that disappear from it are unplugged, new
 * ones are plugged, and changed ones are both. An edit that does not describe a host only gives a
 * warning. A worker reads the file (edit.c); the main loop applies what has changed, in steps.
 *
 * A device that is unplugged stays until the last of its files is closed, as on a real machine. A
 * successor with the same name waits until then. */
#include "config.h"

#include "simulator/follow.h"

#include "iommud-error.h"
#include "simulator/edit.h"

#include <gio/gio.h>

/* Editors write in several steps. */
#define SETTLE_MS 150
#define RETRY_MS 50

/* What one turn of the main loop plugs and unplugs at most. */
#define STEP_DEVICES 64

struct _IommudSimulatedFollower
{
  char *filename;
  GBytes *original;              /* the file when the host was made from it */
  IommudSimulatedShape *applied; /* what of the file the machine has; NULL: @original, or lent */
  IommudSimulatedEdit *edit;     /* what is still to be applied; NULL for nothing */
  GCancellable *reading;         /* NULL: the file is not being read */
  gboolean is_stale;             /* the file has changed since the reading began */
  gboolean has_begun;            /* of @edit, all but the devices is applied */
  guint n_untried;               /* additions of @edit that come before those that have to wait */
  IommudSimulatedKernel *kernel;
  GFileMonitor *monitor;
  GSource *settle;
  GSource *step;
};

static void
stop_timer (GSource **timer)
{
  if (*timer != NULL)
    g_source_destroy (*timer);
  g_clear_pointer (timer, g_source_unref);
}

static void
start_timer (GSource **timer, guint delay_ms, GSourceFunc function, IommudSimulatedFollower *self)
{
  stop_timer (timer);
  *timer = g_timeout_source_new (delay_ms);
  g_source_set_callback (*timer, function, self, NULL);
  g_source_attach (*timer, g_main_context_get_thread_default ());
}

static void
unplug (IommudSimulatedFollower *self, const char *name)
{
  /* It may have been unplugged by other means. */
  (void) iommud_simulated_kernel_unplug (self->kernel, name);
  g_hash_table_remove (self->applied->devices, name);
}

/* An IOMMU that exists stays as it is, since its devices refer to it. */
static void
add_iommus (IommudSimulatedFollower *self)
{
  GPtrArray *iommus = self->edit->host->iommus;

  for (guint i = 0; i < iommus->len; i++)
    {
      IommudSimulatedIommu *iommu = g_ptr_array_index (iommus, i);
      const char *text = g_hash_table_lookup (self->edit->wanted->iommus, iommu->name);
      const char *before = g_hash_table_lookup (self->applied->iommus, iommu->name);

      if (before != NULL && !g_str_equal (before, text))
        g_warning ("%s: IOMMU %s stays as it was: restart the service to change it", self->filename,
                   iommu->name);
      if (before == NULL)
        g_hash_table_insert (self->applied->iommus, g_strdup (iommu->name), g_strdup (text));
      /* An IOMMU that exists already is refused and freed. */
      (void) iommud_simulated_kernel_add_iommu (self->kernel, iommu);
    }
  g_ptr_array_set_free_func (iommus, NULL);
  g_ptr_array_set_size (iommus, 0);
}

static void
arm_new_faults (IommudSimulatedFollower *self)
{
  const GArray *faults = self->edit->host->faults;

  for (guint i = 0; i < faults->len; i++)
    {
      const IommudSimulatedFault *fault = &g_array_index (faults, IommudSimulatedFault, i);
      g_autofree char *text = iommud_simulated_fault_describe (fault);

      if (!g_hash_table_contains (self->applied->faults, text))
        (void) iommud_simulated_kernel_inject_fault (self->kernel, fault->operation, fault->nth,
                                                     fault->errnum, fault->delay_ms);
    }
  g_hash_table_unref (self->applied->faults);
  self->applied->faults = g_hash_table_ref (self->edit->wanted->faults);
}

/* What is not a device comes first. */
static void
begin (IommudSimulatedFollower *self)
{
  if (self->edit->wanted->iommufd != self->applied->iommufd)
    g_warning ("%s: /dev/iommu cannot come or go: restart the service to change it",
               self->filename);
  if (self->edit->wanted->kernel != self->applied->kernel)
    g_warning ("%s: the Linux version stays as it was: restart the service to change it",
               self->filename);
  arm_new_faults (self);
  add_iommus (self);
  self->has_begun = TRUE;
}

/* FALSE: the machine cannot take the device now. Takes @addition otherwise. */
static gboolean
plug (IommudSimulatedFollower *self, IommudSimulatedAddition *addition)
{
  const char *name = iommud_simulated_addition_get_name (addition);

  if (iommud_simulated_kernel_has_device (self->kernel, name))
    return FALSE;
  g_hash_table_insert (self->applied->devices, g_strdup (name),
                       g_strdup (g_hash_table_lookup (self->edit->wanted->devices, name)));
  if (addition->device != NULL)
    (void) iommud_simulated_kernel_add_device (self->kernel, g_steal_pointer (&addition->device));
  else
    (void) iommud_simulated_kernel_add_host_device (self->kernel,
                                                    g_steal_pointer (&addition->host_device));
  iommud_simulated_addition_free (addition);
  return TRUE;
}

static void
apply_some (IommudSimulatedFollower *self)
{
  GQueue *additions = &self->edit->additions;
  GPtrArray *gone = self->edit->gone;
  guint budget = STEP_DEVICES;

  for (; budget > 0 && gone->len > 0; budget--)
    {
      unplug (self, gone->pdata[gone->len - 1]);
      g_ptr_array_set_size (gone, (int) gone->len - 1);
    }
  if (gone->len == 0 && !self->has_begun)
    begin (self);
  for (; budget > 0 && self->n_untried > 0 && self->has_begun; budget--, self->n_untried--)
    {
      IommudSimulatedAddition *addition = g_queue_pop_head (additions);

      if (!plug (self, addition))
        g_queue_push_tail (additions, addition);
    }
}

/* Applies a part of the edit, and sees to it that the rest comes. */
static gboolean
apply_step (gpointer data)
{
  IommudSimulatedFollower *self = data;

  stop_timer (&self->step);
  apply_some (self);
  if (!self->has_begun || self->n_untried > 0)
    start_timer (&self->step, 0, apply_step, self);
  else if (g_queue_is_empty (&self->edit->additions))
    g_clear_pointer (&self->edit, iommud_simulated_edit_free);
  else
    {
      self->n_untried = g_queue_get_length (&self->edit->additions);
      start_timer (&self->step, RETRY_MS, apply_step, self);
    }
  return G_SOURCE_REMOVE;
}

static void start_reading (IommudSimulatedFollower *self);

static void
on_read (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (IommudSimulatedEdit) edit = iommud_simulated_edit_read_finish (result);
  IommudSimulatedFollower *self = data;

  /* A reading is cancelled only if the follower is freed. */
  if (edit == NULL)
    return;
  g_clear_object (&self->reading);
  self->applied = g_steal_pointer (&edit->applied);
  if (self->is_stale)
    return start_reading (self);
  if (edit->error != NULL)
    g_warning ("%s; the simulated host stays as it was", edit->error->message);
  else
    {
      g_clear_pointer (&self->edit, iommud_simulated_edit_free);
      self->edit = g_steal_pointer (&edit);
      self->has_begun = FALSE;
      self->n_untried = g_queue_get_length (&self->edit->additions);
    }
  if (self->edit != NULL)
    start_timer (&self->step, 0, apply_step, self);
}

/* What is applied is lent to the worker, so an earlier edit stops until the result is there. */
static void
start_reading (IommudSimulatedFollower *self)
{
  self->is_stale = FALSE;
  stop_timer (&self->step);
  self->reading = g_cancellable_new ();
  iommud_simulated_edit_read_async (self->filename, self->original,
                                    g_steal_pointer (&self->applied), self->reading, on_read, self);
}

static gboolean
on_settled (gpointer data)
{
  IommudSimulatedFollower *self = data;

  stop_timer (&self->settle);
  if (self->reading == NULL)
    start_reading (self);
  else
    self->is_stale = TRUE;
  return G_SOURCE_REMOVE;
}

static void
on_file_changed (GFileMonitor *monitor, GFile *file, GFile *other, GFileMonitorEvent event,
                 IommudSimulatedFollower *self)
{
  start_timer (&self->settle, SETTLE_MS, on_settled, self);
}

IommudSimulatedFollower *
iommud_simulated_follower_new (const char *filename, GBytes *content)
{
  IommudSimulatedFollower *self = g_new0 (IommudSimulatedFollower, 1);

  self->filename = g_strdup (filename);
  self->original = g_bytes_ref (content);
  return self;
}

/* A worker that is reading ends soon, and what it has read is dropped. */
void
iommud_simulated_follower_free (IommudSimulatedFollower *self)
{
  stop_timer (&self->settle);
  stop_timer (&self->step);
  if (self->reading != NULL)
    g_cancellable_cancel (self->reading);
  g_clear_object (&self->reading);
  if (self->monitor != NULL)
    {
      g_signal_handlers_disconnect_by_data (self->monitor, self);
      g_file_monitor_cancel (self->monitor);
    }
  g_clear_object (&self->monitor);
  g_clear_pointer (&self->edit, iommud_simulated_edit_free);
  g_clear_pointer (&self->applied, iommud_simulated_shape_free);
  g_bytes_unref (self->original);
  g_free (self->filename);
  g_free (self);
}

gboolean
iommud_simulated_follower_start (IommudSimulatedFollower *self, IommudSimulatedKernel *kernel,
                                 GError **error)
{
  g_autoptr (GFile) file = g_file_new_for_path (self->filename);
  g_autoptr (GError) cause = NULL;

  if (self->monitor != NULL)
    return TRUE;
  self->kernel = kernel;
  self->monitor = g_file_monitor_file (file, G_FILE_MONITOR_WATCH_MOVES, NULL, &cause);
  if (self->monitor == NULL)
    {
      g_set_error (error, IOMMUD_ERROR, IOMMUD_ERROR_FAILED, "%s: cannot watch the file: %s",
                   self->filename, cause->message);
      return FALSE;
    }
  g_signal_connect (self->monitor, "changed", G_CALLBACK (on_file_changed), self);
  /* It may have been edited since it was read. */
  start_timer (&self->settle, SETTLE_MS, on_settled, self);
  return TRUE;
}
