/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Attaching, replacing and detaching as device.c of Linux 6.12 does, including its defect: a failed
 * replace within one IOAS loses the reserved regions of the group. */
#include "config.h"

#include "sim/objects/attachment.h"

#include "sim/objects/binding.h"
#include "sim/objects/hwpt.h"

#include <errno.h>

typedef int (*AttachFunction) (IommudSimulatedFunction *function, IommudSimulatedHwpt *hwpt);

static int
reserve_regions (IommudSimulatedIoas *ioas, IommudSimulatedFunction *function, GArray *regions)
{
  for (guint i = 0; i < regions->len; i++)
    {
      const IommudSimulatedRegion *region = &g_array_index (regions, IommudSimulatedRegion, i);
      int errnum = iommud_simulated_ioas_reserve (ioas, region->first, region->last, function);

      if (errnum != 0)
        return errnum;
    }
  return 0;
}

/* On failure, no region of the function is left in the IOAS. */
static int
enforce_regions (IommudSimulatedIoas *ioas, IommudSimulatedFunction *function)
{
  int errnum = reserve_regions (ioas, function, function->iommu->regions);

  if (errnum == 0)
    errnum = reserve_regions (ioas, function, function->description->regions);
  if (errnum != 0)
    iommud_simulated_ioas_unreserve (ioas, function);
  return errnum;
}

/* NULL: the group is in no domain. */
static IommudSimulatedHwpt *
get_hwpt (const IommudSimulatedGroup *group)
{
  return group->domain != NULL ? iommud_simulated_hwpt_from_domain (group->domain) : NULL;
}

static IommudSimulatedIoas *
get_ioas (IommudSimulatedHwpt *hwpt)
{
  return iommud_simulated_hwpt_get_paging (hwpt)->ioas;
}

/* The first attachment of a device; the caller keeps its own references. */
static int
attach_first (IommudSimulatedFunction *function, IommudSimulatedHwpt *hwpt)
{
  IommudSimulatedGroup *group = function->group;
  int errnum;

  if (group->domain != NULL && group->domain != &hwpt->domain)
    return EINVAL;
  errnum = enforce_regions (get_ioas (hwpt), function);
  if (errnum != 0)
    return errnum;
  errnum = group->attached->len == 0 ? iommud_simulated_group_move (group, &hwpt->domain) : 0;
  if (errnum != 0)
    {
      iommud_simulated_ioas_unreserve (get_ioas (hwpt), function);
      return errnum;
    }
  hwpt->object.users++;
  g_ptr_array_add (group->attached, function);
  return 0;
}

/* Undoes it and returns the HWPT; the caller drops the device's reference to it. */
static IommudSimulatedHwpt *
leave_hwpt (IommudSimulatedFunction *function)
{
  IommudSimulatedGroup *group = function->group;
  IommudSimulatedHwpt *hwpt = get_hwpt (group);

  g_ptr_array_remove (group->attached, function);
  if (group->attached->len == 0)
    iommud_simulated_group_move (group, NULL);
  iommud_simulated_ioas_unreserve (get_ioas (hwpt), function);
  return hwpt;
}

static void
unreserve_group (IommudSimulatedGroup *group, IommudSimulatedIoas *ioas)
{
  for (guint i = 0; i < group->attached->len; i++)
    iommud_simulated_ioas_unreserve (ioas, group->attached->pdata[i]);
}

static int
enforce_group (IommudSimulatedGroup *group, IommudSimulatedIoas *ioas)
{
  for (guint i = 0; i < group->attached->len; i++)
    {
      int errnum = enforce_regions (ioas, group->attached->pdata[i]);

      if (errnum != 0)
        return errnum;
    }
  return 0;
}

/* From now on the attached devices of the group refer to the new HWPT instead of the old one. */
static void
move_references (IommudSimulatedGroup *group, IommudSimulatedHwpt *old)
{
  get_hwpt (group)->object.users += group->attached->len;
  old->object.users -= group->attached->len - 1;
  iommud_simulated_hwpt_put (old);
}

static int
replace (IommudSimulatedFunction *function, IommudSimulatedHwpt *hwpt)
{
  IommudSimulatedGroup *group = function->group;
  IommudSimulatedHwpt *old = get_hwpt (group);
  IommudSimulatedIoas *ioas = get_ioas (hwpt);
  int errnum = 0;

  if (hwpt == old)
    return 0;
  if (ioas != get_ioas (old))
    errnum = enforce_group (group, ioas);
  if (errnum == 0)
    errnum = iommud_simulated_group_move (group, &hwpt->domain);
  if (errnum != 0)
    {
      /* Linux does so even if both HWPTs share the IOAS and the old one still needs the regions. */
      unreserve_group (group, ioas);
      return errnum;
    }
  if (ioas != get_ioas (old))
    unreserve_group (group, get_ioas (old));
  move_references (group, old);
  return 0;
}

/* If the kernel makes a HWPT itself, it attaches before it looks at the IOAS. */
static int
attach_and_fill (IommudSimulatedFunction *function, IommudSimulatedHwpt *hwpt)
{
  int errnum = attach_first (function, hwpt);

  if (errnum != 0)
    return errnum;
  errnum = iommud_simulated_hwpt_fill (hwpt);
  if (errnum == 0)
    return 0;
  leave_hwpt (function);
  hwpt->object.users--;
  return errnum;
}

static int
fill_and_replace (IommudSimulatedFunction *function, IommudSimulatedHwpt *hwpt)
{
  int errnum = iommud_simulated_hwpt_fill (hwpt);

  return errnum == 0 ? replace (function, hwpt) : errnum;
}

static int
attach_to_new (IommudSimulatedFunction *function, IommudSimulatedIoas *ioas, guint32 *id)
{
  IommudSimulatedHwpt *hwpt;
  int errnum = iommud_simulated_hwpt_new_paging (ioas, function, FALSE, FALSE, &hwpt);

  if (errnum != 0)
    return errnum;
  errnum = function->binding->attached ? fill_and_replace (function, hwpt)
                                       : attach_and_fill (function, hwpt);
  if (errnum != 0)
    {
      iommud_simulated_object_destroy (&hwpt->object);
      return errnum;
    }
  iommud_simulated_hwpt_set_automatic (hwpt);
  *id = hwpt->object.id;
  return 0;
}

/* Tries the HWPTs that the kernel made itself, then a new one. */
static int
attach_to_ioas (IommudSimulatedFunction *function, IommudSimulatedIoas *ioas, AttachFunction attach,
                guint32 *id)
{
  for (GList *l = ioas->auto_hwpts.head; l != NULL; l = l->next)
    {
      IommudSimulatedHwpt *hwpt = l->data;
      int errnum;

      *id = hwpt->object.id;
      errnum = attach (function, hwpt);
      if (errnum != EINVAL)
        return errnum;
    }
  return attach_to_new (function, ioas, id);
}

static int
attach_device (IommudSimulatedFunction *self, guint32 *id)
{
  IommudSimulatedBinding *binding = self->binding;
  AttachFunction attach = binding->attached ? replace : attach_first;
  IommudSimulatedObject *table =
      iommud_simulated_context_get (binding->object.context, *id, IOMMUD_SIMULATED_ANY);
  int errnum;

  if (table == NULL)
    return ENOENT;
  if (table->type == IOMMUD_SIMULATED_IOAS)
    errnum = attach_to_ioas (self, (IommudSimulatedIoas *) table, attach, id);
  else if (table->type == IOMMUD_SIMULATED_HWPT_PAGING
           || table->type == IOMMUD_SIMULATED_HWPT_NESTED)
    errnum = attach (self, (IommudSimulatedHwpt *) table);
  else
    errnum = EINVAL;
  if (errnum == 0 && !binding->attached)
    binding->object.users++;
  return errnum;
}

static void
leave_ioas (IommudSimulatedBinding *access)
{
  IommudSimulatedIoas *ioas = g_steal_pointer (&access->ioas);

  if (ioas == NULL)
    return;
  iommud_simulated_ioas_remove_access (ioas);
  ioas->object.users--;
}

static int
attach_access (IommudSimulatedBinding *access, guint32 id)
{
  IommudSimulatedIoas *ioas;
  int errnum = iommud_simulated_ioas_get (access->object.context, id, &ioas);

  if (errnum != 0 || ioas == access->ioas)
    return errnum;
  errnum = iommud_simulated_ioas_add_access (ioas);
  if (errnum != 0)
    return errnum;
  ioas->object.users++;
  leave_ioas (access);
  access->ioas = ioas;
  return 0;
}

int
iommud_simulated_function_attach (IommudSimulatedFunction *self, guint32 *id)
{
  IommudSimulatedBinding *binding = self->binding;
  int errnum;

  if (binding->object.type == IOMMUD_SIMULATED_ACCESS)
    errnum = attach_access (binding, *id);
  else
    errnum = attach_device (self, id);
  if (errnum == 0)
    binding->attached = TRUE;
  return errnum;
}

void
iommud_simulated_function_detach (IommudSimulatedFunction *self)
{
  IommudSimulatedBinding *binding = self->binding;

  if (!binding->attached)
    return;
  binding->attached = FALSE;
  if (binding->object.type == IOMMUD_SIMULATED_ACCESS)
    {
      leave_ioas (binding);
      return;
    }
  iommud_simulated_hwpt_put (leave_hwpt (self));
  binding->object.users--;
}
