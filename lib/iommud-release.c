/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Freeing a whole container: its devices leave, then its HWPTs go, then its IOAS. */
#include "iommud-release.h"

#include "iommud-error-private.h"

static void
clear_device (gpointer device)
{
  iommud_binding_clear (&((IommudReleaseDevice *) device)->binding);
}

static void
clear_mapping (gpointer mapping)
{
  g_clear_pointer (&((IommudMapping *) mapping)->file, iommud_mapped_file_unref);
}

IommudReleasePlan *
iommud_release_plan_new (void)
{
  IommudReleasePlan *self = g_new0 (IommudReleasePlan, 1);

  self->devices = g_array_new (FALSE, TRUE, sizeof (IommudReleaseDevice));
  g_array_set_clear_func (self->devices, clear_device);
  self->hwpts = g_array_new (FALSE, TRUE, sizeof (IommudReleaseHwpt));
  self->mappings = g_array_new (FALSE, FALSE, sizeof (IommudMapping));
  g_array_set_clear_func (self->mappings, clear_mapping);
  self->orphans = g_array_new (FALSE, FALSE, sizeof (guint32));
  return self;
}

void
iommud_release_plan_free (IommudReleasePlan *self)
{
  iommud_kernel_call_clear (&self->call);
  iommud_iova_space_clear (&self->space);
  g_array_unref (self->devices);
  g_array_unref (self->hwpts);
  g_array_unref (self->mappings);
  g_array_unref (self->orphans);
  g_clear_error (&self->error);
  g_free (self);
}

/* Closing the cdev detaches too, so a DETACH that fails keeps no device here. */
static void
release_devices (IommudReleasePlan *self)
{
  for (guint i = 0; i < self->devices->len; i++)
    {
      IommudReleaseDevice *device = &g_array_index (self->devices, IommudReleaseDevice, i);
      int cdev = device->binding.cdev;
      g_autoptr (GError) error = NULL;

      if (device->attached && !iommud_binding_detach (&device->binding, &self->call, &error))
        g_message ("%s; closing the device instead", error->message);
      iommud_binding_unbind (&device->binding, &self->call);
      iommud_tracking_forget_log (self->tracking, cdev);
      device->released = TRUE;
    }
}

static gboolean
free_hwpts (IommudReleasePlan *self)
{
  for (guint i = 0; i < self->hwpts->len; i++)
    {
      IommudReleaseHwpt *hwpt = &g_array_index (self->hwpts, IommudReleaseHwpt, i);

      if (hwpt->hwpt_id != 0 && !iommud_page_table_free (&self->call, hwpt->hwpt_id, &self->error))
        return FALSE;
      iommud_tracking_forget_hwpt (self->tracking, hwpt->hwpt_id);
      hwpt->freed = TRUE;
    }
  iommud_page_table_free_orphans (&self->call, self->orphans);
  return TRUE;
}

static gboolean
free_ioas (IommudReleasePlan *self)
{
  int errnum = iommud_iommufd_destroy (self->call.syscalls, self->call.iommufd, self->ioas_id);

  if (errnum != 0)
    iommud_error_set_from_errno (&self->error, -1, self->call.what, "IOMMU_DESTROY of the IOAS",
                                 errnum, NULL);
  return errnum == 0;
}

/* Of a container that could not be freed the devices have left, and nobody has read their last
 * bits. */
static void
leave_tracking (IommudReleasePlan *self)
{
  if (self->freed)
    {
      iommud_tracking_stop (self->tracking, &self->call, NULL);
      return;
    }
  iommud_tracking_mark_all (self->tracking, IOMMUD_TRACKER_AUTO);
}

void
iommud_release_plan_perform (IommudReleasePlan *self)
{
  release_devices (self);
  self->freed = free_hwpts (self) && free_ioas (self);
  /* The kernel has let go of what was mapped: here, because that can take long. */
  if (self->freed)
    g_array_set_size (self->mappings, 0);
  leave_tracking (self);
  if (!self->freed)
    iommud_iova_space_read (&self->space, &self->call, self->ioas_id, NULL);
  else if (self->close_context)
    self->call.syscalls->close (self->call.syscalls, self->call.iommufd);
}
