/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A folder with the configuration of the service, for a test. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

char *config_folder_new (void);
void config_folder_free (char *folder);
void config_folder_write (const char *folder, const char *name, const char *text);
void config_folder_remove (const char *folder, const char *name);

G_END_DECLS
