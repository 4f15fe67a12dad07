/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Texts on a terminal: how wide they are, and how they are made shorter. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What stands for the part that was cut. */
#define IOMMUCTL_CUT_MARK "…"
#define IOMMUCTL_CUT_MARK_ASCII "~"

/* Whether a terminal shows it, and shows the text around it as it is. */
gboolean iommuctl_cut_is_printable (gunichar character);
/* Texts come from hardware and from other users: none of them may control the terminal. */
void iommuctl_cut_make_printable (char *text);
/* How many columns of a terminal it takes. */
guint iommuctl_cut_get_width (const char *text);
/* Appends a text of some width, cut at its end if that is more than @max; returns the width that it
 * has then. */
guint iommuctl_cut_append (GString *line, const char *text, guint width, guint max, gboolean ascii);
/* Makes UUIDs at the ends of texts short, in place, such as "83b8f4f2…1001". FALSE, and nothing has
 * changed: there is none, or two of them would look the same. */
gboolean iommuctl_cut_shorten_uuids (GPtrArray *texts, gboolean ascii);

G_END_DECLS
