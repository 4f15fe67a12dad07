/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* org.iommud1.Container. */
#pragma once

#include "export.h"

G_BEGIN_DECLS

#define IOMMUD_TYPE_CONTAINER_EXPORT (iommud_container_export_get_type ())
G_DECLARE_FINAL_TYPE (IommudContainerExport, iommud_container_export, IOMMUD, CONTAINER_EXPORT,
                      IommudExport)

G_END_DECLS
