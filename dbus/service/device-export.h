/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* org.iommud1.Device. */
#pragma once

#include "export.h"

G_BEGIN_DECLS

extern const IommudInterface iommud_device_interface;

G_END_DECLS
