/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What can be known about a mapping before the kernel is asked for it. */
#pragma once

#include "memory/mapping-table.h"
#include "handle/page-table.h"

G_BEGIN_DECLS

/* Not empty, whole pages, inside the 64-bit space. */
gboolean iommud_mapping_check_range (guint64 iova, guint64 length, const char *what,
                                     GError **error);
/* The same as for a range, and flags that are of use. */
gboolean iommud_mapping_check_arguments (guint64 iova, guint64 length, IommudMapFlags flags,
                                         const char *what, GError **error);
/* The devices of the container can address all of it. */
gboolean iommud_mapping_check_addressable (const IommudIovaSpace *space, guint64 iova, guint64 last,
                                           const char *what, GError **error);
/* Nothing is mapped there, and the devices of the container can address all of it. */
gboolean iommud_mapping_check_room (IommudMappingTable *mappings, const IommudIovaSpace *space,
                                    guint64 iova, guint64 length, const char *what, GError **error);
/* Something is mapped there, and all of it lies inside. */
gboolean iommud_mapping_check_whole (IommudMappingTable *mappings, guint64 iova, guint64 length,
                                     const char *what, GError **error);

/* The kernel's flags. */
guint32 iommud_map_flags_to_kernel (IommudMapFlags flags);
/* What the errno of IOAS_MAP, IOAS_MAP_FILE or IOAS_COPY means. */
void iommud_mapping_set_error (const IommudKernelAccess *access, const char *step, int errnum,
                               GError **error);

G_END_DECLS
