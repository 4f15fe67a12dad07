/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Making and freeing HWPTs. The order of checks is that of hw_pagetable.c of Linux 6.12 and, if the
 * answer is up to the IOMMU, of its intel-iommu driver. */
#include "config.h"

#include "sim/objects/hwpt.h"

#include <errno.h>

static void
destroy (IommudSimulatedObject *object)
{
  IommudSimulatedHwpt *self = (IommudSimulatedHwpt *) object;

  if (self->auto_link != NULL)
    g_queue_delete_link (&self->ioas->auto_hwpts, self->auto_link);
  if (self->filled)
    iommud_simulated_ioas_remove_domain (self->ioas, &self->domain);
  if (self->ioas != NULL)
    self->ioas->object.users--;
  if (self->domain.parent != NULL)
    iommud_simulated_hwpt_from_domain (self->domain.parent)->object.users--;
  if (self->fault_queue != NULL)
    self->fault_queue->users--;
  iommud_simulated_domain_clear (&self->domain);
  g_free (self);
}

static IommudSimulatedHwpt *
new_hwpt (IommudSimulatedContext *context, IommudSimulatedObjectType type,
          const IommudSimulatedFunction *function, IommudSimulatedDomain *parent)
{
  IommudSimulatedHwpt *self = g_new0 (IommudSimulatedHwpt, 1);

  self->object.type = type;
  self->object.destroy = destroy;
  iommud_simulated_domain_init (&self->domain, function, parent);
  iommud_simulated_context_add (context, &self->object);
  return self;
}

static int
check_ability (const IommudSimulatedFunction *function, gboolean nest_parent,
               gboolean dirty_tracking)
{
  if (dirty_tracking && !iommud_simulated_function_can_track (function))
    return EOPNOTSUPP;
  if (nest_parent && !iommud_simulated_function_can_nest (function))
    return EOPNOTSUPP;
  if (nest_parent && dirty_tracking && function->description->nest_excludes_dirty)
    return EOPNOTSUPP;
  return 0;
}

int
iommud_simulated_hwpt_new_paging (IommudSimulatedIoas *ioas, IommudSimulatedFunction *function,
                                  gboolean nest_parent, gboolean dirty_tracking,
                                  IommudSimulatedHwpt **hwpt)
{
  IommudSimulatedHwpt *self;
  int errnum = check_ability (function, nest_parent, dirty_tracking);

  if (errnum == 0)
    errnum = iommud_simulated_injection_take (function->injection, IOMMUD_SIMULATED_DRIVER_ALLOC);
  if (errnum != 0)
    return errnum;
  self = new_hwpt (ioas->object.context, IOMMUD_SIMULATED_HWPT_PAGING, function, NULL);
  self->ioas = ioas;
  ioas->object.users++;
  self->nest_parent = nest_parent;
  self->domain.enforced_coherency = iommud_simulated_function_can_enforce (function);
  if (dirty_tracking)
    self->domain.dirty = iommud_page_set_new ();
  *hwpt = self;
  return 0;
}

int
iommud_simulated_hwpt_fill (IommudSimulatedHwpt *self)
{
  int errnum = iommud_simulated_ioas_add_domain (self->ioas, &self->domain);

  self->filled = errnum == 0;
  return errnum;
}

IommudSimulatedHwpt *
iommud_simulated_hwpt_new_nested (IommudSimulatedHwpt *parent, IommudSimulatedFunction *function,
                                  IommudSimulatedObject *fault_queue)
{
  IommudSimulatedHwpt *self =
      new_hwpt (parent->object.context, IOMMUD_SIMULATED_HWPT_NESTED, function, &parent->domain);

  parent->object.users++;
  self->fault_queue = fault_queue;
  if (fault_queue != NULL)
    fault_queue->users++;
  return self;
}

void
iommud_simulated_hwpt_set_automatic (IommudSimulatedHwpt *self)
{
  self->automatic = TRUE;
  g_queue_push_tail (&self->ioas->auto_hwpts, self);
  self->auto_link = self->ioas->auto_hwpts.tail;
}

void
iommud_simulated_hwpt_put (IommudSimulatedHwpt *self)
{
  if (self->automatic)
    iommud_simulated_object_put_and_try_destroy (&self->object);
  else
    self->object.users--;
}

IommudSimulatedHwpt *
iommud_simulated_hwpt_get_paging (IommudSimulatedHwpt *self)
{
  IommudSimulatedDomain *parent = self->domain.parent;

  return parent != NULL ? iommud_simulated_hwpt_from_domain (parent) : self;
}

IommudSimulatedHwpt *
iommud_simulated_hwpt_from_domain (IommudSimulatedDomain *domain)
{
  gpointer hwpt = (guint8 *) domain - G_STRUCT_OFFSET (IommudSimulatedHwpt, domain);

  return hwpt;
}
