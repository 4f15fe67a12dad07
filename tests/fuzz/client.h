/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A process that calls the service at random. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

int client_main (const char *address, guint uid, guint32 seed);

G_END_DECLS
