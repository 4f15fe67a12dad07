/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A picture of how densely an I/O address space is dirty, in characters.
 *
 * Cells and rows are powers of two in size and lie at multiples of it, so that addresses are round.
 * Rows in which nothing is mapped are left out. */
#include "config.h"

#include "plot.h"

#include "numbers.h"

#include <glib/gi18n.h>
#include <inttypes.h>
#include <string.h>

#define MAX_ROWS 16
#define MIN_COLUMNS 8
#define MAX_COLUMNS 256
#define BITS_OF_ADDRESS 64
/* What a row has beside its cells: a space before the axis, and the axis. */
#define FRAME_WIDTH 2

typedef enum
{
  SHADE_CLEAN,
  SHADE_LITTLE,
  SHADE_SOME,
  SHADE_MUCH,
  SHADE_ALL,
  SHADE_UNMAPPED,
  N_SHADES
} Shade;

typedef struct
{
  const char *shades[N_SHADES];
  const char *axis;
  const char *corner;
  const char *line;
  const char *tick;
  const char *gap;
} Characters;

static const Characters ascii_characters = {
  { ".", "-", "+", "*", "#", " " }, "|", "+", "-", "+", ":"
};
static const Characters unicode_characters = {
  { "·", "░", "▒", "▓", "█", " " }, "│", "└", "─", "┬", "⋮"
};

typedef struct
{
  GPtrArray *bitmaps;
  GArray *ranges;
  const Characters *characters;
  GString *text;
  guint64 page_size;
  guint width;
  guint label_width;
  guint column_bits; /* the number of cells in a row is two to the power of this */
  guint cell_bits;   /* the same for the number of bytes in a cell */
} Plot;

static guint
log2_floor (guint64 number)
{
  return BITS_OF_ADDRESS - 1 - __builtin_clzll (number | 1);
}

/* The row of an address; rows may be larger than the address space. */
static guint64
row_of (const Plot *self, guint64 address)
{
  guint bits = self->cell_bits + self->column_bits;

  return bits >= BITS_OF_ADDRESS ? 0 : address >> bits;
}

static guint64
count_rows (const Plot *self)
{
  guint64 n_rows = 0;
  guint64 last_row = G_MAXUINT64;

  for (guint i = 0; i < self->ranges->len; i++)
    {
      const IommuctlRange *range = &g_array_index (self->ranges, IommuctlRange, i);
      guint64 first_row = row_of (self, range->first);

      n_rows += row_of (self, range->last) - first_row + (first_row == last_row ? 0 : 1);
      last_row = row_of (self, range->last);
    }
  return n_rows;
}

static void
choose_scale (Plot *self)
{
  const IommuctlRange *last = &g_array_index (self->ranges, IommuctlRange, self->ranges->len - 1);
  g_autofree char *longest_label = iommuctl_numbers_describe_address (last->last);
  guint columns = 0;

  self->label_width = strlen (longest_label);
  columns = self->width - MIN (self->width, self->label_width + FRAME_WIDTH);
  self->column_bits = log2_floor (CLAMP (columns, MIN_COLUMNS, MAX_COLUMNS));
  self->cell_bits = log2_floor (self->page_size);
  self->column_bits = MIN (self->column_bits, BITS_OF_ADDRESS - self->cell_bits);
  while (count_rows (self) > MAX_ROWS)
    self->cell_bits++;
}

static Shade
shade_of (const Plot *self, IommuctlRange cell)
{
  guint64 n_pages = iommuctl_ranges_count_pages (self->ranges, cell, self->page_size);
  guint64 n_dirty = 0;

  if (n_pages == 0)
    return SHADE_UNMAPPED;
  for (guint i = 0; i < self->bitmaps->len; i++)
    n_dirty += iommuctl_bitmap_count (self->bitmaps->pdata[i], cell);
  if (n_dirty == 0)
    return SHADE_CLEAN;
  if (n_dirty >= n_pages)
    return SHADE_ALL;
  if (n_dirty >= n_pages - n_dirty)
    return SHADE_MUCH;
  return n_dirty >= n_pages / 10.0 ? SHADE_SOME : SHADE_LITTLE;
}

static void
draw_row (Plot *self, guint64 row)
{
  guint bits = self->cell_bits + self->column_bits;
  guint64 first = bits >= BITS_OF_ADDRESS ? 0 : row << bits;
  g_autofree char *label = iommuctl_numbers_describe_address (first);
  g_autoptr (GString) cells = g_string_new (NULL);
  gsize used = 0;

  for (guint i = 0; i < 1u << self->column_bits; i++)
    {
      IommuctlRange cell = { .first = first + ((guint64) i << self->cell_bits) };
      Shade shade = SHADE_UNMAPPED;

      cell.last = cell.first + ((G_GUINT64_CONSTANT (1) << self->cell_bits) - 1);
      shade = shade_of (self, cell);
      g_string_append (cells, self->characters->shades[shade]);
      if (shade != SHADE_UNMAPPED)
        used = cells->len;
    }
  g_string_truncate (cells, used);
  g_string_append_printf (self->text, "%*s %s%s\n", (int) self->label_width, label,
                          self->characters->axis, cells->str);
}

static void
draw_rows (Plot *self)
{
  guint64 last_row = G_MAXUINT64;

  for (guint i = 0; i < self->ranges->len; i++)
    {
      const IommuctlRange *range = &g_array_index (self->ranges, IommuctlRange, i);
      guint64 first_row = row_of (self, range->first);

      if (i > 0 && first_row > last_row + 1)
        g_string_append_printf (self->text, "%*s %s\n", (int) self->label_width, "",
                                self->characters->gap);
      for (guint64 row = first_row; row <= row_of (self, range->last); row++)
        if (i == 0 || row != last_row)
          draw_row (self, row);
      last_row = row_of (self, range->last);
    }
}

/* Ticks below the cells, each with what it adds to the address at the left. */
static void
draw_axis (Plot *self)
{
  guint n_columns = 1u << self->column_bits;
  guint n_ticks = n_columns >= 64 ? 4 : 2;
  guint distance = n_columns / n_ticks;
  g_autoptr (GString) labels = g_string_new (NULL);

  g_string_append_printf (self->text, "%*s %s", (int) self->label_width, "",
                          self->characters->corner);
  for (guint i = 0; i < n_columns; i++)
    {
      g_autofree char *size = NULL;
      g_autofree char *label = NULL;

      g_string_append (self->text,
                       i % distance == 0 ? self->characters->tick : self->characters->line);
      if (i % distance != 0)
        continue;
      size = iommuctl_numbers_describe_size ((guint64) i << self->cell_bits);
      label = g_strconcat ("+", i == 0 ? "0" : size, NULL);
      g_string_append_printf (labels, "%-*s", (int) distance, label);
    }
  g_string_append_printf (self->text, "\n%*s%s\n", (int) self->label_width + FRAME_WIDTH, "",
                          g_strchomp (labels->str));
}

static char *
describe_cell (const Plot *self)
{
  guint64 bytes = G_GUINT64_CONSTANT (1) << self->cell_bits;
  guint64 n_pages = bytes / self->page_size;
  g_autofree char *size = iommuctl_numbers_describe_size (bytes);

  if (n_pages == 1)
    return g_strdup_printf (_ ("One cell is a page of %s."), size);
  return g_strdup_printf (_ ("One cell is %s, %" PRIu64 " pages."), size, n_pages);
}

static void
append_legend (GPtrArray *items, const char *character, const char *meaning)
{
  g_ptr_array_add (items, g_strdup_printf ("%s %s", character, meaning));
}

static GPtrArray *
list_legend (const Plot *self)
{
  const char *const *shades = self->characters->shades;
  GPtrArray *items = g_ptr_array_new_with_free_func (g_free);

  g_ptr_array_add (items, describe_cell (self));
  append_legend (items, shades[SHADE_CLEAN], _ ("clean"));
  if (G_GUINT64_CONSTANT (1) << self->cell_bits > self->page_size)
    {
      append_legend (items, shades[SHADE_LITTLE], _ ("below 10 %"));
      append_legend (items, shades[SHADE_SOME], _ ("below 50 %"));
      append_legend (items, shades[SHADE_MUCH], _ ("below 100 %"));
    }
  append_legend (items, shades[SHADE_ALL], _ ("dirty"));
  return items;
}

/* Each line has as many items as fit. */
static void
draw_legend (Plot *self)
{
  g_autoptr (GPtrArray) items = list_legend (self);
  gsize length = 0;

  for (guint i = 0; i < items->len; i++)
    {
      gsize item_length = g_utf8_strlen (items->pdata[i], -1);

      if (i > 0 && length + 2 + item_length > self->width)
        {
          g_string_append_c (self->text, '\n');
          length = 0;
        }
      g_string_append_printf (self->text, "%s%s", length == 0 ? "" : "  ",
                              (const char *) items->pdata[i]);
      length += item_length + (length == 0 ? 0 : 2);
    }
  g_string_append_c (self->text, '\n');
}

char *
iommuctl_plot_draw (GPtrArray *bitmaps, GArray *ranges, guint width, gboolean ascii)
{
  g_autoptr (GString) text = g_string_new (NULL);
  Plot plot = { .bitmaps = bitmaps, .ranges = ranges, .text = text, .width = width };

  if (bitmaps->len == 0 || ranges->len == 0)
    return g_strdup ("");
  plot.page_size = ((const IommuctlBitmap *) bitmaps->pdata[0])->page_size;
  plot.characters = ascii ? &ascii_characters : &unicode_characters;
  choose_scale (&plot);
  draw_rows (&plot);
  draw_axis (&plot);
  draw_legend (&plot);
  return g_string_free (g_steal_pointer (&text), FALSE);
}
