/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The attach logic: which HWPT a device goes to, and how every step is undone. */
#include "perform/attach-device.h"

#include <errno.h>

#include "base/error.h"
#include "perform/unbind.h"

IommudAttachPlan *
iommud_attach_plan_new (void)
{
  IommudAttachPlan *self = g_new0 (IommudAttachPlan, 1);

  self->binding.cdev = -1;
  self->candidates = g_array_new (FALSE, TRUE, sizeof (IommudAttachCandidate));
  self->orphans = g_array_new (FALSE, FALSE, sizeof (guint32));
  return self;
}

void
iommud_attach_plan_free (IommudAttachPlan *self)
{
  iommud_kernel_access_clear (&self->access);
  iommud_binding_clear (&self->binding);
  iommud_iova_space_clear (&self->space);
  g_array_unref (self->candidates);
  g_array_unref (self->orphans);
  g_clear_error (&self->error);
  g_free (self);
}

void
iommud_attach_plan_add_candidate (IommudAttachPlan *self, guint32 hwpt_id, IommudHwptFlags flags,
                                  gboolean foreign)
{
  IommudAttachCandidate candidate = { .hwpt_id = hwpt_id, .flags = flags, .foreign = foreign };

  g_array_append_val (self->candidates, candidate);
}

static gboolean
is_mdev (const IommudAttachPlan *self)
{
  return iommud_device_info_is_mdev (self->binding.info);
}

/* An attach to the IOAS itself gives a HWPT without dirty tracking, so only the device's own log
 * counts there. */
static gboolean
gets_hwpt_of_ours (const IommudAttachPlan *self)
{
  return self->mode == IOMMUD_ATTACH_MODE_AUTO && !is_mdev (self);
}

/* With a HWPT that does not track, the attach would not do what was asked for. */
static gboolean
needs_iommu_tracker (const IommudAttachPlan *self)
{
  return self->tracker == IOMMUD_TRACKER_CHOICE_IOMMU
         || (self->policy == IOMMUD_DIRTY_TRACKING_POLICY_REQUIRED && !self->binding.dma_logging);
}

static const char *
explain_lacking_tracker (const IommudAttachPlan *self)
{
  if (self->tracker == IOMMUD_TRACKER_CHOICE_IOMMU
      && self->policy != IOMMUD_DIRTY_TRACKING_POLICY_OFF && !gets_hwpt_of_ours (self))
    return "a device that is attached to the IOAS itself gets no HWPT that tracks: use mode auto, "
           "or tracker auto or device";
  return iommud_binding_explain_lacking_tracker (&self->binding, self->policy, self->tracker);
}

static gboolean
check_tracker (IommudAttachPlan *self)
{
  const char *cause = explain_lacking_tracker (self);

  if (cause == NULL)
    return TRUE;
  g_set_error (&self->error, IOMMUD_ERROR, IOMMUD_ERROR_NOT_SUPPORTED, "Cannot %s: %s",
               self->access.what, cause);
  return FALSE;
}

static gboolean
check_policy (IommudAttachPlan *self)
{
  gboolean through_hwpt = gets_hwpt_of_ours (self);

  if (self->policy != IOMMUD_DIRTY_TRACKING_POLICY_REQUIRED || self->binding.dma_logging
      || (through_hwpt && iommud_binding_iommu_can_track (&self->binding)))
    return TRUE;
  g_set_error (&self->error, IOMMUD_ERROR, IOMMUD_ERROR_NOT_SUPPORTED,
               "Cannot %s: the container requires dirty tracking, and %s: make the container with "
               "dirty-tracking preferred or off, or use another device",
               self->access.what,
               through_hwpt ? "neither the device nor its IOMMU can track dirty pages"
                            : "the device, which only its own tracker could cover, has none");
  return FALSE;
}

static IommudHwptFlags
wanted_flags (const IommudAttachPlan *self)
{
  if (self->policy == IOMMUD_DIRTY_TRACKING_POLICY_OFF
      || !iommud_binding_iommu_can_track (&self->binding))
    return IOMMUD_HWPT_FLAGS_NONE;
  return IOMMUD_HWPT_FLAGS_DIRTY_TRACKING;
}

static IommudTrackerKind
get_tracker (const IommudAttachPlan *self, IommudHwptFlags flags)
{
  if (self->policy == IOMMUD_DIRTY_TRACKING_POLICY_OFF)
    return IOMMUD_TRACKER_KIND_NONE;
  return iommud_binding_get_tracker (&self->binding,
                                     (flags & IOMMUD_HWPT_FLAGS_DIRTY_TRACKING) != 0);
}

/* If the device's log is not what was asked for, the HWPT that it gets must track. */
static gboolean
start_log (IommudAttachPlan *self)
{
  return self->tracker == IOMMUD_TRACKER_CHOICE_IOMMU
         || get_tracker (self, IOMMUD_HWPT_FLAGS_NONE) != IOMMUD_TRACKER_KIND_DEVICE
         || iommud_trackers_add_log (self->trackers, &self->access, self->binding.info->name,
                                     self->binding.cdev, &self->log_added, &self->error);
}

static void
drop_hwpt (IommudAttachPlan *self, guint32 hwpt_id)
{
  if (self->hwpt_added)
    iommud_trackers_drop_hwpt (self->trackers, &self->access, hwpt_id);
  self->hwpt_added = FALSE;
}

/* The tracker is on before the device is attached. Returns the errno of the attach; -1 if error is
 * set. */
static int
try_attach (IommudAttachPlan *self, guint32 *pt_id, IommudHwptFlags flags)
{
  guint32 hwpt_id = *pt_id;
  int errnum;

  if (get_tracker (self, flags) == IOMMUD_TRACKER_KIND_IOMMU
      && !iommud_trackers_add_hwpt (self->trackers, &self->access, hwpt_id, &self->hwpt_added,
                                    &self->error))
    return -1;
  errnum = iommud_binding_try_attach (&self->binding, &self->access, pt_id);
  if (errnum != 0)
    drop_hwpt (self, hwpt_id);
  return errnum;
}

static void
set_attach_error (IommudAttachPlan *self, int errnum)
{
  if (errnum > 0)
    iommud_binding_set_attach_error (&self->binding, &self->access, errnum, &self->error);
}

static gboolean
attach_to (IommudAttachPlan *self, guint32 pt_id, IommudHwptFlags flags)
{
  int errnum;

  self->pt_id = pt_id;
  errnum = try_attach (self, &self->pt_id, flags);
  set_attach_error (self, errnum);
  return errnum == 0;
}

/* EINVAL means that this HWPT does not fit, which is not an error of the call. Any other errno ends
 * the call: EADDRINUSE, for instance, would come from every other HWPT of the IOAS too. */
static gboolean
try_candidates (IommudAttachPlan *self, IommudHwptFlags flags)
{
  guint foreign_left = self->max_foreign;

  for (guint i = 0; i < self->candidates->len; i++)
    {
      IommudAttachCandidate *candidate =
          &g_array_index (self->candidates, IommudAttachCandidate, i);
      guint32 pt_id = candidate->hwpt_id;
      int errnum;

      if (candidate->refused || candidate->flags != flags
          || (candidate->foreign && foreign_left == 0))
        continue;
      if (candidate->foreign)
        foreign_left--;
      errnum = try_attach (self, &pt_id, flags);
      if (errnum == EINVAL)
        {
          candidate->refused = TRUE;
          continue;
        }
      if (errnum != 0)
        {
          set_attach_error (self, errnum);
          return FALSE;
        }
      self->pt_id = pt_id;
      return TRUE;
    }
  return FALSE;
}

/* What an undo step cannot free is kept and freed later, so that no kernel id is lost. */
static void
free_allocated (IommudAttachPlan *self, guint32 hwpt_id)
{
  iommud_trackers_forget_hwpt (self->trackers, hwpt_id);
  if (!iommud_page_table_free (&self->access, hwpt_id, NULL))
    g_array_append_val (self->orphans, hwpt_id);
  self->allocated = FALSE;
}

static int
attach_to_new (IommudAttachPlan *self, IommudHwptFlags flags)
{
  guint32 hwpt_id;
  int errnum;

  if (!iommud_page_table_alloc (&self->access, &self->binding, self->ioas_id, flags, &hwpt_id,
                                &self->error))
    return -1;
  self->allocated = TRUE;
  self->flags = flags;
  self->pt_id = hwpt_id;
  errnum = try_attach (self, &self->pt_id, flags);
  if (errnum != 0)
    free_allocated (self, hwpt_id);
  return errnum;
}

/* A HWPT with dirty tracking can be allocated for a device although it does not fit the device's
 * group, because the IOMMU of a sibling cannot track (a mixed group). Only the attach shows
 * that. */
static gboolean
group_cannot_track (const IommudAttachPlan *self, IommudHwptFlags flags, int errnum)
{
  return errnum == EINVAL && flags == IOMMUD_HWPT_FLAGS_DIRTY_TRACKING
         && iommud_binding_shares_group (&self->binding, &self->access);
}

static void
set_group_error (IommudAttachPlan *self)
{
  g_set_error (&self->error, IOMMUD_ERROR, IOMMUD_ERROR_NOT_SUPPORTED,
               "Cannot %s: IOMMU group %d of the device has a member whose dirty pages the IOMMU "
               "cannot track: use tracker auto or device",
               self->access.what, self->binding.info->iommu_group);
}

static gboolean
attach_with_flags (IommudAttachPlan *self, IommudHwptFlags flags)
{
  int errnum;

  if (try_candidates (self, flags))
    return TRUE;
  if (self->error != NULL)
    return FALSE;
  errnum = attach_to_new (self, flags);
  if (errnum == 0)
    return TRUE;
  if (group_cannot_track (self, flags, errnum))
    {
      if (!needs_iommu_tracker (self))
        return attach_with_flags (self, IOMMUD_HWPT_FLAGS_NONE);
      if (self->tracker == IOMMUD_TRACKER_CHOICE_IOMMU)
        {
          set_group_error (self);
          return FALSE;
        }
    }
  set_attach_error (self, errnum);
  return FALSE;
}

/* The group translates already, and all devices of a group share one HWPT. */
static gboolean
join_group (IommudAttachPlan *self)
{
  const IommudAttachCandidate *candidate =
      &g_array_index (self->candidates, IommudAttachCandidate, 0);

  if (needs_iommu_tracker (self) && (candidate->flags & IOMMUD_HWPT_FLAGS_DIRTY_TRACKING) == 0)
    {
      g_set_error (&self->error, IOMMUD_ERROR, IOMMUD_ERROR_NOT_SUPPORTED,
                   "Cannot %s: %s, and the HWPT of the device's IOMMU group %d was made without it",
                   self->access.what,
                   self->tracker == IOMMUD_TRACKER_CHOICE_IOMMU
                       ? "the IOMMU is to track dirty pages"
                       : "the container requires dirty tracking",
                   self->binding.info->iommu_group);
      return FALSE;
    }
  return attach_to (self, candidate->hwpt_id, candidate->flags);
}

static gboolean
attach (IommudAttachPlan *self)
{
  if (is_mdev (self) || self->mode == IOMMUD_ATTACH_MODE_KERNEL)
    return attach_to (self, self->ioas_id, IOMMUD_HWPT_FLAGS_NONE);
  if (self->group_is_attached)
    return join_group (self);
  return attach_with_flags (self, wanted_flags (self));
}

static void
undo_attach (IommudAttachPlan *self)
{
  iommud_detach_or_unbind (&self->binding, &self->access, self->trackers);
  drop_hwpt (self, self->pt_id);
  if (self->allocated)
    free_allocated (self, self->pt_id);
}

static void
drop_log (IommudAttachPlan *self)
{
  if (self->log_added)
    iommud_trackers_drop_log (self->trackers, &self->access, self->binding.info->name);
}

static gboolean
bind_and_attach (IommudAttachPlan *self)
{
  gboolean was_bound = iommud_binding_is_bound (&self->binding);

  if (!was_bound && !iommud_binding_bind (&self->binding, &self->access, &self->error))
    return FALSE;
  if (check_tracker (self) && check_policy (self) && start_log (self) && attach (self))
    {
      if (iommud_iova_space_read (&self->space, &self->access, self->ioas_id, &self->error))
        return TRUE;
      undo_attach (self);
    }
  drop_log (self);
  if (!was_bound)
    iommud_unbind_and_forget_log (&self->binding, &self->access, self->trackers);
  else if (!iommud_binding_is_bound (&self->binding))
    g_prefix_error (&self->error, "The device is no longer bound. ");
  return FALSE;
}

void
iommud_attach_plan_perform (IommudAttachPlan *self)
{
  gboolean had_orphans = self->orphans->len > 0;

  iommud_page_table_free_orphans (&self->access, self->orphans, NULL);
  if (bind_and_attach (self))
    return;
  /* A HWPT that was freed at last gives ranges back, and one that could not be freed takes some. */
  if (had_orphans || self->orphans->len > 0)
    iommud_iova_space_read (&self->space, &self->access, self->ioas_id, NULL);
}
