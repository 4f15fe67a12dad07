/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Memory of the calling process as a kernel sees it: a bad address gives EFAULT, never a signal. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define IOMMUD_SIMULATED_PAGE_SIZE G_GUINT64_CONSTANT (4096)

/* 0 or EFAULT. Bytes before the bad address may have been copied. */
int iommud_simulated_copy_from_user (void *to, guint64 from, gsize length);
/* Whether all bytes are zero: 0, EFAULT, or E2BIG if one is not. */
int iommud_simulated_check_zeros (guint64 from, guint32 length);
int iommud_simulated_copy_to_user (guint64 to, const void *from, gsize length);

/* A few bytes of the caller's memory, within one page. */
typedef struct
{
  guint64 address;
  gsize length;
} IommudSimulatedSegment;

/* Sets the bits of @bytes in the caller's memory: the segments take their bytes one after the
 * other. A segment that cannot be written is left out without an error. */
#define IOMMUD_SIMULATED_SEGMENTS_AT_ONCE 256
void iommud_simulated_set_user_bits (const IommudSimulatedSegment *segments, guint n_segments,
                                     const guint8 *bytes);

/* Makes pages present that can be written: 0 or EFAULT. */
int iommud_simulated_populate_user (guint64 address, guint64 length);
/* Whether the page of an address is in the caller's page table. */
gboolean iommud_simulated_is_present (guint64 address);

/* Whether there is memory that could be pinned; its first and last page are made present. 0 or
 * EFAULT. */
int iommud_simulated_pin_user (guint64 address, guint64 length, gboolean writable);

G_END_DECLS
