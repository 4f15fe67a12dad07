/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is logged of leases: each file that is handed out, and each end. */
#pragma once

#include <iommud.h>

G_BEGIN_DECLS

/* @device: of which the file is; NULL: @what it is. */
void iommud_lease_log_handed_out (IommudLease *lease, IommudDevice *device, const char *what);
void iommud_lease_log_ended (IommudLease *lease);

G_END_DECLS
