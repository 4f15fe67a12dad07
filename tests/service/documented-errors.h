/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The errors that the interface files list for each method, compared with those that tests
 * receive. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define DOCUMENTED_ERRORS_SUFFIX ".errors"

GHashTable *documented_errors_read (void);
char *documented_errors_get_folder (void);
void documented_errors_watch (GDBusConnection *connection);

G_END_DECLS
