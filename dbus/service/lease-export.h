/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* org.iommud1.Lease: the right of one client to devices, iommufds and containers. */
#pragma once

#include "export.h"

G_BEGIN_DECLS

extern const IommudInterface iommud_lease_interface;

G_END_DECLS
