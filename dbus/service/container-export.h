/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* org.iommud1.Container. */
#pragma once

#include "export.h"

G_BEGIN_DECLS

extern const IommudInterface iommud_container_interface;

/* Handles a call that makes a container: of the lease, or, with NULL, of the caller's own. */
void iommud_container_export_create (IommudCall *call, IommudLease *lease);

G_END_DECLS
