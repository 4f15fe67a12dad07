/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is mapped in an IOAS, as trackers need it: a snapshot that never changes, for any thread. */
#include "dirty/mapped-ranges.h"

struct _IommudMappedRanges
{
  gatomicrefcount references;
  GArray *all;
  GArray *writable;
};

IommudMappedRanges *
iommud_mapped_ranges_new (GArray *all, GArray *writable)
{
  IommudMappedRanges *self = g_new0 (IommudMappedRanges, 1);

  g_atomic_ref_count_init (&self->references);
  self->all = all;
  self->writable = writable;
  return self;
}

IommudMappedRanges *
iommud_mapped_ranges_ref (IommudMappedRanges *self)
{
  g_atomic_ref_count_inc (&self->references);
  return self;
}

void
iommud_mapped_ranges_unref (IommudMappedRanges *self)
{
  if (!g_atomic_ref_count_dec (&self->references))
    return;
  g_array_unref (self->all);
  g_array_unref (self->writable);
  g_free (self);
}

const GArray *
iommud_mapped_ranges_get_all (const IommudMappedRanges *self)
{
  return self->all;
}

const GArray *
iommud_mapped_ranges_get_writable (const IommudMappedRanges *self)
{
  return self->writable;
}
