/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Setting which IOVAs the kernel may choose from: the kernel's side. For workers. */
#include "perform/set-allowed-iovas.h"

#include <errno.h>

#include "base/error.h"

void
iommud_set_allowed_iovas_plan_clear (IommudSetAllowedIovasPlan *self)
{
  iommud_kernel_access_clear (&self->access);
  g_clear_pointer (&self->ranges, g_array_unref);
  g_clear_error (&self->error);
}

void
iommud_set_allowed_iovas_plan_perform (IommudSetAllowedIovasPlan *self)
{
  int errnum = iommud_iommufd_ioas_allow_iovas (self->access.syscalls, self->access.iommufd,
                                                self->ioas_id, self->ranges);

  if (errnum != 0)
    iommud_error_set_from_errno (
        &self->error, -1, self->access.what, "IOMMU_IOAS_ALLOW_IOVAS", errnum,
        errnum == EADDRINUSE ? "an attached device reserves some of them" : NULL);
}
