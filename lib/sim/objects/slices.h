/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Parts of memory that follow one another, on their way into an IOAS. */
#pragma once

#include "sim/process/pages.h"

G_BEGIN_DECLS

typedef struct
{
  IommudSimulatedPages *pages;
  guint64 start;
  guint64 length;
} IommudSimulatedSlice;

/* An array of IommudSimulatedSlice that owns its pages. */
GArray *iommud_simulated_slices_new (void);
/* Takes @pages. */
void iommud_simulated_slices_add (GArray *slices, IommudSimulatedPages *pages, guint64 start,
                                  guint64 length);
/* Memory of the process. EINVAL: it has no length, or too much; EOVERFLOW: it has no end. @account:
 * charged for what is pinned; NULL for none. */
int iommud_simulated_slices_add_user (GArray *slices, guint64 address, guint64 length,
                                      gboolean writable, IommudSimulatedAccount *account);
/* A part of a file. EBADF: there is no such file; the rest is the same. */
int iommud_simulated_slices_add_file (GArray *slices, int file, guint64 offset, guint64 length,
                                      gboolean writable, IommudSimulatedAccount *account);

G_END_DECLS
