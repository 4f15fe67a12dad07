/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The methods of org.iommud1.Manager that make leases. */
#pragma once

#include "export.h"

G_BEGIN_DECLS

void iommud_manager_handle_create_lease (IommudExport *self, IommudCall *call);
void iommud_manager_handle_lease_devices (IommudExport *self, IommudCall *call);

G_END_DECLS
