/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How many bytes of messages go over a bus. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct _Traffic Traffic;

Traffic *traffic_start (const char *address);
gsize traffic_stop (Traffic *self, guint *n_signals);

G_END_DECLS
