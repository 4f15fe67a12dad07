/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the rest of the library needs to word an error. */
#pragma once

#include "iommud-error.h"

G_BEGIN_DECLS

char *iommud_error_describe_errno (int errnum);

G_END_DECLS
