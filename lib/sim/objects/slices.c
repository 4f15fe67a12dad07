/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Slices of memory that a caller names. The order of checks is that of io_pagetable.c of
 * Linux 6.12 and, for files, 6.13. */
#include "config.h"

#include "sim/objects/slices.h"

#include "sim/process/user-memory.h"

#include <errno.h>

static void
clear_slice (gpointer slice)
{
  iommud_simulated_pages_unref (((IommudSimulatedSlice *) slice)->pages);
}

GArray *
iommud_simulated_slices_new (void)
{
  GArray *slices = g_array_new (FALSE, FALSE, sizeof (IommudSimulatedSlice));

  g_array_set_clear_func (slices, clear_slice);
  return slices;
}

void
iommud_simulated_slices_add (GArray *slices, IommudSimulatedPages *pages, guint64 start,
                             guint64 length)
{
  IommudSimulatedSlice slice = { .pages = pages, .start = start, .length = length };

  g_array_append_val (slices, slice);
}

int
iommud_simulated_slices_add_user (GArray *slices, guint64 address, guint64 length,
                                  gboolean writable, IommudSimulatedAccount *account)
{
  IommudSimulatedPages *pages;

  if (length > G_MAXUINT64 - IOMMUD_SIMULATED_PAGE_SIZE || length == 0)
    return EINVAL;
  if (length > G_MAXUINT64 - address)
    return EOVERFLOW;
  pages = iommud_simulated_pages_new (address, writable);
  iommud_simulated_pages_set_account (pages, account);
  iommud_simulated_slices_add (slices, pages, address % IOMMUD_SIMULATED_PAGE_SIZE, length);
  return 0;
}

int
iommud_simulated_slices_add_file (GArray *slices, int file, guint64 offset, guint64 length,
                                  gboolean writable, IommudSimulatedAccount *account)
{
  IommudSimulatedPages *pages = iommud_simulated_pages_new_of_file (file, offset, length, writable);

  if (pages == NULL)
    return EBADF;
  iommud_simulated_pages_set_account (pages, account);
  iommud_simulated_slices_add (slices, pages, offset % IOMMUD_SIMULATED_PAGE_SIZE, length);
  if (length != 0 && length - 1 > G_MAXUINT64 - offset)
    return EOVERFLOW;
  if (length > G_MAXUINT64 - IOMMUD_SIMULATED_PAGE_SIZE || length == 0)
    return EINVAL;
  return 0;
}
