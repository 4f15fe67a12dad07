/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How a device leaves its HWPT and its context when a step is undone or the kernel refuses DETACH.
 */
#include "perform/unbind.h"

void
iommud_unbind_and_forget_log (IommudBinding *binding, const IommudKernelAccess *access,
                              IommudTrackers *trackers)
{
  iommud_binding_unbind (binding, access);
  iommud_trackers_forget_log (trackers, binding->info->name);
}

/* The device can still write until its file is closed, but its log ends before that. */
gboolean
iommud_detach_or_unbind (IommudBinding *binding, const IommudKernelAccess *access,
                         IommudTrackers *trackers)
{
  g_autoptr (GError) error = NULL;

  if (iommud_binding_detach (binding, access, &error))
    return TRUE;
  g_message ("%s; closing device %s instead", error->message, binding->info->name);
  iommud_trackers_drop_log_before_close (trackers, access, binding->info->name, TRUE);
  iommud_unbind_and_forget_log (binding, access, trackers);
  return FALSE;
}
