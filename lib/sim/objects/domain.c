/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Groups enter and leave domains. Which fit is up to the IOMMU: the rules are those of the
 * intel-iommu driver of Linux 6.12. */
#include "config.h"

#include "sim/objects/domain.h"

#include "sim/process/user-memory.h"

#include <errno.h>

void
iommud_simulated_domain_init (IommudSimulatedDomain *self, const IommudSimulatedFunction *function,
                              IommudSimulatedDomain *parent)
{
  self->iommu = function->iommu;
  self->parent = parent;
  self->maker = iommud_simulated_injection_ref (function->injection);
  self->aperture_first = function->iommu->aperture_first;
  self->aperture_last = iommud_simulated_function_get_aperture_last (function);
  g_queue_init (&self->groups);
}

void
iommud_simulated_domain_clear (IommudSimulatedDomain *self)
{
  g_assert (self->groups.length == 0);
  iommud_simulated_injection_unref (self->maker);
  g_clear_pointer (&self->dirty, iommud_page_set_free);
}

const IommudSimulatedDomain *
iommud_simulated_domain_get_paging (const IommudSimulatedDomain *self)
{
  return self->parent != NULL ? self->parent : self;
}

static int
check_member (const IommudSimulatedDomain *self, IommudSimulatedFunction *member)
{
  const IommudSimulatedDomain *paging = iommud_simulated_domain_get_paging (self);

  /* The description says no more about this host device than its group. */
  if (member->iommu == NULL)
    return 0;
  if (self->iommu != member->iommu || paging->iommu != member->iommu)
    return EINVAL;
  if (paging->dirty != NULL && !iommud_simulated_function_can_track (member))
    return EINVAL;
  if (paging->enforced_coherency && !iommud_simulated_function_can_enforce (member))
    return EINVAL;
  if (paging->aperture_last > iommud_simulated_function_get_aperture_last (member))
    return EINVAL;
  return iommud_simulated_injection_take (member->injection, IOMMUD_SIMULATED_DRIVER_ATTACH);
}

int
iommud_simulated_group_move (IommudSimulatedGroup *group, IommudSimulatedDomain *domain)
{
  for (guint i = 0; domain != NULL && i < group->members->len; i++)
    {
      int errnum = check_member (domain, group->members->pdata[i]);

      if (errnum != 0)
        return errnum;
    }
  if (group->domain != NULL)
    g_queue_delete_link (&group->domain->groups, g_steal_pointer (&group->domain_link));
  group->domain = domain;
  if (domain != NULL)
    {
      g_queue_push_tail (&domain->groups, group);
      group->domain_link = domain->groups.tail;
    }
  return 0;
}

void
iommud_simulated_domain_forget_dirty (IommudSimulatedDomain *self, guint64 first, guint64 last)
{
  iommud_page_set_remove_range (self->dirty, first / IOMMUD_SIMULATED_PAGE_SIZE,
                                last / IOMMUD_SIMULATED_PAGE_SIZE);
}

/* A domain without devices is filled for the device that it was made for. */
int
iommud_simulated_domain_take_error (const IommudSimulatedDomain *self,
                                    IommudSimulatedDriverCall call)
{
  int errnum = 0;

  if (self->groups.length == 0)
    return call == IOMMUD_SIMULATED_DRIVER_MAP ? iommud_simulated_injection_take (self->maker, call)
                                               : 0;
  for (GList *l = self->groups.head; l != NULL && errnum == 0; l = l->next)
    {
      const IommudSimulatedGroup *group = l->data;

      for (guint i = 0; i < group->members->len && errnum == 0; i++)
        errnum = iommud_simulated_injection_take (
            ((IommudSimulatedFunction *) group->members->pdata[i])->injection, call);
    }
  return errnum;
}

guint
iommud_simulated_domain_count_devices (const IommudSimulatedDomain *self)
{
  guint n = 0;

  for (GList *l = self->groups.head; l != NULL; l = l->next)
    n += ((IommudSimulatedGroup *) l->data)->members->len;
  return n;
}
