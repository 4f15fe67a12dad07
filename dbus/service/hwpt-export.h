/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* org.iommud1.Hwpt. */
#pragma once

#include "export.h"

G_BEGIN_DECLS

#define IOMMUD_TYPE_HWPT_EXPORT (iommud_hwpt_export_get_type ())
G_DECLARE_FINAL_TYPE (IommudHwptExport, iommud_hwpt_export, IOMMUD, HWPT_EXPORT, IommudExport)

G_END_DECLS
