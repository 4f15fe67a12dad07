/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* UTF-8 is the only encoding of a description. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Why the encoding of @xml is refused, and on which line; NULL: it is UTF-8. */
char *iommud_xml_describe_wrong_encoding (const char *xml, gsize length, guint *line);

G_END_DECLS
