/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An answer that must not get lost: whether the bus has taken it for its receiver. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct _IommudParcel IommudParcel;
typedef void (*IommudParcelFunc) (gboolean taken, gpointer user_data);

IommudParcel *iommud_parcel_new (GDBusConnection *connection, GCancellable *left);
void iommud_parcel_sent (IommudParcel *self, guint32 serial, IommudParcelFunc func,
                         gpointer user_data);

G_END_DECLS
