/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a test may see of a simulated kernel: the state of a device, and how much there is of all.
 */
#include "config.h"

#include "sim/objects/hwpt.h"
#include "sim/kernel-private.h"

#include <errno.h>

static void
fill_domain_state (IommudSimulatedDomain *domain, IommudSimulatedDeviceState *state)
{
  const IommudSimulatedDomain *paging = iommud_simulated_domain_get_paging (domain);
  IommudSimulatedHwpt *hwpt = iommud_simulated_hwpt_from_domain (domain);

  state->domain =
      paging == domain ? IOMMUD_SIMULATED_DOMAIN_PAGING : IOMMUD_SIMULATED_DOMAIN_NESTED;
  state->devices = iommud_simulated_domain_count_devices (domain);
  state->pages = iommud_simulated_hwpt_get_paging (hwpt)->ioas->pages;
  state->can_dirty = paging->dirty != NULL;
  state->tracking = paging->tracking;
  if (paging->dirty != NULL)
    state->dirty = iommud_page_set_count (paging->dirty);
}

static void
fill_state (const IommudSimulatedFunction *function, IommudSimulatedDeviceState *state)
{
  const IommudSimulatedGroup *group = function->group;

  if (group != NULL && group->domain != NULL)
    fill_domain_state (group->domain, state);
  else if (group != NULL && group->owners > 0)
    state->domain = IOMMUD_SIMULATED_DOMAIN_BLOCKED;
  state->dmas = function->dmas;
  state->faults = function->faults;
  state->logging = function->log.on;
  if (!function->log.on)
    return;
  state->log_ranges = function->log.ranges->len;
  state->log_page = function->log.page_size;
  state->logged = iommud_page_set_count (function->log.pages);
}

int
iommud_simulated_kernel_get_state (IommudSimulatedKernel *self, const char *name,
                                   IommudSimulatedDeviceState *state)
{
  const IommudSimulatedFunction *function;
  int errnum = ENODEV;

  *state = (IommudSimulatedDeviceState){ .domain = IOMMUD_SIMULATED_DOMAIN_IDENTITY };
  iommud_simulated_kernel_lock (self);
  function = iommud_simulated_kernel_find (self, name);
  if (function != NULL && function->present)
    {
      fill_state (function, state);
      errnum = 0;
    }
  iommud_simulated_kernel_unlock (self);
  return errnum;
}

const char *
iommud_simulated_domain_type_to_string (IommudSimulatedDomainType type)
{
  static const char *const names[] = { "identity", "blocked", "paging", "nested" };

  return names[type];
}

guint
iommud_simulated_kernel_count_objects (IommudSimulatedKernel *self)
{
  guint count;

  iommud_simulated_kernel_lock (self);
  count = self->census.objects;
  iommud_simulated_kernel_unlock (self);
  return count;
}

guint
iommud_simulated_kernel_count_contexts (IommudSimulatedKernel *self)
{
  guint count;

  iommud_simulated_kernel_lock (self);
  count = self->census.contexts;
  iommud_simulated_kernel_unlock (self);
  return count;
}

guint
iommud_simulated_kernel_count_files (IommudSimulatedKernel *self)
{
  guint count;

  iommud_simulated_kernel_lock (self);
  count = iommud_simulated_files_count (self->files);
  iommud_simulated_kernel_unlock (self);
  return count;
}
