/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is done both over the bus and with bare ioctls. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define WORKLOAD_MAP_LENGTH (G_GUINT64_CONSTANT (1) << 30)
#define WORKLOAD_MAPS 50

/* A sparse memfd. */
int workload_make_file (guint64 length);
/* Where the n-th mapping goes. */
guint64 workload_get_iova (guint n);

G_END_DECLS
