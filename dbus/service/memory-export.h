/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* org.iommud1.Memory. */
#pragma once

#include "export.h"

G_BEGIN_DECLS

#define IOMMUD_TYPE_MEMORY_EXPORT (iommud_memory_export_get_type ())
G_DECLARE_FINAL_TYPE (IommudMemoryExport, iommud_memory_export, IOMMUD, MEMORY_EXPORT, IommudExport)

G_END_DECLS
