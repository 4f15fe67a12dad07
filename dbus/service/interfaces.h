/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* All interfaces of the service. */
#pragma once

#include "export.h"

G_BEGIN_DECLS

const IommudInterface *const *iommud_interfaces_get_all (void);
gboolean iommud_interfaces_take_files (const char *interface, const char *method);

G_END_DECLS
