/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Bringing the kernel to where the model is, after an operation was interrupted. Each step changes
 * nothing if it is not needed. */
#include "perform/tidy-up.h"

#include <errno.h>

#include "base/error.h"

static void
clear_device (gpointer device)
{
  iommud_binding_clear (&((IommudTidyUpDevice *) device)->binding);
}

IommudTidyUpPlan *
iommud_tidy_up_plan_new (void)
{
  IommudTidyUpPlan *self = g_new0 (IommudTidyUpPlan, 1);

  self->devices = g_array_new (FALSE, TRUE, sizeof (IommudTidyUpDevice));
  g_array_set_clear_func (self->devices, clear_device);
  self->not_tracked = g_array_new (FALSE, FALSE, sizeof (guint32));
  self->unmapped = g_array_new (FALSE, FALSE, sizeof (IommudIovaRange));
  self->unused = g_array_new (FALSE, FALSE, sizeof (guint32));
  self->orphans = g_array_new (FALSE, FALSE, sizeof (guint32));
  return self;
}

void
iommud_tidy_up_plan_free (IommudTidyUpPlan *self)
{
  iommud_kernel_access_clear (&self->access);
  iommud_iova_space_clear (&self->space);
  g_array_unref (self->devices);
  g_array_unref (self->not_tracked);
  g_array_unref (self->unmapped);
  g_clear_pointer (&self->allowed, g_array_unref);
  g_array_unref (self->unused);
  g_array_unref (self->orphans);
  g_free (self);
}

/* Attached to what it is attached to already, it stays as it is; DETACH of a device that is not
 * attached is no error either. */
static void
put_device (IommudTidyUpPlan *self, IommudTidyUpDevice *device)
{
  g_autoptr (GError) error = NULL;
  guint32 pt_id = device->pt_id;
  int errnum = 0;

  if (pt_id != 0)
    errnum = iommud_binding_try_attach (&device->binding, &self->access, &pt_id);
  if (errnum != 0)
    {
      device->lost = TRUE;
      iommud_binding_set_attach_error (&device->binding, &self->access, errnum, &error);
      g_warning ("%s; the device is detached", error->message);
      g_clear_error (&error);
    }
  if ((pt_id == 0 || device->lost)
      && !iommud_binding_detach (&device->binding, &self->access, &error))
    g_warning ("%s", error->message);
}

/* None of them is needed, so it does not matter whether it ran. */
static void
stop_trackers (IommudTidyUpPlan *self)
{
  for (guint i = 0; i < self->devices->len; i++)
    {
      const IommudTidyUpDevice *device = &g_array_index (self->devices, IommudTidyUpDevice, i);

      if (device->binding.dma_logging)
        iommud_vfio_stop_dma_logging (self->access.syscalls, device->binding.cdev);
    }
  for (guint i = 0; i < self->not_tracked->len; i++)
    iommud_iommufd_set_dirty_tracking (self->access.syscalls, self->access.iommufd,
                                       g_array_index (self->not_tracked, guint32, i), FALSE);
}

static void
unmap (IommudTidyUpPlan *self, const IommudIovaRange *range)
{
  gboolean all = range->first == 0 && range->last == G_MAXUINT64;
  guint64 length = all ? G_MAXUINT64 : range->last - range->first + 1;
  int errnum = iommud_iommufd_ioas_unmap (self->access.syscalls, self->access.iommufd,
                                          self->ioas_id, range->first, length);
  g_autofree char *text = NULL;

  if (errnum == 0 || errnum == ENOENT)
    return;
  text = iommud_error_describe_errno (errnum);
  g_warning ("Cannot %s: IOMMU_IOAS_UNMAP: %s", self->access.what, text);
}

static void
free_unused (IommudTidyUpPlan *self)
{
  guint n_kept = 0;

  for (guint i = 0; i < self->unused->len; i++)
    {
      guint32 id = g_array_index (self->unused, guint32, i);

      if (!iommud_page_table_free (&self->access, id, NULL))
        g_array_index (self->unused, guint32, n_kept++) = id;
    }
  g_array_set_size (self->unused, n_kept);
}

void
iommud_tidy_up_plan_perform (IommudTidyUpPlan *self)
{
  for (guint i = 0; i < self->devices->len; i++)
    put_device (self, &g_array_index (self->devices, IommudTidyUpDevice, i));
  if (self->stop_trackers)
    stop_trackers (self);
  for (guint i = 0; i < self->unmapped->len; i++)
    unmap (self, &g_array_index (self->unmapped, IommudIovaRange, i));
  if (self->allowed != NULL)
    iommud_iommufd_ioas_allow_iovas (self->access.syscalls, self->access.iommufd, self->ioas_id,
                                     self->allowed);
  free_unused (self);
  iommud_page_table_free_orphans (&self->access, self->orphans, NULL);
  iommud_iova_space_read (&self->space, &self->access, self->ioas_id, NULL);
}
