/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is mapped in an IOAS, as trackers need it: a snapshot that never changes, for any thread. */
#pragma once

#include "base/ranges.h"

G_BEGIN_DECLS

typedef struct _IommudMappedRanges IommudMappedRanges;

/* Sorted arrays of IommudIovaRange in which adjacent mappings are one range: everything that is
 * mapped, and the part of it that is mapped for writing. Both are taken. */
IommudMappedRanges *iommud_mapped_ranges_new (GArray *all, GArray *writable);
IommudMappedRanges *iommud_mapped_ranges_ref (IommudMappedRanges *self);
void iommud_mapped_ranges_unref (IommudMappedRanges *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (IommudMappedRanges, iommud_mapped_ranges_unref)

const GArray *iommud_mapped_ranges_get_all (const IommudMappedRanges *self);
const GArray *iommud_mapped_ranges_get_writable (const IommudMappedRanges *self);

G_END_DECLS
