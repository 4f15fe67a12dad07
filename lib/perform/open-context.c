/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Opening an IOMMUFD context: the file, and whom the kernel charges for what is pinned through it.
 */
#include "perform/open-context.h"

#include <errno.h>

#include "base/error.h"

static gboolean
open_file (IommudKernelAccess *access, GError **error)
{
  int errnum = iommud_iommufd_open (access->syscalls, &access->iommufd);

  if (errnum == 0)
    return TRUE;
  if (errnum == ENOENT || errnum == ENODEV || errnum == ENXIO)
    {
      g_autofree char *description = iommud_error_describe_errno (errnum);

      g_set_error (
          error, IOMMUD_ERROR, IOMMUD_ERROR_NOT_SUPPORTED,
          "Cannot %s: /dev/iommu: %s: the kernel's iommufd module is not loaded, or the "
          "kernel was built without CONFIG_IOMMUFD (try: modprobe iommufd), or the file is "
          "not that of the device",
          access->what, description);
      return FALSE;
    }
  iommud_error_set_from_errno (error, -1, access->what, "/dev/iommu", errnum,
                               iommud_syscalls_get_open_cause (errnum));
  return FALSE;
}

/* The kernel takes it only before the context has its first object. */
static gboolean
set_accounting (const IommudKernelAccess *access, IommudAccounting accounting, GError **error)
{
  int errnum;

  if (accounting == IOMMUD_ACCOUNTING_USER)
    return TRUE;
  errnum = iommud_iommufd_set_rlimit_mode (access->syscalls, access->iommufd,
                                           IOMMUD_IOMMUFD_RLIMIT_MODE_PROCESS);
  if (errnum == 0)
    return TRUE;
  iommud_error_set_from_errno (error, -1, access->what, "IOMMU_OPTION_RLIMIT_MODE", errnum,
                               errnum == EPERM ? "it needs CAP_SYS_RESOURCE" : NULL);
  return FALSE;
}

gboolean
iommud_open_context (IommudKernelAccess *access, IommudAccounting accounting, GError **error)
{
  if (!open_file (access, error))
    return FALSE;
  if (set_accounting (access, accounting, error))
    return TRUE;
  access->syscalls->close (access->syscalls, access->iommufd);
  access->iommufd = -1;
  return FALSE;
}
