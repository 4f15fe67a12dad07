/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A program that calls and never reads an answer. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct _Silent Silent;

Silent *silent_new (const char *address, uid_t uid);
void silent_free (Silent *self);
void silent_call (Silent *self, const char *path, const char *interface, const char *method,
                  GVariant *arguments, guint n_times);
void silent_call_service (Silent *self, const char *service, const char *path,
                          const char *interface, const char *method);
void silent_watch (Silent *self);

G_END_DECLS
