/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Follows the edits of a simulated host's file: devices that disappear from it are unplugged, new
 * ones are plugged, and changed ones are both. An edit that does not describe a host only gives a
 * warning.
 *
 * A device that is unplugged stays until the last of its files is closed, as on a real machine. A
 * successor with the same name waits until then. */
#include "config.h"

#include "simulator/follow.h"

#include "iommud-error.h"
#include "sim/description/shape.h"
#include "xml/host-description.h"

#include <gio/gio.h>

/* Editors write in several steps. */
#define SETTLE_MS 150
#define RETRY_MS 50

struct _IommudSimulatedFollower
{
  char *filename;
  IommudSimulatedShape *applied; /* what of the file the machine has */
  IommudSimulatedHost *waiting;  /* what is still to be plugged; NULL for nothing */
  IommudSimulatedKernel *kernel;
  GFileMonitor *monitor;
  GSource *settle;
  GSource *retry;
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
unplug_gone (IommudSimulatedFollower *self, const IommudSimulatedShape *wanted)
{
  g_autoptr (GPtrArray) gone =
      iommud_simulated_shape_list_gone (self->applied->devices, wanted->devices);

  for (guint i = 0; i < gone->len; i++)
    {
      const char *name = g_ptr_array_index (gone, i);

      /* It may have been unplugged by other means. */
      (void) iommud_simulated_kernel_unplug (self->kernel, name);
      g_hash_table_remove (self->applied->devices, name);
    }
}

/* An IOMMU that exists stays as it is, since its devices refer to it. */
static void
add_iommus (IommudSimulatedFollower *self, IommudSimulatedHost *host)
{
  for (guint i = 0; i < host->iommus->len; i++)
    {
      IommudSimulatedIommu *iommu = g_ptr_array_index (host->iommus, i);
      g_autofree char *text = iommud_simulated_iommu_describe (iommu);
      const char *before = g_hash_table_lookup (self->applied->iommus, iommu->name);

      if (before != NULL && !g_str_equal (before, text))
        g_warning ("%s: IOMMU %s stays as it was: restart the service to change it", self->filename,
                   iommu->name);
      if (before == NULL)
        g_hash_table_insert (self->applied->iommus, g_strdup (iommu->name),
                             g_steal_pointer (&text));
      /* An IOMMU that exists already is refused and freed. */
      (void) iommud_simulated_kernel_add_iommu (self->kernel, iommu);
    }
  g_ptr_array_set_free_func (host->iommus, NULL);
  g_ptr_array_set_size (host->iommus, 0);
}

static void
arm_new_faults (IommudSimulatedFollower *self, const IommudSimulatedHost *host)
{
  for (guint i = 0; i < host->faults->len; i++)
    {
      const IommudSimulatedFault *fault = &g_array_index (host->faults, IommudSimulatedFault, i);
      g_autofree char *text = iommud_simulated_fault_describe (fault);

      if (!g_hash_table_contains (self->applied->faults, text))
        (void) iommud_simulated_kernel_inject_fault (self->kernel, fault->operation, fault->nth,
                                                     fault->errnum, fault->delay_ms);
    }
}

/* Whether the machine can take a device now. If it can, and the device is new, @text says what it
 * is. */
static gboolean
must_add (IommudSimulatedFollower *self, const char *name, char *text, gboolean *must_wait)
{
  g_autofree char *owned = text;

  if (iommud_simulated_shape_has (self->applied->devices, name, text))
    return FALSE;
  if (iommud_simulated_kernel_has_device (self->kernel, name))
    {
      *must_wait = TRUE;
      return FALSE;
    }
  g_hash_table_insert (self->applied->devices, g_strdup (name), g_steal_pointer (&owned));
  return TRUE;
}

static gboolean
add_host_devices (IommudSimulatedFollower *self, IommudSimulatedHost *host)
{
  gboolean must_wait = FALSE;

  for (guint i = 0; i < host->host_devices->len;)
    {
      IommudSimulatedHostDevice *device = g_ptr_array_index (host->host_devices, i);

      if (!must_add (self, device->name, iommud_simulated_host_device_describe (device),
                     &must_wait))
        {
          i++;
          continue;
        }
      g_ptr_array_steal_index (host->host_devices, i);
      (void) iommud_simulated_kernel_add_host_device (self->kernel, device);
    }
  return must_wait;
}

static gboolean
add_devices (IommudSimulatedFollower *self, IommudSimulatedHost *host)
{
  gboolean must_wait = FALSE;

  for (guint i = 0; i < host->devices->len;)
    {
      IommudSimulatedDevice *device = g_ptr_array_index (host->devices, i);

      if (!must_add (self, device->info->name, iommud_simulated_device_describe (device),
                     &must_wait))
        {
          i++;
          continue;
        }
      g_ptr_array_steal_index (host->devices, i);
      (void) iommud_simulated_kernel_add_device (self->kernel, device);
    }
  return must_wait;
}

static gboolean plug_waiting (gpointer data);

static void
plug (IommudSimulatedFollower *self)
{
  gboolean must_wait = add_host_devices (self, self->waiting);

  must_wait |= add_devices (self, self->waiting);
  if (must_wait)
    start_timer (&self->retry, RETRY_MS, plug_waiting, self);
  else
    g_clear_pointer (&self->waiting, iommud_simulated_host_free);
}

static gboolean
plug_waiting (gpointer data)
{
  IommudSimulatedFollower *self = data;

  stop_timer (&self->retry);
  plug (self);
  return G_SOURCE_REMOVE;
}

/* Takes @host. */
static void
apply (IommudSimulatedFollower *self, IommudSimulatedHost *host)
{
  g_autoptr (IommudSimulatedShape) wanted = iommud_simulated_shape_new (host);

  stop_timer (&self->retry);
  g_clear_pointer (&self->waiting, iommud_simulated_host_free);
  if (wanted->iommufd != self->applied->iommufd)
    g_warning ("%s: /dev/iommu cannot come or go: restart the service to change it",
               self->filename);
  if (wanted->kernel != self->applied->kernel)
    g_warning ("%s: the Linux version stays as it was: restart the service to change it",
               self->filename);
  unplug_gone (self, wanted);
  arm_new_faults (self, host);
  g_hash_table_unref (self->applied->faults);
  self->applied->faults = g_hash_table_ref (wanted->faults);
  add_iommus (self, host);
  self->waiting = host;
  plug (self);
}

static gboolean
on_settled (gpointer data)
{
  IommudSimulatedFollower *self = data;
  g_autoptr (GError) error = NULL;
  IommudSimulatedHost *host = iommud_xml_load_simulated_host (self->filename, &error);

  stop_timer (&self->settle);
  if (host != NULL)
    apply (self, host);
  else
    g_warning ("%s; the simulated host stays as it was", error->message);
  return G_SOURCE_REMOVE;
}

static void
on_file_changed (GFileMonitor *monitor, GFile *file, GFile *other, GFileMonitorEvent event,
                 IommudSimulatedFollower *self)
{
  start_timer (&self->settle, SETTLE_MS, on_settled, self);
}

IommudSimulatedFollower *
iommud_simulated_follower_new (const char *filename, const IommudSimulatedHost *host)
{
  IommudSimulatedFollower *self = g_new0 (IommudSimulatedFollower, 1);

  self->filename = g_strdup (filename);
  self->applied = iommud_simulated_shape_new (host);
  return self;
}

void
iommud_simulated_follower_free (IommudSimulatedFollower *self)
{
  stop_timer (&self->settle);
  stop_timer (&self->retry);
  if (self->monitor != NULL)
    {
      g_signal_handlers_disconnect_by_data (self->monitor, self);
      g_file_monitor_cancel (self->monitor);
    }
  g_clear_object (&self->monitor);
  g_clear_pointer (&self->waiting, iommud_simulated_host_free);
  iommud_simulated_shape_free (self->applied);
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
