/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Why a device keeps its container from being migrated, in one sentence. */
#pragma once

#include "iommud-device.h"

G_BEGIN_DECLS

/* NULL where the device is not attached, or some tracker covers it. */
char *iommud_blocker_describe (IommudDevice *device);

G_END_DECLS
