/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A host on a bus. */
#pragma once

#include <iommud.h>

#include "fd-store.h"
#include "policy.h"

G_BEGIN_DECLS

#define IOMMUD_TYPE_SERVICE (iommud_service_get_type ())
G_DECLARE_FINAL_TYPE (IommudService, iommud_service, IOMMUD, SERVICE, GObject)

IommudService *iommud_service_new (IommudHost *host, GDBusConnection *connection,
                                   IommudPolicy policy);
void iommud_service_wait_for (IommudService *self, IommudFdStore *fd_store);

G_END_DECLS
