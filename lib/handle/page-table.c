/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The kernel's side of a container's page tables. */
#include "handle/page-table.h"

#include <errno.h>

#include "base/error.h"

void
iommud_iova_space_clear (IommudIovaSpace *self)
{
  g_clear_pointer (&self->ranges, g_array_unref);
}

void
iommud_iova_space_copy (IommudIovaSpace *self, const IommudIovaSpace *source)
{
  self->ranges = source->ranges != NULL ? g_array_ref (source->ranges) : NULL;
  self->alignment = source->alignment;
}

gboolean
iommud_iova_space_exceeds (const IommudIovaSpace *self, const IommudIovaSpace *other)
{
  guint j = 0;

  for (guint i = 0; i < self->ranges->len; i++)
    {
      const IommudIovaRange *range = &g_array_index (self->ranges, IommudIovaRange, i);
      const IommudIovaRange *outer;

      while (j < other->ranges->len
             && g_array_index (other->ranges, IommudIovaRange, j).last < range->first)
        j++;
      if (j == other->ranges->len)
        return TRUE;
      outer = &g_array_index (other->ranges, IommudIovaRange, j);
      if (range->first < outer->first || range->last > outer->last)
        return TRUE;
    }
  return FALSE;
}

gboolean
iommud_iova_space_read (IommudIovaSpace *self, const IommudKernelAccess *access, guint32 ioas_id,
                        GError **error)
{
  int errnum;

  iommud_iova_space_clear (self);
  errnum = iommud_iommufd_ioas_iova_ranges (access->syscalls, access->iommufd, ioas_id,
                                            &self->ranges, &self->alignment);
  if (errnum == 0)
    return TRUE;
  iommud_error_set_from_errno (error, -1, access->what, "IOMMU_IOAS_IOVA_RANGES", errnum, NULL);
  return FALSE;
}

static guint32
flags_to_kernel (IommudHwptFlags flags)
{
  return ((flags & IOMMUD_HWPT_FLAGS_NEST_PARENT) != 0 ? IOMMUD_IOMMUFD_ALLOC_NEST_PARENT : 0)
         | ((flags & IOMMUD_HWPT_FLAGS_DIRTY_TRACKING) != 0 ? IOMMUD_IOMMUFD_ALLOC_DIRTY_TRACKING
                                                            : 0);
}

/* NULL if the errno says it all. */
static const char *
get_alloc_cause (int errnum)
{
  switch (errnum)
    {
    case EINVAL:
      return "the device's IOMMU cannot make such a HWPT for this container, or a file that is "
             "mapped in it was made shorter";
    case EADDRINUSE:
      return "a mapping of the container lies beyond what the device's IOMMU can address";
    case ENOMEM:
      return "the kernel is out of memory, or the locked-memory limit (RLIMIT_MEMLOCK) was reached";
    case EFAULT:
      return "memory that is mapped cannot be pinned: a file may have been made shorter";
    default:
      return NULL;
    }
}

static void
set_alloc_error (const IommudKernelAccess *access, const IommudBinding *binding,
                 IommudHwptFlags flags, int errnum, GError **error)
{
  g_autofree char *missing = NULL;

  if (errnum == EOPNOTSUPP && flags != IOMMUD_HWPT_FLAGS_NONE)
    missing =
        g_strdup_printf ("IOMMU %s of %s cannot do%s%s", binding->info->iommu, binding->info->name,
                         flags & IOMMUD_HWPT_FLAGS_DIRTY_TRACKING ? " dirty-tracking" : "",
                         flags & IOMMUD_HWPT_FLAGS_NEST_PARENT ? " nest-parent" : "");
  iommud_error_set_from_errno (error, errnum == EINVAL ? IOMMUD_ERROR_INCOMPATIBLE : -1,
                               access->what, "IOMMU_HWPT_ALLOC", errnum,
                               missing != NULL ? missing : get_alloc_cause (errnum));
}

gboolean
iommud_page_table_alloc (const IommudKernelAccess *access, const IommudBinding *binding,
                         guint32 ioas_id, IommudHwptFlags flags, guint32 *hwpt_id, GError **error)
{
  int errnum =
      iommud_iommufd_hwpt_alloc (access->syscalls, access->iommufd, flags_to_kernel (flags),
                                 binding->device_id, ioas_id, hwpt_id);

  if (errnum == 0)
    return TRUE;
  set_alloc_error (access, binding, flags, errnum, error);
  return FALSE;
}

gboolean
iommud_page_table_free (const IommudKernelAccess *access, guint32 hwpt_id, GError **error)
{
  int errnum = iommud_iommufd_destroy (access->syscalls, access->iommufd, hwpt_id);
  g_autofree char *step = NULL;

  if (errnum == 0)
    return TRUE;
  step = g_strdup_printf ("IOMMU_DESTROY of HWPT %u", hwpt_id);
  iommud_error_set_from_errno (error, -1, access->what, step, errnum,
                               errnum == EBUSY ? "something still uses it" : NULL);
  return FALSE;
}

gboolean
iommud_page_table_free_orphans (const IommudKernelAccess *access, GArray *orphans, GError **error)
{
  gboolean freed_all = TRUE;

  for (guint i = orphans->len; i > 0; i--)
    if (iommud_page_table_free (access, g_array_index (orphans, guint32, i - 1),
                                freed_all ? error : NULL))
      g_array_remove_index (orphans, i - 1);
    else
      freed_all = FALSE;
  return freed_all;
}
