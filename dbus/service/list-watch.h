/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The objects that enter and leave a list model. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct _IommudListWatch IommudListWatch;

typedef void (*IommudListWatchFunc) (gpointer item, gpointer user_data);

IommudListWatch *iommud_list_watch_new (GListModel *list, IommudListWatchFunc added,
                                        IommudListWatchFunc removed, gpointer user_data);
void iommud_list_watch_free (IommudListWatch *self);

G_END_DECLS
