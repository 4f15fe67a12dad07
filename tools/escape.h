/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Text of any origin as sentences may repeat it. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The text on one line, in UTF-8, with nothing in it that a terminal would obey or hide: what is
 * not printable is shown as an escape, such as "\n", "\x1b" or "\u202e". */
char *iommuctl_escape (const char *text);

G_END_DECLS
