/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which processes have the node of a VFIO device open, and which device's node an open file is. */
#pragma once

#include "probe/probe.h"

G_BEGIN_DECLS

/* As the members of IommudProbeInterface. */
char *iommud_node_describe_holder (IommudProbe *probe, const IommudDeviceInfo *info,
                                   gboolean *complete);
char *iommud_node_describe_sibling_holder (IommudProbe *probe, const IommudDeviceInfo *info);
char *iommud_node_describe_group_holder (IommudProbe *probe, const IommudDeviceInfo *info,
                                         gboolean *complete);
GPtrArray *iommud_node_find_holders (IommudProbe *probe, GPtrArray *infos, gboolean *complete);
gboolean iommud_node_find_number (IommudProbe *probe, const IommudDeviceInfo *info, dev_t *number);
gboolean iommud_node_is_open_as (IommudProbe *probe, const IommudDeviceInfo *info, int fd);

G_END_DECLS
