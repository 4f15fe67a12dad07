/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Work of the main loop that goes on as long as there is some. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* For how long one turn may keep the main loop, which has other things to do. */
#define IOMMUD_IDLE_SLICE_US 3000

void iommud_idle_start (GSource **source, GSourceFunc turn, gpointer user_data);
void iommud_idle_stop (GSource **source);

G_END_DECLS
