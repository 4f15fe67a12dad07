/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Freeing a whole container: first its devices are unbound, then its HWPTs are freed, then its
 * IOAS. */
#include "perform/free-container.h"

#include "base/error.h"
#include "perform/unbind.h"

static void
clear_device (gpointer device)
{
  iommud_binding_clear (&((IommudFreeContainerDevice *) device)->binding);
}

static void
clear_mapping (gpointer mapping)
{
  g_clear_pointer (&((IommudMapping *) mapping)->file, iommud_mapped_file_unref);
}

IommudFreeContainerPlan *
iommud_free_container_plan_new (void)
{
  IommudFreeContainerPlan *self = g_new0 (IommudFreeContainerPlan, 1);

  self->devices = g_array_new (FALSE, TRUE, sizeof (IommudFreeContainerDevice));
  g_array_set_clear_func (self->devices, clear_device);
  self->hwpts = g_array_new (FALSE, TRUE, sizeof (IommudFreeContainerHwpt));
  self->mappings = g_array_new (FALSE, FALSE, sizeof (IommudMapping));
  g_array_set_clear_func (self->mappings, clear_mapping);
  self->orphans = g_array_new (FALSE, FALSE, sizeof (guint32));
  return self;
}

void
iommud_free_container_plan_free (IommudFreeContainerPlan *self)
{
  iommud_kernel_access_clear (&self->access);
  iommud_iova_space_clear (&self->space);
  g_array_unref (self->devices);
  g_array_unref (self->hwpts);
  g_array_unref (self->mappings);
  g_array_unref (self->orphans);
  g_clear_error (&self->error);
  g_free (self);
}

/* Closing the cdev also detaches the device, so it leaves the container even if DETACH fails. */
static void
unbind_devices (IommudFreeContainerPlan *self)
{
  for (guint i = 0; i < self->devices->len; i++)
    {
      IommudFreeContainerDevice *device =
          &g_array_index (self->devices, IommudFreeContainerDevice, i);
      g_autoptr (GError) error = NULL;

      if (device->attached && !iommud_binding_detach (&device->binding, &self->access, &error))
        g_message ("%s; closing the device instead", error->message);
      iommud_unbind_and_forget_log (&device->binding, &self->access, self->trackers);
      device->unbound = TRUE;
    }
}

/* Others have a copy of the context, and have made something of what is to be freed. It is freed
 * when the last copy of the context is closed. */
static gboolean
forgive (IommudFreeContainerPlan *self)
{
  if (!self->forgives)
    return FALSE;
  g_message ("%s; it is left to who has a copy of the context", self->error->message);
  g_clear_error (&self->error);
  return TRUE;
}

static gboolean
free_hwpts (IommudFreeContainerPlan *self)
{
  for (guint i = 0; i < self->hwpts->len; i++)
    {
      IommudFreeContainerHwpt *hwpt = &g_array_index (self->hwpts, IommudFreeContainerHwpt, i);

      if (hwpt->hwpt_id != 0 && !iommud_page_table_free (&self->access, hwpt->hwpt_id, &self->error)
          && !forgive (self))
        return FALSE;
      iommud_trackers_forget_hwpt (self->trackers, hwpt->hwpt_id);
      hwpt->freed = TRUE;
    }
  return TRUE;
}

/* One that the kernel keeps would be left in a context that lives on, and nothing would know it. */
static gboolean
free_orphans (IommudFreeContainerPlan *self)
{
  gboolean matters = !self->close_context && !self->forgives;

  return iommud_page_table_free_orphans (&self->access, self->orphans,
                                         matters ? &self->error : NULL)
         || !matters;
}

static gboolean
free_ioas (IommudFreeContainerPlan *self)
{
  int errnum = iommud_iommufd_destroy (self->access.syscalls, self->access.iommufd, self->ioas_id);

  if (errnum != 0)
    iommud_error_set_from_errno (&self->error, -1, self->access.what, "IOMMU_DESTROY of the IOAS",
                                 errnum, NULL);
  return errnum == 0 || forgive (self);
}

/* If the container could not be freed, its devices have left it in any case, and their last bits
 * were not read. */
static void
leave_tracking (IommudFreeContainerPlan *self)
{
  if (self->freed)
    {
      iommud_trackers_stop (self->trackers, &self->access, NULL);
      return;
    }
  iommud_trackers_mark_all (self->trackers, IOMMUD_TRACKER_CHOICE_AUTO);
}

void
iommud_free_container_plan_perform (IommudFreeContainerPlan *self)
{
  unbind_devices (self);
  self->freed = free_hwpts (self) && free_orphans (self) && free_ioas (self);
  /* The kernel no longer uses these files. Done here, because unmapping them can take long. */
  if (self->freed)
    g_array_set_size (self->mappings, 0);
  leave_tracking (self);
  if (!self->freed)
    iommud_iova_space_read (&self->space, &self->access, self->ioas_id, NULL);
  else if (self->close_context)
    self->access.syscalls->close (self->access.syscalls, self->access.iommufd);
}
