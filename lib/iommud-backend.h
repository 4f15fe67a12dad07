/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What stands below a host: the system calls and the discovery of one machine. */
#pragma once

#include "iommud-types.h"

G_BEGIN_DECLS

#define IOMMUD_TYPE_BACKEND (iommud_backend_get_type ())
IOMMUD_PUBLIC
G_DECLARE_DERIVABLE_TYPE (IommudBackend, iommud_backend, IOMMUD, BACKEND, GObject)

IOMMUD_PUBLIC IommudBackend *iommud_backend_new_kernel (void);
IOMMUD_PUBLIC const char *iommud_backend_get_name (IommudBackend *self);

G_END_DECLS
