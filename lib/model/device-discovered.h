/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The properties of a device whose values come from discovery. */
#pragma once

#include "probe/device-info.h"

G_BEGIN_DECLS

/* Their ids are 1 to this. */
#define IOMMUD_N_DISCOVERED 15

/* Makes the properties, at their ids. */
void iommud_discovered_make_properties (GParamSpec **properties);
/* FALSE if @id is not one of them. */
gboolean iommud_discovered_get_property (const IommudDeviceInfo *info, guint id, GValue *value);
gboolean iommud_discovered_differs (const IommudDeviceInfo *a, const IommudDeviceInfo *b, guint id);

G_END_DECLS
