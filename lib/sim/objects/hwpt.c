/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Making and freeing HWPTs. Orders of checks: hw_pagetable.c of Linux 6.12, and its intel-iommu
 * driver for what is up to the IOMMU. */
#include "config.h"

#include "sim/objects/attachment.h"
#include "sim/objects/hwpt.h"
#include "sim/process/user-memory.h"

#include "kernel/abi.h"

#include <errno.h>

#define PAGING_FLAGS (IOMMUD_ABI_HWPT_ALLOC_NEST_PARENT | IOMMUD_ABI_HWPT_ALLOC_DIRTY_TRACKING)

static void
destroy (IommudSimulatedObject *object)
{
  IommudSimulatedHwpt *self = (IommudSimulatedHwpt *) object;

  g_assert (self->groups.length == 0);
  if (self->auto_link != NULL)
    g_queue_delete_link (&self->ioas->auto_hwpts, self->auto_link);
  if (self->dirty_link != NULL)
    g_queue_delete_link (&self->ioas->dirty_hwpts, self->dirty_link);
  if (self->filled)
    iommud_simulated_ioas_remove_domain (self->ioas, self);
  iommud_simulated_injection_unref (self->maker);
  if (self->ioas != NULL)
    self->ioas->object.users--;
  if (self->parent != NULL)
    self->parent->object.users--;
  if (self->fault_queue != NULL)
    self->fault_queue->users--;
  g_clear_pointer (&self->dirty, iommud_page_set_free);
  g_free (self);
}

static IommudSimulatedHwpt *
new_hwpt (IommudSimulatedContext *context, IommudSimulatedObjectType type,
          const IommudSimulatedFunction *function)
{
  IommudSimulatedHwpt *self = g_new0 (IommudSimulatedHwpt, 1);

  self->object.type = type;
  self->object.destroy = destroy;
  self->iommu = function->iommu;
  self->maker = iommud_simulated_injection_ref (function->injection);
  self->aperture_first = function->iommu->aperture_first;
  self->aperture_last = iommud_simulated_function_get_aperture_last (function);
  g_queue_init (&self->groups);
  iommud_simulated_context_add (context, &self->object);
  return self;
}

static int
check_paging_flags (const IommudSimulatedFunction *function, guint32 flags)
{
  gboolean dirty = (flags & IOMMUD_ABI_HWPT_ALLOC_DIRTY_TRACKING) != 0;
  gboolean parent = (flags & IOMMUD_ABI_HWPT_ALLOC_NEST_PARENT) != 0;

  if ((flags & ~(guint32) PAGING_FLAGS) != 0)
    return EOPNOTSUPP;
  if (dirty && !iommud_simulated_function_can_track (function))
    return EOPNOTSUPP;
  if (parent && !iommud_simulated_function_can_nest (function))
    return EOPNOTSUPP;
  if (parent && dirty && function->description->nest_excludes_dirty)
    return EOPNOTSUPP;
  return 0;
}

/* Attaching before the IOAS is looked at is what the kernel does when it makes a HWPT for itself.
 */
static int
attach_and_fill (IommudSimulatedHwpt *self, IommudSimulatedFunction *function,
                 gboolean attach_at_once)
{
  int errnum = 0;

  if (attach_at_once)
    errnum = iommud_simulated_group_attach (function, self);
  if (errnum != 0)
    return errnum;
  errnum = iommud_simulated_ioas_add_domain (self->ioas, self, self->aperture_first,
                                             self->aperture_last);
  if (errnum == 0)
    self->filled = TRUE;
  else if (attach_at_once)
    {
      iommud_simulated_group_detach (function);
      self->object.users--;
    }
  return errnum;
}

int
iommud_simulated_hwpt_new_paging (IommudSimulatedIoas *ioas, IommudSimulatedFunction *function,
                                  guint32 flags, gboolean attach_at_once,
                                  IommudSimulatedHwpt **hwpt)
{
  IommudSimulatedHwpt *self;
  int errnum = check_paging_flags (function, flags);

  if (errnum == 0)
    errnum = iommud_simulated_injection_take (function->injection, IOMMUD_SIMULATED_DRIVER_ALLOC);
  if (errnum != 0)
    return errnum;
  self = new_hwpt (ioas->object.context, IOMMUD_SIMULATED_HWPT_PAGING, function);
  self->ioas = ioas;
  ioas->object.users++;
  self->nest_parent = (flags & IOMMUD_ABI_HWPT_ALLOC_NEST_PARENT) != 0;
  self->enforced_coherency = iommud_simulated_function_can_enforce (function);
  if ((flags & IOMMUD_ABI_HWPT_ALLOC_DIRTY_TRACKING) != 0)
    self->dirty = iommud_page_set_new ();
  errnum = attach_and_fill (self, function, attach_at_once);
  if (errnum != 0)
    {
      iommud_simulated_object_destroy (&self->object);
      return errnum;
    }
  if (self->dirty != NULL)
    {
      g_queue_push_tail (&ioas->dirty_hwpts, self);
      self->dirty_link = ioas->dirty_hwpts.tail;
    }
  *hwpt = self;
  return 0;
}

static int
check_stage_1 (const struct iommud_abi_hwpt_alloc *record)
{
  struct iommud_abi_hwpt_vtd_s1 data;

  if (record->data_type != IOMMUD_ABI_HWPT_DATA_VTD_S1 || record->data_len < sizeof data)
    return EINVAL;
  if (iommud_simulated_copy_from_user (&data, record->data_uptr, sizeof data) != 0)
    return EFAULT;
  return data.reserved != 0 ? EOPNOTSUPP : 0;
}

static int
new_nested (IommudSimulatedHwpt *parent, IommudSimulatedFunction *function,
            const struct iommud_abi_hwpt_alloc *record, IommudSimulatedHwpt **hwpt)
{
  IommudSimulatedObject *queue = NULL;
  IommudSimulatedHwpt *self;
  int errnum;

  if ((record->flags & ~(guint32) IOMMUD_ABI_HWPT_FAULT_ID_VALID) != 0 || record->data_len == 0)
    return EOPNOTSUPP;
  if (parent->automatic || !parent->nest_parent
      || parent->iommu->hw_info_type != function->iommu->hw_info_type)
    return EINVAL;
  if (!iommud_simulated_function_can_nest (function))
    return EOPNOTSUPP;
  errnum = check_stage_1 (record);
  if (errnum == 0)
    errnum = iommud_simulated_injection_take (function->injection, IOMMUD_SIMULATED_DRIVER_ALLOC);
  if (errnum == 0 && (record->flags & IOMMUD_ABI_HWPT_FAULT_ID_VALID) != 0)
    {
      queue = iommud_simulated_context_get (parent->object.context, record->fault_id,
                                            IOMMUD_SIMULATED_FAULT_QUEUE);
      errnum = queue != NULL ? 0 : ENOENT;
    }
  if (errnum != 0)
    return errnum;
  self = new_hwpt (parent->object.context, IOMMUD_SIMULATED_HWPT_NESTED, function);
  self->parent = parent;
  parent->object.users++;
  self->fault_queue = queue;
  if (queue != NULL)
    queue->users++;
  *hwpt = self;
  return 0;
}

static int
alloc (IommudSimulatedObject *table, IommudSimulatedFunction *function,
       const struct iommud_abi_hwpt_alloc *record, IommudSimulatedHwpt **hwpt)
{
  if (table->type == IOMMUD_SIMULATED_IOAS)
    {
      if (record->data_len != 0)
        return EOPNOTSUPP;
      return iommud_simulated_hwpt_new_paging ((IommudSimulatedIoas *) table, function,
                                               record->flags, FALSE, hwpt);
    }
  if (table->type == IOMMUD_SIMULATED_HWPT_PAGING)
    return new_nested ((IommudSimulatedHwpt *) table, function, record, hwpt);
  return EINVAL;
}

int
iommud_simulated_hwpt_alloc (IommudSimulatedCommand *command)
{
  struct iommud_abi_hwpt_alloc *record = command->record;
  IommudSimulatedFunction *function;
  IommudSimulatedObject *table;
  IommudSimulatedHwpt *self;
  int errnum;

  if (record->reserved != 0)
    return EOPNOTSUPP;
  if ((record->data_type == IOMMUD_ABI_HWPT_DATA_NONE) != (record->data_len == 0))
    return EINVAL;
  function = iommud_simulated_context_get_device (command->context, record->dev_id);
  if (function == NULL)
    return ENOENT;
  table = iommud_simulated_context_get (command->context, record->pt_id, IOMMUD_SIMULATED_ANY);
  if (table == NULL)
    return EINVAL;
  errnum = alloc (table, function, record, &self);
  if (errnum != 0)
    return errnum;
  record->out_hwpt_id = self->object.id;
  if (iommud_simulated_command_respond (command) == 0)
    return 0;
  iommud_simulated_object_destroy (&self->object);
  return EFAULT;
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
  return self->parent != NULL ? self->parent : self;
}

void
iommud_simulated_hwpt_forget_dirty (IommudSimulatedHwpt *self, guint64 first, guint64 last)
{
  iommud_page_set_remove_range (self->dirty, first / IOMMUD_SIMULATED_PAGE_SIZE,
                                last / IOMMUD_SIMULATED_PAGE_SIZE);
}

/* A domain that no device is on is filled for the one that it was made for. */
int
iommud_simulated_hwpt_take_error (IommudSimulatedHwpt *self, IommudSimulatedDriverCall call)
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
iommud_simulated_hwpt_count_devices (const IommudSimulatedHwpt *self)
{
  guint n = 0;

  for (GList *l = self->groups.head; l != NULL; l = l->next)
    n += ((IommudSimulatedGroup *) l->data)->members->len;
  return n;
}
