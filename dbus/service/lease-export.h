/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* org.iommud1.Lease: the right of one client to devices, iommufds and containers. */
#pragma once

#include "export.h"

G_BEGIN_DECLS

extern const IommudInterface iommud_lease_interface;

/* To be asked when something is handed out: the lease may have ended since it was opened, and then
 * its devices may belong to others. */
gboolean iommud_lease_export_check_active (IommudLease *self, GError **error);

G_END_DECLS
