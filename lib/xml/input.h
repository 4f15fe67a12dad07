/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading a file that a user named, within bounds. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

GBytes *iommud_xml_read_file (const char *filename, GError **error);

G_END_DECLS
