/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Starts, fills and stops the log. */
#include "config.h"

#include "sim/machine/dma-log.h"

#include "sim/description/description.h"

#include <errno.h>

/* What the logger of a device can do. */
#define LARGEST_PAGE (G_GUINT64_CONSTANT (2) << 20)

static guint64
get_page_size (guint64 smallest, guint64 asked)
{
  guint64 size = smallest;

  while (size < asked && size < LARGEST_PAGE)
    size <<= 1;
  return size;
}

int
iommud_simulated_log_start (IommudSimulatedLog *self, GArray *ranges, guint max_ranges,
                            guint64 smallest_page, guint64 *page_size)
{
  if (self->on || ranges->len > max_ranges)
    return EINVAL;
  *page_size = get_page_size (smallest_page, *page_size);
  self->on = TRUE;
  self->page_size = *page_size;
  self->ranges = g_array_ref (ranges);
  self->pages = iommud_page_set_new ();
  return 0;
}

void
iommud_simulated_log_stop (IommudSimulatedLog *self)
{
  self->on = FALSE;
  g_clear_pointer (&self->ranges, g_array_unref);
  g_clear_pointer (&self->pages, iommud_page_set_free);
}

void
iommud_simulated_log_note (IommudSimulatedLog *self, guint64 iova)
{
  for (guint i = 0; self->on && i < self->ranges->len; i++)
    {
      const IommudSimulatedRegion *range = &g_array_index (self->ranges, IommudSimulatedRegion, i);

      if (iova / self->page_size >= range->first / self->page_size && iova <= range->last)
        {
          iommud_page_set_add (self->pages, iova / self->page_size);
          return;
        }
    }
}
