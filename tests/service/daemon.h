/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The program itself, started by a test. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

GSubprocess *daemon_spawn (GSubprocessFlags flags, const char *const *arguments);
GSubprocess *daemon_start (const char *address, const char *backend);
void daemon_stop (GSubprocess *daemon);
void daemon_wait_for (const char *address, const char *name);
void daemon_wait_for_name (const char *address);

G_END_DECLS
