/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Discovery of this machine's VFIO devices. */
#pragma once

#include "probe/probe.h"

G_BEGIN_DECLS

#define IOMMUD_TYPE_UDEV_PROBE (iommud_udev_probe_get_type ())
G_DECLARE_FINAL_TYPE (IommudUdevProbe, iommud_udev_probe, IOMMUD, UDEV_PROBE, GObject)

IommudProbe *iommud_udev_probe_new (void);

G_END_DECLS
