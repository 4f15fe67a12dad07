/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a device's file does not say, for those who are handed it. */
#pragma once

#include <iommud.h>

G_BEGIN_DECLS

/* An a{sv}. Floating. */
GVariant *iommud_device_details (IommudDevice *device, gboolean bound);

G_END_DECLS
