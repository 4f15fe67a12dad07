/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What every refusal of a simulated host's description is like. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* It is one line in the one error domain, whatever was wrong. */
void refusal_assert_one_line (const GError *error);

G_END_DECLS
