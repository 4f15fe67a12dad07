/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The methods of org.iommud1.Container for what is mapped. */
#pragma once

#include "export.h"

G_BEGIN_DECLS

void iommud_container_mapping_handle_map_file (IommudExport *self, IommudCall *call);
void iommud_container_mapping_handle_copy_mapping (IommudExport *self, IommudCall *call);
void iommud_container_mapping_handle_unmap (IommudExport *self, IommudCall *call);
void iommud_container_mapping_handle_unmap_all (IommudExport *self, IommudCall *call);
void iommud_container_mapping_handle_set_allowed_iovas (IommudExport *self, IommudCall *call);

G_END_DECLS
