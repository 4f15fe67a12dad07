/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Creating a container: the kernel's side. For workers. */
#include "perform/create-container.h"

#include "base/error.h"
#include "kernel/features.h"
#include "perform/open-context.h"

void
iommud_create_container_plan_clear (IommudCreateContainerPlan *self)
{
  iommud_kernel_access_clear (&self->access);
  iommud_iova_space_clear (&self->space);
  g_clear_pointer (&self->orphans, g_array_unref);
  g_strfreev (self->features);
  g_clear_error (&self->error);
}

static gboolean
check (IommudCreateContainerPlan *self, const char *step, int errnum, const char *cause)
{
  if (errnum == 0)
    return TRUE;
  iommud_error_set_from_errno (&self->error, -1, self->access.what, step, errnum, cause);
  return FALSE;
}

static gboolean
set_huge_pages (IommudCreateContainerPlan *self)
{
  int errnum;

  if (self->huge_pages)
    return TRUE;
  errnum = iommud_iommufd_set_huge_pages (self->access.syscalls, self->access.iommufd,
                                          self->ioas_id, FALSE);
  return check (self, "IOMMU_OPTION_HUGE_PAGES", errnum, NULL);
}

/* Closing a context of its own frees the IOAS too. One that stays in a shared context is freed by a
 * later operation. */
static void
undo_ioas (IommudCreateContainerPlan *self)
{
  int errnum = iommud_iommufd_destroy (self->access.syscalls, self->access.iommufd, self->ioas_id);

  if (errnum != 0 && !self->own_context)
    g_array_append_val (self->orphans, self->ioas_id);
}

static gboolean
make_ioas (IommudCreateContainerPlan *self)
{
  const IommudSyscalls *syscalls = self->access.syscalls;
  int fd = self->access.iommufd;

  if (!check (self, "IOMMU_IOAS_ALLOC", iommud_iommufd_ioas_alloc (syscalls, fd, &self->ioas_id),
              NULL))
    return FALSE;
  if (set_huge_pages (self)
      && iommud_iova_space_read (&self->space, &self->access, self->ioas_id, &self->error))
    return TRUE;
  undo_ioas (self);
  return FALSE;
}

void
iommud_create_container_plan_perform (IommudCreateContainerPlan *self)
{
  if (self->own_context && !iommud_open_context (&self->access, self->accounting, &self->error))
    return;
  if (!self->own_context)
    iommud_page_table_free_orphans (&self->access, self->orphans, NULL);
  self->created = make_ioas (self);
  if (self->created && self->must_probe)
    self->features = iommud_features_probe (self->access.syscalls);
  if (!self->created && self->own_context)
    self->access.syscalls->close (self->access.syscalls, self->access.iommufd);
}
