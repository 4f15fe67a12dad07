/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How a caller's own words are repeated in messages. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

char *iommud_words_quote (const char *text);

G_END_DECLS
