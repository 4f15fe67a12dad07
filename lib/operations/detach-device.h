/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Detaching a device that has left the machine. */
#pragma once

#include "iommud-device.h"

G_BEGIN_DECLS

/* For a claimed device that is bound or attached. No caller waits for the result, and nothing can
 * cancel it. */
void iommud_detach_device_that_is_gone (IommudDevice *self);

G_END_DECLS
