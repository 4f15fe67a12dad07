/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which user a name on the bus belongs to. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct _IommudCallers IommudCallers;

IommudCallers *iommud_callers_new (void);
void iommud_callers_free (IommudCallers *self);
gboolean iommud_callers_recall (IommudCallers *self, const char *name, guint32 *uid);
void iommud_callers_ask (IommudCallers *self, GDBusConnection *connection, const char *name,
                         GAsyncReadyCallback callback, gpointer user_data);
gboolean iommud_callers_learn (IommudCallers *self, GDBusConnection *connection, const char *name,
                               GAsyncResult *result, guint32 *uid, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (IommudCallers, iommud_callers_free)

G_END_DECLS
