/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How the rest of the library phrases its errors. */
#pragma once

#include "base/internal.h"
#include "iommud-error.h"

G_BEGIN_DECLS

IOMMUD_INTERNAL char *iommud_error_describe_errno (int errnum);

/* "Cannot <what>: <step>: <errno>[: <cause>]", with @code, or with the errno's own code if @code is
 * negative. @cause may be NULL. */
void iommud_error_set_from_errno (GError **error, int code, const char *what, const char *step,
                                  int errnum, const char *cause);

G_END_DECLS
