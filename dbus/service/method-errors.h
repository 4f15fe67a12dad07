/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which errors a method gives: those that its documentation lists. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* A driver can fail with any errno, so an error that the method's documentation does not list
 * becomes IOMMUD_ERROR_FAILED, which each method lists that asks the kernel. The message keeps the
 * errno. @error: of IOMMUD_ERROR. */
GError *iommud_method_errors_translate (GError *error);
void iommud_method_errors_limit (const char *interface, const char *method, GError *error);

G_END_DECLS
