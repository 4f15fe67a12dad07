/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Texts in columns that fit a width. If they do not fit, UUIDs get short first, as far as that
 * leaves them different, and then the widest columns are cut. */
#include "config.h"

#include "layout.h"

#include "cut.h"

#include <string.h>

/* What columns keep, or their titles, in the order in which this is tried: a name of 64 letters is
 * cut before a state that would still say something, and any terminal will do in the end. The first
 * column says what a line is about: it is cut last. */
static const struct
{
  gboolean only_marked;
  gboolean spares_first;
  guint keeps;
} steps[] = {
  { TRUE, FALSE, 24 }, { FALSE, FALSE, 24 }, { TRUE, FALSE, 12 }, { FALSE, FALSE, 16 },
  { TRUE, FALSE, 6 },  { FALSE, TRUE, 3 },   { FALSE, FALSE, 3 },
};

typedef struct
{
  char *text;
  guint width;
} Cell;

struct _IommuctlLayout
{
  guint n_columns;
  gboolean ascii;
  gboolean *marked; /* by column */
  GArray *cells;
};

static void
cell_clear (gpointer cell)
{
  g_free (((Cell *) cell)->text);
}

IommuctlLayout *
iommuctl_layout_new (guint n_columns, gboolean ascii)
{
  IommuctlLayout *self = g_new0 (IommuctlLayout, 1);

  self->n_columns = n_columns;
  self->ascii = ascii;
  self->marked = g_new0 (gboolean, n_columns);
  self->cells = g_array_new (FALSE, FALSE, sizeof (Cell));
  g_array_set_clear_func (self->cells, cell_clear);
  return self;
}

void
iommuctl_layout_free (IommuctlLayout *self)
{
  g_array_unref (self->cells);
  g_free (self->marked);
  g_free (self);
}

void
iommuctl_layout_mark (IommuctlLayout *self, guint column)
{
  self->marked[column] = TRUE;
}

void
iommuctl_layout_take (IommuctlLayout *self, char *text)
{
  Cell cell = { .text = text };

  iommuctl_cut_make_printable (text);
  cell.width = iommuctl_cut_get_width (text);
  g_array_append_val (self->cells, cell);
}

static Cell *
get_cell (IommuctlLayout *self, guint line, guint column)
{
  return &g_array_index (self->cells, Cell, line * self->n_columns + column);
}

static guint
count_lines (IommuctlLayout *self)
{
  return self->cells->len / self->n_columns;
}

static void
measure (IommuctlLayout *self, guint *widths)
{
  for (guint i = 0; i < self->cells->len; i++)
    {
      guint *width = &widths[i % self->n_columns];

      *width = MAX (*width, g_array_index (self->cells, Cell, i).width);
    }
}

static guint
get_total (IommuctlLayout *self, const guint *widths)
{
  guint total = self->n_columns - 1;

  for (guint i = 0; i < self->n_columns; i++)
    total += widths[i];
  return total;
}

static void
shorten_uuids (IommuctlLayout *self, guint column, guint *widths)
{
  g_autoptr (GPtrArray) texts = g_ptr_array_new ();
  guint n_lines = count_lines (self);

  for (guint i = 0; i < n_lines; i++)
    g_ptr_array_add (texts, get_cell (self, i, column)->text);
  if (!iommuctl_cut_shorten_uuids (texts, self->ascii))
    return;
  widths[column] = 0;
  for (guint i = 0; i < n_lines; i++)
    {
      Cell *cell = get_cell (self, i, column);

      cell->width = iommuctl_cut_get_width (cell->text);
      widths[column] = MAX (widths[column], cell->width);
    }
}

/* Takes one from the widest column that has more than it keeps; FALSE if none has. */
static gboolean
narrow (IommuctlLayout *self, guint *widths, gsize step)
{
  const gboolean only_marked = steps[step].only_marked;
  guint *widest = NULL;

  for (guint i = steps[step].spares_first ? 1 : 0; i < self->n_columns; i++)
    {
      guint title = only_marked ? get_cell (self, 0, i)->width : 0;

      if ((self->marked[i] || !only_marked) && widths[i] > MAX (title, steps[step].keeps)
          && (widest == NULL || widths[i] > *widest))
        widest = &widths[i];
    }
  if (widest != NULL)
    (*widest)--;
  return widest != NULL;
}

static void
fit (IommuctlLayout *self, guint *widths, guint width)
{
  if (get_total (self, widths) <= width)
    return;
  for (guint i = 0; i < self->n_columns; i++)
    shorten_uuids (self, i, widths);
  for (gsize i = 0; i < G_N_ELEMENTS (steps); i++)
    while (get_total (self, widths) > width && narrow (self, widths, i))
      ;
}

static void
print_line (IommuctlLayout *self, GString *text, guint line, const guint *widths)
{
  guint n_blanks = 0;

  for (guint i = 0; i < self->n_columns; i++)
    {
      const Cell *cell = get_cell (self, line, i);
      guint width = cell->width;

      if (width > 0)
        {
          for (; n_blanks > 0; n_blanks--)
            g_string_append_c (text, ' ');
          width = iommuctl_cut_append (text, cell->text, cell->width, widths[i], self->ascii);
        }
      n_blanks += widths[i] - width + 1;
    }
  g_string_append_c (text, '\n');
}

char *
iommuctl_layout_print (IommuctlLayout *self, guint width)
{
  g_autofree guint *widths = g_new0 (guint, self->n_columns);
  GString *text = g_string_new (NULL);
  guint n_lines = count_lines (self);

  measure (self, widths);
  fit (self, widths, width);
  for (guint i = 0; i < n_lines; i++)
    print_line (self, text, i, widths);
  return g_string_free (text, FALSE);
}
