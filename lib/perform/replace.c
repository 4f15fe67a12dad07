/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Attaching a device to one given HWPT; if it is attached already, this replaces its HWPT. */
#include "perform/replace.h"

#include "base/error.h"
#include "perform/unbind.h"

IommudReplacePlan *
iommud_replace_plan_new (void)
{
  IommudReplacePlan *self = g_new0 (IommudReplacePlan, 1);

  self->binding.cdev = -1;
  self->orphans = g_array_new (FALSE, FALSE, sizeof (guint32));
  return self;
}

void
iommud_replace_plan_free (IommudReplacePlan *self)
{
  iommud_kernel_access_clear (&self->access);
  iommud_binding_clear (&self->binding);
  iommud_iova_space_clear (&self->before);
  iommud_iova_space_clear (&self->space);
  g_array_unref (self->orphans);
  g_clear_error (&self->error);
  g_free (self);
}

static gboolean
read_space (IommudReplacePlan *self, IommudIovaSpace *space, GError **error)
{
  return iommud_iova_space_read (space, &self->access, self->ioas_id, error);
}

/* If the replace failed, its error stays the one that is reported, and the errno of the attach is
 * told beside it. */
static void
lose_device (IommudReplacePlan *self, int errnum)
{
  g_autofree char *description = NULL;

  self->attached = FALSE;
  self->detached = TRUE;
  if (self->error == NULL)
    {
      iommud_binding_set_attach_error (&self->binding, &self->access, errnum, &self->error);
      g_prefix_error (
          &self->error,
          "The device is no longer attached: the kernel would not attach it once more. ");
      return;
    }
  description = iommud_error_describe_errno (errnum);
  g_prefix_error (&self->error,
                  "The device is no longer attached: the kernel would not attach it once more: "
                  "%s. ",
                  description);
}

/* DETACH and ATTACH give the device's reserved regions back to the IOAS. */
static gboolean
reattach (IommudReplacePlan *self, guint32 pt_id)
{
  g_autoptr (GError) error = NULL;
  int errnum;

  if (!iommud_binding_detach (&self->binding, &self->access, &error))
    {
      if (self->error == NULL)
        g_set_error_literal (&self->error, error->domain, error->code, error->message);
      g_prefix_error (&self->error,
                      "The kernel lost the device's reserved ranges and would not "
                      "detach it to repair that (%s). ",
                      error->message);
      return FALSE;
    }
  errnum = iommud_binding_try_attach (&self->binding, &self->access, &pt_id);
  if (errnum == 0)
    {
      self->kept_id = pt_id;
      return read_space (self, &self->space, self->error == NULL ? &self->error : NULL);
    }
  lose_device (self, errnum);
  return FALSE;
}

/* Both HWPTs exist before and after, so their apertures have the same effect: an address that is
 * free now and was not free before is one that the device reserves. */
static gboolean
repair_lost_regions (IommudReplacePlan *self)
{
  guint32 pt_id = self->old_hwpt_id;

  if (self->space.ranges == NULL || !iommud_iova_space_exceeds (&self->space, &self->before))
    return TRUE;
  g_message ("%s: the kernel forgot the reserved ranges of %s; attaching it once more",
             self->access.what, self->binding.info->name);
  /* DETACH may free a HWPT that the kernel made: only an attach to the IOAS makes such a HWPT
   * again. */
  if (self->attached)
    pt_id = self->hwpt_id;
  else if (self->old_is_kernels)
    pt_id = self->ioas_id;
  return reattach (self, pt_id);
}

static void
free_old_hwpt (IommudReplacePlan *self)
{
  if (!self->old_is_last)
    return;
  self->old_freed = iommud_page_table_free (&self->access, self->old_hwpt_id,
                                            self->error == NULL ? &self->error : NULL);
  if (!self->old_freed)
    return;
  iommud_trackers_forget_hwpt (self->trackers, self->old_hwpt_id);
  read_space (self, &self->space, NULL);
}

static gboolean
check_policy (IommudReplacePlan *self)
{
  if (self->policy != IOMMUD_DIRTY_TRACKING_POLICY_REQUIRED || self->binding.dma_logging
      || (self->flags & IOMMUD_HWPT_FLAGS_DIRTY_TRACKING) != 0)
    return TRUE;
  g_set_error (&self->error, IOMMUD_ERROR, IOMMUD_ERROR_NOT_SUPPORTED,
               "Cannot %s: the container requires dirty tracking, and the HWPT was made without it",
               self->access.what);
  return FALSE;
}

static IommudTrackerKind
get_tracker (const IommudReplacePlan *self)
{
  if (self->policy == IOMMUD_DIRTY_TRACKING_POLICY_OFF)
    return IOMMUD_TRACKER_KIND_NONE;
  return iommud_binding_get_tracker (&self->binding,
                                     (self->flags & IOMMUD_HWPT_FLAGS_DIRTY_TRACKING) != 0);
}

/* The tracker is on before the device is attached. */
static gboolean
start_tracker (IommudReplacePlan *self)
{
  IommudTrackerKind tracker = get_tracker (self);

  if (tracker == IOMMUD_TRACKER_KIND_DEVICE)
    return iommud_trackers_add_log (self->trackers, &self->access, self->binding.info->name,
                                    self->binding.cdev, &self->log_added, &self->error);
  return tracker != IOMMUD_TRACKER_KIND_IOMMU
         || iommud_trackers_add_hwpt (self->trackers, &self->access, self->hwpt_id,
                                      &self->hwpt_added, &self->error);
}

/* Stops the trackers of HWPTs that the device is not on. */
static void
drop_trackers (IommudReplacePlan *self)
{
  gboolean kept = !self->attached && !self->detached;

  if (!self->attached && self->hwpt_added)
    iommud_trackers_drop_hwpt (self->trackers, &self->access, self->hwpt_id);
  if (!kept && self->last_tracked_on != 0
      && !(self->attached && self->last_tracked_on == self->hwpt_id))
    iommud_trackers_drop_hwpt (self->trackers, &self->access, self->last_tracked_on);
  if (self->detached || (kept && self->log_added)
      || (self->attached && get_tracker (self) != IOMMUD_TRACKER_KIND_DEVICE))
    iommud_trackers_drop_log (self->trackers, &self->access, self->binding.info->name);
}

static void
replace (IommudReplacePlan *self)
{
  guint32 pt_id = self->hwpt_id;
  g_autoptr (GError) error = NULL;
  gboolean sound;
  int errnum;

  if (!check_policy (self) || !read_space (self, &self->before, &self->error)
      || !start_tracker (self))
    return;
  errnum = iommud_binding_try_attach (&self->binding, &self->access, &pt_id);
  self->attached = errnum == 0;
  if (errnum != 0)
    iommud_binding_set_attach_error (&self->binding, &self->access, errnum, &self->error);
  if (!read_space (self, &self->space, &error))
    g_message ("%s", error->message);
  sound = repair_lost_regions (self);
  drop_trackers (self);
  if (sound && self->attached)
    free_old_hwpt (self);
}

static void
attach_bound (IommudReplacePlan *self)
{
  guint32 pt_id = self->hwpt_id;
  int errnum;

  if (!start_tracker (self))
    return;
  errnum = iommud_binding_try_attach (&self->binding, &self->access, &pt_id);
  if (errnum != 0)
    iommud_binding_set_attach_error (&self->binding, &self->access, errnum, &self->error);
  else if (read_space (self, &self->space, &self->error))
    self->attached = TRUE;
  else
    iommud_detach_or_unbind (&self->binding, &self->access, self->trackers);
  drop_trackers (self);
}

static void
attach_first (IommudReplacePlan *self)
{
  gboolean was_bound = iommud_binding_is_bound (&self->binding);

  if (!was_bound && !iommud_binding_bind (&self->binding, &self->access, &self->error))
    return;
  if (check_policy (self))
    attach_bound (self);
  if (!was_bound && !self->attached)
    iommud_unbind_and_forget_log (&self->binding, &self->access, self->trackers);
  else if (!iommud_binding_is_bound (&self->binding))
    g_prefix_error (&self->error, "The device is no longer bound. ");
}

void
iommud_replace_plan_perform (IommudReplacePlan *self)
{
  gboolean had_orphans = self->orphans->len > 0;

  iommud_page_table_free_orphans (&self->access, self->orphans, NULL);
  if (self->old_hwpt_id != 0)
    replace (self);
  else
    attach_first (self);
  /* A HWPT that was freed at last gives ranges back. */
  if (had_orphans && self->space.ranges == NULL)
    read_space (self, &self->space, NULL);
}
