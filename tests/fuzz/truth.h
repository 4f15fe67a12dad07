/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether what the bus shows is what the simulated kernel has. */
#pragma once

#include "bed.h"

G_BEGIN_DECLS

/* What differs; NULL: nothing. */
char *truth_compare (Bed *bed, GVariant *objects);

G_END_DECLS
