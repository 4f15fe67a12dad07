/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* BIND as device.c of Linux 6.12 does it. */
#include "config.h"

#include "sim/objects/binding.h"

#include <errno.h>

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

/* The DMA of the group must have no owner, and each of its devices must tolerate being blocked. */
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
  IommudSimulatedBinding *self = (IommudSimulatedBinding *) object;

  if (object->type == IOMMUD_SIMULATED_DEVICE)
    release_group (self->function->group);
  g_free (self);
}

int
iommud_simulated_function_bind (IommudSimulatedFunction *self, IommudSimulatedContext *context,
                                guint32 *id)
{
  gboolean physical = !iommud_simulated_function_is_mdev (self);
  IommudSimulatedBinding *binding;
  int errnum = physical ? claim_group (self, context) : 0;

  if (errnum != 0)
    return errnum;
  binding = g_new0 (IommudSimulatedBinding, 1);
  binding->object.type = physical ? IOMMUD_SIMULATED_DEVICE : IOMMUD_SIMULATED_ACCESS;
  binding->object.destroy = destroy_binding;
  binding->function = self;
  iommud_simulated_context_add (context, &binding->object);
  /* The VFIO driver refers to it until the cdev is closed. */
  binding->object.users++;
  self->binding = binding;
  iommud_simulated_context_ref (context);
  *id = binding->object.id;
  return 0;
}

void
iommud_simulated_function_unbind (IommudSimulatedFunction *self)
{
  IommudSimulatedBinding *binding = g_steal_pointer (&self->binding);
  IommudSimulatedContext *context = binding->object.context;

  g_assert (!binding->attached);
  iommud_simulated_object_put_and_try_destroy (&binding->object);
  iommud_simulated_context_unref (context);
}

IommudSimulatedFunction *
iommud_simulated_context_get_device (IommudSimulatedContext *context, guint32 id)
{
  IommudSimulatedObject *object =
      iommud_simulated_context_get (context, id, IOMMUD_SIMULATED_DEVICE);

  return object != NULL ? ((IommudSimulatedBinding *) object)->function : NULL;
}
