/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Finding out what the kernel still has of a container whose context others have, too. */
#include "perform/refresh-container.h"

#include "base/error.h"
#include "handle/presence.h"

IommudRefreshContainerPlan *
iommud_refresh_container_plan_new (void)
{
  IommudRefreshContainerPlan *self = g_new0 (IommudRefreshContainerPlan, 1);

  self->hwpts = g_array_new (FALSE, TRUE, sizeof (IommudRefreshedHwpt));
  self->mappings = g_array_new (FALSE, TRUE, sizeof (IommudRefreshedMapping));
  return self;
}

void
iommud_refresh_container_plan_free (IommudRefreshContainerPlan *self)
{
  iommud_kernel_access_clear (&self->access);
  iommud_iova_space_clear (&self->space);
  g_array_unref (self->hwpts);
  g_array_unref (self->mappings);
  g_clear_error (&self->error);
  g_free (self);
}

static gboolean
ask_for_context (IommudRefreshContainerPlan *self)
{
  guint64 mode = 0;
  int errnum = iommud_iommufd_get_rlimit_mode (self->access.syscalls, self->access.iommufd, &mode);

  if (errnum != 0)
    {
      iommud_error_set_from_errno (&self->error, -1, self->access.what, "IOMMU_OPTION_RLIMIT_MODE",
                                   errnum, NULL);
      return FALSE;
    }
  self->accounting = mode == IOMMUD_IOMMUFD_RLIMIT_MODE_PROCESS ? IOMMUD_ACCOUNTING_PROCESS
                                                                : IOMMUD_ACCOUNTING_USER;
  return iommud_iova_space_read (&self->space, &self->access, self->ioas_id, &self->error);
}

static gboolean
ask_for_hwpts (IommudRefreshContainerPlan *self)
{
  for (guint i = 0; i < self->hwpts->len; i++)
    {
      IommudRefreshedHwpt *hwpt = &g_array_index (self->hwpts, IommudRefreshedHwpt, i);
      gboolean present;

      if (!iommud_presence_of_hwpt (&self->access, hwpt->hwpt_id, &present, &self->error))
        return FALSE;
      hwpt->gone = !present;
      if (hwpt->gone)
        iommud_trackers_forget_hwpt (self->trackers, hwpt->hwpt_id);
    }
  return TRUE;
}

/* The kernel's mappings in it, one after the other, until one is not there. */
static gboolean
ask_for_pieces (IommudRefreshContainerPlan *self, IommudRefreshedMapping *mapping)
{
  guint64 piece = mapping->first_piece;
  gboolean present = TRUE;

  while (mapping->present < mapping->length)
    {
      guint64 length = MIN (piece, mapping->length - mapping->present);

      if (!iommud_presence_of_mapping (&self->access, self->ioas_id,
                                       mapping->iova + mapping->present, length, &present,
                                       &self->error))
        return FALSE;
      if (!present)
        return TRUE;
      mapping->present += length;
      piece = mapping->piece;
    }
  return TRUE;
}

static gboolean
ask_for_mappings (IommudRefreshContainerPlan *self)
{
  for (guint i = 0; i < self->mappings->len; i++)
    if (!ask_for_pieces (self, &g_array_index (self->mappings, IommudRefreshedMapping, i)))
      return FALSE;
  return TRUE;
}

void
iommud_refresh_container_plan_perform (IommudRefreshContainerPlan *self)
{
  if (ask_for_context (self) && ask_for_hwpts (self))
    ask_for_mappings (self);
}
