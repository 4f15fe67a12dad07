/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* org.iommud1.Device. */
#pragma once

#include "export.h"

G_BEGIN_DECLS

#define IOMMUD_TYPE_DEVICE_EXPORT (iommud_device_export_get_type ())
G_DECLARE_FINAL_TYPE (IommudDeviceExport, iommud_device_export, IOMMUD, DEVICE_EXPORT, IommudExport)

G_END_DECLS
