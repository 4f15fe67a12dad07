/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The methods of org.iommud1.Container for dirty pages. */
#pragma once

#include "export.h"

G_BEGIN_DECLS

void iommud_container_dirty_handle_start (IommudExport *self, IommudCall *call);
void iommud_container_dirty_handle_stop (IommudExport *self, IommudCall *call);
void iommud_container_dirty_handle_read (IommudExport *self, IommudCall *call);

G_END_DECLS
