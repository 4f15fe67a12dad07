/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A user who asks for all that a grant allows, without a pause, from many connections. */
#pragma once

#include <gio/gio.h>
#include <sys/types.h>

G_BEGIN_DECLS

#define GREEDY_USER_CONNECTIONS 16
#define GREEDY_USER_LEASES 64
/* Two for each lease. */
#define GREEDY_USER_DEVICES (2 * GREEDY_USER_LEASES)

/* Begins, and goes on while the main loop runs. */
void greedy_user_start (const char *address, uid_t uid);

G_END_DECLS
