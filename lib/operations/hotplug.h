/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Devices that come, change and leave while the host is in use. */
#pragma once

#include "iommud-host.h"

G_BEGIN_DECLS

/* Finds the devices that are present and follows them from here on. */
gboolean iommud_hotplug_start (IommudHost *host, GError **error);

G_END_DECLS
