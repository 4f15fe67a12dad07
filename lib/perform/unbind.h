/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How a device leaves its HWPT and its context when a step is undone or the kernel refuses DETACH:
 * its file is closed, which detaches and unbinds it. For workers. */
#pragma once

#include "dirty/trackers.h"
#include "handle/binding.h"

G_BEGIN_DECLS

/* Closes the device's file, which ends its log. A device that is not bound stays as it is. */
void iommud_unbind_and_forget_log (IommudBinding *binding, const IommudKernelAccess *access,
                                   IommudTrackers *trackers);
/* Detaches the device. If the kernel refuses that, the log of the device is read and its file is
 * closed, so that it is not left on a HWPT that the model does not know. Returns whether it is
 * still bound. */
gboolean iommud_detach_or_unbind (IommudBinding *binding, const IommudKernelAccess *access,
                                  IommudTrackers *trackers);

G_END_DECLS
