/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Texts in columns that fit a width, drawn by libsmartcols; the only file that uses it. If they do
 * not fit, UUIDs get short first, as far as that leaves them different, and then the widest columns
 * are cut: the library would cut without a mark. */
#include "config.h"

#include "layout.h"

#include "cut.h"

#include <libsmartcols.h>
#include <string.h>

typedef struct libscols_table ScolsTable;
typedef struct libscols_line ScolsLine;
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ScolsTable, scols_unref_table)

/* What the branches of a tree take for each level. */
#define BRANCH_WIDTH 2

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
  guint width; /* with its branches */
  guint depth; /* in a tree: of the first cells of lines */
} Cell;

struct _IommuctlLayout
{
  guint n_columns;
  gboolean ascii;
  gboolean *marked; /* by column */
  GArray *cells;
  guint depth; /* of lines that are to come */
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
iommuctl_layout_set_depth (IommuctlLayout *self, guint depth)
{
  self->depth = depth;
}

void
iommuctl_layout_take (IommuctlLayout *self, char *text)
{
  Cell cell = { .text = text };

  if (self->cells->len % self->n_columns == 0)
    cell.depth = self->depth;
  iommuctl_cut_make_printable (text);
  cell.width = iommuctl_cut_get_width (text) + cell.depth * BRANCH_WIDTH;
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

      cell->width = iommuctl_cut_get_width (cell->text) + cell->depth * BRANCH_WIDTH;
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

static ScolsTable *
new_table (IommuctlLayout *self, const guint *widths)
{
  ScolsTable *table = scols_new_table ();

  /* Output that is not a terminal is as wide as one: people read it too, and programs use JSON. */
  scols_table_set_termforce (table, SCOLS_TERMFORCE_ALWAYS);
  scols_table_set_termwidth (table, get_total (self, widths));
  scols_table_enable_noheadings (table, 1);
  if (self->ascii)
    scols_table_enable_ascii (table, 1);
  for (guint i = 0; i < self->n_columns; i++)
    scols_table_new_column (table, "", 0.0, i == 0 ? SCOLS_FL_TREE : 0);
  return table;
}

static void
set_cell (IommuctlLayout *self, ScolsLine *line, guint column, const Cell *cell, guint width)
{
  const guint branches = cell->depth * BRANCH_WIDTH;
  g_autoptr (GString) cut = NULL;

  if (cell->width <= width || width <= branches)
    {
      scols_line_set_data (line, column, cell->text);
      return;
    }
  cut = g_string_new (NULL);
  iommuctl_cut_append (cut, cell->text, cell->width - branches, width - branches, self->ascii);
  scols_line_set_data (line, column, cut->str);
}

/* @parents: the last line of each depth. */
static void
add_line (IommuctlLayout *self, ScolsTable *table, guint number, const guint *widths,
          GPtrArray *parents)
{
  const guint depth = get_cell (self, number, 0)->depth;
  ScolsLine *line = scols_table_new_line (
      table, depth == 0 ? NULL : (ScolsLine *) g_ptr_array_index (parents, depth - 1));

  for (guint i = 0; i < self->n_columns; i++)
    set_cell (self, line, i, get_cell (self, number, i), widths[i]);
  g_ptr_array_set_size (parents, (int) depth);
  g_ptr_array_add (parents, line);
}

/* The library pads cells up to the next column, the last ones too. */
static char *
draw (ScolsTable *table)
{
  GString *trimmed = g_string_new (NULL);
  char *text = NULL;

  if (scols_print_table_to_string (table, &text) != 0 || text == NULL)
    return g_string_free (trimmed, FALSE);
  for (const char *line = text; *line != '\0';)
    {
      const char *end = strchrnul (line, '\n');
      const char *last = end;

      while (last > line && last[-1] == ' ')
        last--;
      g_string_append_len (trimmed, line, last - line);
      g_string_append_c (trimmed, '\n');
      line = *end == '\0' ? end : end + 1;
    }
  free (text);
  return g_string_free (trimmed, FALSE);
}

char *
iommuctl_layout_print (IommuctlLayout *self, guint width)
{
  g_autofree guint *widths = g_new0 (guint, self->n_columns);
  g_autoptr (GPtrArray) parents = g_ptr_array_new ();
  g_autoptr (ScolsTable) table = NULL;
  guint n_lines = count_lines (self);

  measure (self, widths);
  fit (self, widths, width);
  table = new_table (self, widths);
  for (guint i = 0; i < n_lines; i++)
    add_line (self, table, i, widths, parents);
  return draw (table);
}
