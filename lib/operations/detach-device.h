/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Letting go a device that has left the host. */
#pragma once

#include "iommud-device.h"

G_BEGIN_DECLS

/* For a claimed device that is bound or attached: nobody waits for it and nothing stops it. */
void iommud_device_let_go (IommudDevice *self);

G_END_DECLS
