/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Binding, attaching, replacing and detaching as device.c of Linux 6.12 does, with what it does
 * wrong: a failed replace within one IOAS loses the reserved regions of the group. */
#include "config.h"

#include "sim/objects/attachment.h"

#include <errno.h>

typedef struct
{
  IommudSimulatedObject object;
  IommudSimulatedFunction *function;
} Binding;

typedef int (*AttachFunction) (IommudSimulatedFunction *function, IommudSimulatedHwpt *hwpt);

static gboolean
has_direct_region (GArray *regions)
{
  for (guint i = 0; i < regions->len; i++)
    if (g_array_index (regions, IommudSimulatedRegion, i).type == IOMMUD_SIMULATED_RESERVED_DIRECT)
      return TRUE;
  return FALSE;
}

static gboolean
is_used_by_host (const IommudSimulatedFunction *function)
{
  return *function->driver != '\0'
         && !iommud_simulated_function_is_vfio_driver (function, function->driver);
}

/* The group's DMA must be nobody's, and all of its devices must stand being blocked. */
static int
check_free_group (const IommudSimulatedGroup *group)
{
  for (guint i = 0; i < group->members->len; i++)
    if (is_used_by_host (group->members->pdata[i]))
      return EPERM;
  for (guint i = 0; i < group->members->len; i++)
    {
      const IommudSimulatedFunction *member = group->members->pdata[i];

      if (has_direct_region (member->description->regions)
          || (member->iommu != NULL && has_direct_region (member->iommu->regions)))
        return EINVAL;
    }
  return 0;
}

static int
claim_group (IommudSimulatedFunction *function, IommudSimulatedContext *context)
{
  IommudSimulatedGroup *group = function->group;
  int errnum;

  if (function->iommu == NULL || !function->iommu->cache_coherency)
    return EINVAL;
  if (group == NULL)
    return ENODEV;
  if (!function->iommu->isolated_msi)
    return EPERM;
  if (group->owners > 0 && group->owner != context)
    return EPERM;
  errnum = group->owners == 0 ? check_free_group (group) : 0;
  if (errnum != 0)
    return errnum;
  group->owner = context;
  group->owners++;
  return 0;
}

static void
release_group (IommudSimulatedGroup *group)
{
  group->owners--;
  if (group->owners == 0)
    group->owner = NULL;
}

static void
destroy_binding (IommudSimulatedObject *object)
{
  Binding *self = (Binding *) object;

  if (object->type == IOMMUD_SIMULATED_DEVICE)
    release_group (self->function->group);
  g_free (self);
}

int
iommud_simulated_function_bind (IommudSimulatedFunction *self, IommudSimulatedContext *context,
                                guint32 *id)
{
  gboolean physical = !iommud_simulated_function_is_mdev (self);
  Binding *binding;
  int errnum = physical ? claim_group (self, context) : 0;

  if (errnum != 0)
    return errnum;
  binding = g_new0 (Binding, 1);
  binding->object.type = physical ? IOMMUD_SIMULATED_DEVICE : IOMMUD_SIMULATED_ACCESS;
  binding->object.destroy = destroy_binding;
  binding->function = self;
  iommud_simulated_context_add (context, &binding->object);
  /* The VFIO driver refers to it until the cdev is closed. */
  binding->object.users++;
  self->binding = &binding->object;
  self->context = iommud_simulated_context_ref (context);
  *id = binding->object.id;
  return 0;
}

void
iommud_simulated_function_unbind (IommudSimulatedFunction *self)
{
  IommudSimulatedContext *context = g_steal_pointer (&self->context);

  iommud_simulated_function_detach (self);
  iommud_simulated_object_put_and_try_destroy (g_steal_pointer (&self->binding));
  iommud_simulated_context_unref (context);
}

IommudSimulatedFunction *
iommud_simulated_context_get_device (IommudSimulatedContext *context, guint32 id)
{
  IommudSimulatedObject *object =
      iommud_simulated_context_get (context, id, IOMMUD_SIMULATED_DEVICE);

  return object != NULL ? ((Binding *) object)->function : NULL;
}

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

/* On failure none of the function's regions is left in the IOAS. */
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

static int
check_member (IommudSimulatedFunction *member, IommudSimulatedHwpt *hwpt)
{
  const IommudSimulatedHwpt *paging = iommud_simulated_hwpt_get_paging (hwpt);

  /* A host device of which the description says no more than its group. */
  if (member->iommu == NULL)
    return 0;
  if (hwpt->iommu != member->iommu || paging->iommu != member->iommu)
    return EINVAL;
  if (paging->dirty != NULL && !iommud_simulated_function_can_track (member))
    return EINVAL;
  if (paging->enforced_coherency && !iommud_simulated_function_can_enforce (member))
    return EINVAL;
  if (paging->aperture_last > iommud_simulated_function_get_aperture_last (member))
    return EINVAL;
  return iommud_simulated_injection_take (member->injection, IOMMUD_SIMULATED_DRIVER_ATTACH);
}

/* The whole group moves to a HWPT, or to none, or stays where it is. */
static int
move_group (IommudSimulatedGroup *group, IommudSimulatedHwpt *hwpt)
{
  for (guint i = 0; hwpt != NULL && i < group->members->len; i++)
    {
      int errnum = check_member (group->members->pdata[i], hwpt);

      if (errnum != 0)
        return errnum;
    }
  if (group->hwpt != NULL)
    g_queue_delete_link (&group->hwpt->groups, g_steal_pointer (&group->hwpt_link));
  group->hwpt = hwpt;
  if (hwpt != NULL)
    {
      g_queue_push_tail (&hwpt->groups, group);
      group->hwpt_link = hwpt->groups.tail;
    }
  return 0;
}

static IommudSimulatedIoas *
get_ioas (IommudSimulatedHwpt *hwpt)
{
  return iommud_simulated_hwpt_get_paging (hwpt)->ioas;
}

int
iommud_simulated_group_attach (IommudSimulatedFunction *function, IommudSimulatedHwpt *hwpt)
{
  IommudSimulatedGroup *group = function->group;
  int errnum;

  if (group->hwpt != NULL && group->hwpt != hwpt)
    return EINVAL;
  errnum = enforce_regions (get_ioas (hwpt), function);
  if (errnum != 0)
    return errnum;
  errnum = group->attached->len == 0 ? move_group (group, hwpt) : 0;
  if (errnum != 0)
    {
      iommud_simulated_ioas_unreserve (get_ioas (hwpt), function);
      return errnum;
    }
  hwpt->object.users++;
  g_ptr_array_add (group->attached, function);
  return 0;
}

IommudSimulatedHwpt *
iommud_simulated_group_detach (IommudSimulatedFunction *function)
{
  IommudSimulatedGroup *group = function->group;
  IommudSimulatedHwpt *hwpt = group->hwpt;

  g_ptr_array_remove (group->attached, function);
  if (group->attached->len == 0)
    move_group (group, NULL);
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

/* The attached devices of the group refer to the new HWPT from now on, and no longer to the old. */
static void
move_references (IommudSimulatedGroup *group, IommudSimulatedHwpt *old)
{
  group->hwpt->object.users += group->attached->len;
  old->object.users -= group->attached->len - 1;
  iommud_simulated_hwpt_put (old);
}

static int
replace (IommudSimulatedFunction *function, IommudSimulatedHwpt *hwpt)
{
  IommudSimulatedGroup *group = function->group;
  IommudSimulatedHwpt *old = group->hwpt;
  IommudSimulatedIoas *ioas = get_ioas (hwpt);
  int errnum = 0;

  if (hwpt == old)
    return 0;
  if (ioas != get_ioas (old))
    errnum = enforce_group (group, ioas);
  if (errnum == 0)
    errnum = move_group (group, hwpt);
  if (errnum != 0)
    {
      /* Also where both HWPTs are of one IOAS and these regions are those of the old one. */
      unreserve_group (group, ioas);
      return errnum;
    }
  if (ioas != get_ioas (old))
    unreserve_group (group, get_ioas (old));
  move_references (group, old);
  return 0;
}

/* The first HWPT of the kernel's own that takes the device, or a new one. */
static int
attach_to_ioas (IommudSimulatedFunction *function, IommudSimulatedIoas *ioas, AttachFunction attach,
                guint32 *id)
{
  gboolean at_once = attach == iommud_simulated_group_attach;
  IommudSimulatedHwpt *hwpt;
  int errnum;

  for (GList *l = ioas->auto_hwpts.head; l != NULL; l = l->next)
    {
      hwpt = l->data;
      *id = hwpt->object.id;
      errnum = attach (function, hwpt);
      if (errnum != EINVAL)
        return errnum;
    }
  errnum = iommud_simulated_hwpt_new_paging (ioas, function, 0, at_once, &hwpt);
  if (errnum != 0)
    return errnum;
  errnum = at_once ? 0 : attach (function, hwpt);
  if (errnum != 0)
    {
      iommud_simulated_object_destroy (&hwpt->object);
      return errnum;
    }
  iommud_simulated_hwpt_set_automatic (hwpt);
  *id = hwpt->object.id;
  return 0;
}

static int
attach_device (IommudSimulatedFunction *self, guint32 *id)
{
  AttachFunction attach = self->attached ? replace : iommud_simulated_group_attach;
  IommudSimulatedObject *table =
      iommud_simulated_context_get (self->context, *id, IOMMUD_SIMULATED_ANY);
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
  if (errnum == 0 && !self->attached)
    self->binding->users++;
  return errnum;
}

static void
leave_ioas (IommudSimulatedFunction *self)
{
  IommudSimulatedIoas *ioas = g_steal_pointer (&self->access_ioas);

  if (ioas == NULL)
    return;
  iommud_simulated_ioas_remove_access (ioas);
  ioas->object.users--;
}

static int
attach_access (IommudSimulatedFunction *self, guint32 id)
{
  IommudSimulatedIoas *ioas;
  int errnum = iommud_simulated_ioas_get (self->context, id, &ioas);

  if (errnum != 0 || ioas == self->access_ioas)
    return errnum;
  errnum = iommud_simulated_ioas_add_access (ioas);
  if (errnum != 0)
    return errnum;
  ioas->object.users++;
  leave_ioas (self);
  self->access_ioas = ioas;
  return 0;
}

int
iommud_simulated_function_attach (IommudSimulatedFunction *self, guint32 *id)
{
  int errnum;

  if (self->binding->type == IOMMUD_SIMULATED_ACCESS)
    errnum = attach_access (self, *id);
  else
    errnum = attach_device (self, id);
  if (errnum == 0)
    self->attached = TRUE;
  return errnum;
}

void
iommud_simulated_function_detach (IommudSimulatedFunction *self)
{
  if (!self->attached)
    return;
  self->attached = FALSE;
  if (self->binding->type == IOMMUD_SIMULATED_ACCESS)
    {
      leave_ioas (self);
      return;
    }
  iommud_simulated_hwpt_put (iommud_simulated_group_detach (self));
  self->binding->users--;
}
