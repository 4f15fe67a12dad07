/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* org.iommud1.DirtyTracking. */
#pragma once

#include "export.h"

G_BEGIN_DECLS

#define IOMMUD_TYPE_DIRTY_TRACKING_EXPORT (iommud_dirty_tracking_export_get_type ())
G_DECLARE_FINAL_TYPE (IommudDirtyTrackingExport, iommud_dirty_tracking_export, IOMMUD,
                      DIRTY_TRACKING_EXPORT, IommudExport)

G_END_DECLS
