/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which processes have the node of a VFIO device open, and which device's node an open file is. */
#pragma once

#include "probe/device-info.h"

G_BEGIN_DECLS

char *iommud_node_describe_holder (const IommudDeviceInfo *info);
gboolean iommud_node_is_open_as (const IommudDeviceInfo *info, int fd);

G_END_DECLS
