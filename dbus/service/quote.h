/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A caller's text as messages repeat it. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

char *iommud_quote (const char *text);

G_END_DECLS
