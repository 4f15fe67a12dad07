/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The kernel's side of a container's page tables: allocating and freeing HWPTs, and the IOVA ranges
 * that are left. Kernel calls: for workers only. */
#pragma once

#include "handle/binding.h"

G_BEGIN_DECLS

/* What IOAS_IOVA_RANGES answered last. */
typedef struct
{
  GArray *ranges; /* of IommudIovaRange; NULL if it was not asked */
  guint64 alignment;
} IommudIovaSpace;

void iommud_iova_space_clear (IommudIovaSpace *self);
/* Whether some address of @self is not in @other. The ranges of both lists are sorted and do not
 * touch, as the kernel gives them. */
gboolean iommud_iova_space_exceeds (const IommudIovaSpace *self, const IommudIovaSpace *other);
void iommud_iova_space_copy (IommudIovaSpace *self, const IommudIovaSpace *source);
gboolean iommud_iova_space_read (IommudIovaSpace *self, const IommudKernelAccess *access,
                                 guint32 ioas_id, GError **error);

gboolean iommud_page_table_alloc (const IommudKernelAccess *access, const IommudBinding *binding,
                                  guint32 ioas_id, IommudHwptFlags flags, guint32 *hwpt_id,
                                  GError **error);
gboolean iommud_page_table_free (const IommudKernelAccess *access, guint32 hwpt_id, GError **error);
/* Tries once more to free ids that the kernel would not free while an operation was undone, the
 * last one first, and drops the freed ones from the array of guint32. FALSE, with the first error,
 * if some are left. */
gboolean iommud_page_table_free_orphans (const IommudKernelAccess *access, GArray *orphans,
                                         GError **error);

G_END_DECLS
