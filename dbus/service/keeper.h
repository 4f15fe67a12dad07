/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What goes from one life of the service to the next. */
#pragma once

#include <iommud.h>

#include "fd-store.h"

G_BEGIN_DECLS

typedef struct _IommudKeeper IommudKeeper;

IommudKeeper *iommud_keeper_new (const char *folder, const char *manager, GError **error);
void iommud_keeper_free (IommudKeeper *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (IommudKeeper, iommud_keeper_free)

void iommud_keeper_take_file (IommudKeeper *self, const char *name, int fd);
IommudHost *iommud_keeper_make_host (IommudKeeper *self, IommudBackend *backend, GError **error);
IommudFdStore *iommud_keeper_get_fd_store (IommudKeeper *self);
gboolean iommud_keeper_let_go (IommudKeeper *self, IommudHost *host);

G_END_DECLS
