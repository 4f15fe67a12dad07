/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The open files that the service manager keeps for the next life of the service. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _IommudFdStore IommudFdStore;
typedef void (*IommudFdStoreFunc) (gpointer user_data);

IommudFdStore *iommud_fd_store_new (const char *address, guint longest_ms, GError **error);
void iommud_fd_store_free (IommudFdStore *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (IommudFdStore, iommud_fd_store_free)

void iommud_fd_store_add (IommudFdStore *self, const char *name, int fd);
void iommud_fd_store_remove (IommudFdStore *self, const char *name);
gboolean iommud_fd_store_check (IommudFdStore *self, const char *name, GError **error);
gboolean iommud_fd_store_is_settled (IommudFdStore *self);
void iommud_fd_store_hope (IommudFdStore *self);
void iommud_fd_store_when_settled (IommudFdStore *self, IommudFdStoreFunc func, gpointer user_data);

G_END_DECLS
