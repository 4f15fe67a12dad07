/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading a file that a user named, within bounds. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Enough for any sensible host: 10,000 devices take about 3 MiB. */
#define IOMMUD_XML_MAX_BYTES (4 * 1024 * 1024)

GBytes *iommud_xml_read_file (const char *filename, GError **error);

G_END_DECLS
