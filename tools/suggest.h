/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The word that was probably meant. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The one of @candidates that is most like @word; NULL if none is like it. */
const char *iommuctl_suggest (const char *word, const char *const *candidates);

G_END_DECLS
