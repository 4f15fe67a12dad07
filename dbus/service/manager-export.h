/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* org.iommud1.Manager. */
#pragma once

#include "export.h"

G_BEGIN_DECLS

#define IOMMUD_TYPE_MANAGER_EXPORT (iommud_manager_export_get_type ())
G_DECLARE_FINAL_TYPE (IommudManagerExport, iommud_manager_export, IOMMUD, MANAGER_EXPORT,
                      IommudExport)

G_END_DECLS
