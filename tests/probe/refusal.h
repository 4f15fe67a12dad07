/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The form that every refusal of a simulated host's description must have. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* A refusal is always one line, in the one error domain. */
void refusal_assert_one_line (const GError *error);

G_END_DECLS
