/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What sysfs says of the remapping of interrupts. */
#pragma once

#include "probe/probe.h"

G_BEGIN_DECLS

/* As the member of IommudProbeInterface. */
char *iommud_interrupts_describe (IommudProbe *probe, const IommudDeviceInfo *info);

G_END_DECLS
