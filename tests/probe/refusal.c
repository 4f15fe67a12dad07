/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The form that every refusal of a simulated host's description must have. */
#include "config.h"

#include "refusal.h"

#include "iommud-error.h"

#include <string.h>

void
refusal_assert_one_line (const GError *error)
{
  g_assert_error (error, IOMMUD_ERROR, IOMMUD_ERROR_INVALID_ARGUMENT);
  g_assert_null (strpbrk (error->message, "\r\n\t"));
  g_assert_true (g_utf8_validate (error->message, -1, NULL));
  g_assert_cmpuint (strlen (error->message), <, 1000);
}
