/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The errnos that a simulated fault may have, by name. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

int iommud_xml_errno_from_name (const char *name);

G_END_DECLS
