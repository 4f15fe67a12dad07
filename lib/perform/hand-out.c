/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Opening the files that a lease hands out, or copying those that are open.
 *
 * A device that is handed out unbound is opened and no more: its client binds it, and a copy that
 * stayed here would keep its memory pinned and its driver from being unbound. */
#include "config.h"

#include "perform/hand-out.h"

#include <errno.h>
#include <fcntl.h>

#include "base/error.h"
#include "handle/bind-error.h"
#include "perform/open-context.h"

static void
clear_device (gpointer device)
{
  iommud_binding_clear (&((IommudHandOutDevice *) device)->binding);
}

IommudHandOutPlan *
iommud_hand_out_plan_new (void)
{
  IommudHandOutPlan *self = g_new0 (IommudHandOutPlan, 1);

  self->access.iommufd = -1;
  self->context_fd = -1;
  self->limit.process = -1;
  self->devices = g_array_new (FALSE, TRUE, sizeof (IommudHandOutDevice));
  g_array_set_clear_func (self->devices, clear_device);
  return self;
}

void
iommud_hand_out_plan_free (IommudHandOutPlan *self)
{
  iommud_hand_out_plan_close (self);
  g_array_unref (self->devices);
  iommud_kernel_access_clear (&self->access);
  g_clear_error (&self->error);
  g_free (self);
}

void
iommud_hand_out_plan_add_device (IommudHandOutPlan *self, IommudDeviceInfo *info, int bound_cdev)
{
  IommudHandOutDevice device = { .bound_cdev = bound_cdev };

  device.binding.info = iommud_device_info_ref (info);
  device.binding.cdev = -1;
  g_array_append_val (self->devices, device);
}

/* The client could not bind it, and would not learn why. */
static gboolean
check_group (IommudHandOutPlan *self, const IommudDeviceInfo *info)
{
  g_autofree char *driver = iommud_bind_error_find_host_driver (self->access.probe, info);

  if (driver == NULL)
    return TRUE;
  g_set_error (&self->error, IOMMUD_ERROR, IOMMUD_ERROR_BUSY, "Cannot %s: %s", self->access.what,
               driver);
  return FALSE;
}

/* Files that are open here, and in a program that gets a copy, are one: closing either leaves the
 * other. */
static gboolean
copy (IommudHandOutPlan *self, int fd, const char *file, int *copied)
{
  *copied = fcntl (fd, F_DUPFD_CLOEXEC, 0);
  if (*copied >= 0)
    return TRUE;
  iommud_error_set_from_errno (&self->error, -1, self->access.what, file, errno, NULL);
  return FALSE;
}

static gboolean
open_device (IommudHandOutPlan *self, IommudHandOutDevice *device)
{
  IommudBinding *binding = &device->binding;

  if (device->bound_cdev >= 0)
    return copy (self, device->bound_cdev, binding->info->cdev_path, &binding->cdev);
  return check_group (self, binding->info)
         && iommud_binding_open (binding, &self->access, &self->error);
}

static gboolean
open_devices (IommudHandOutPlan *self)
{
  for (guint i = 0; i < self->devices->len; i++)
    if (!open_device (self, &g_array_index (self->devices, IommudHandOutDevice, i)))
      return FALSE;
  return TRUE;
}

static gboolean
open_iommufd (IommudHandOutPlan *self)
{
  if (!self->with_iommufd)
    return TRUE;
  if (self->context_fd >= 0)
    return copy (self, self->context_fd, "/dev/iommu", &self->access.iommufd);
  return iommud_open_context (&self->access, self->accounting, &self->error);
}

static gboolean
raise_limit (IommudHandOutPlan *self)
{
  return self->locked_memory == 0
         || iommud_memory_limit_raise (&self->limit, self->pid, self->owner, self->locked_memory,
                                       self->access.what, &self->error);
}

void
iommud_hand_out_plan_open (IommudHandOutPlan *self)
{
  self->done = open_iommufd (self) && open_devices (self) && raise_limit (self);
  if (!self->done)
    iommud_hand_out_plan_close (self);
}

void
iommud_hand_out_plan_close (IommudHandOutPlan *self)
{
  const IommudSyscalls *syscalls = self->access.syscalls;
  int fd;

  iommud_memory_limit_restore (&self->limit);
  for (guint i = 0; i < self->devices->len; i++)
    if ((fd = iommud_hand_out_plan_take_device (self, i)) >= 0)
      syscalls->close (syscalls, fd);
  if ((fd = iommud_hand_out_plan_take_iommufd (self)) >= 0)
    syscalls->close (syscalls, fd);
}

int
iommud_hand_out_plan_take_iommufd (IommudHandOutPlan *self)
{
  int fd = self->access.iommufd;

  self->access.iommufd = -1;
  return fd;
}

int
iommud_hand_out_plan_take_device (IommudHandOutPlan *self, guint i)
{
  IommudBinding *binding = &g_array_index (self->devices, IommudHandOutDevice, i).binding;
  int fd = binding->cdev;

  binding->cdev = -1;
  return fd;
}

void
iommud_hand_out_plan_keep_limit (IommudHandOutPlan *self)
{
  iommud_memory_limit_clear (&self->limit);
}
