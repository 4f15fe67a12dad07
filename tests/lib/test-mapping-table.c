/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The table of what is mapped, compared with a naive one that keeps every page. */
#include "memory/mapping-table.h"

#include "iommud-error.h"
#include "memory/mapping-check.h"

#define PAGE G_GUINT64_CONSTANT (4096)
#define N_PAGES 200

typedef struct
{
  IommudMappingTable *table;
  guint owner[N_PAGES]; /* the first page of the mapping it is in, from 1; 0: not mapped */
} Model;

static void
add (Model *model, guint first, guint count, IommudMapFlags flags)
{
  IommudMapping mapping = {
    .iova = first * PAGE, .length = count * PAGE, .first_piece = count * PAGE, .flags = flags
  };

  iommud_mapping_table_add (model->table, &mapping);
  for (guint i = first; i < first + count; i++)
    model->owner[i] = first + 1;
}

static gboolean
is_free (const Model *model, guint first, guint count)
{
  for (guint i = first; i < first + count; i++)
    if (model->owner[i] != 0)
      return FALSE;
  return TRUE;
}

static void
check_find (const Model *model, guint first, guint last)
{
  const IommudMapping *mapping =
      iommud_mapping_table_find (model->table, first * PAGE, last * PAGE + PAGE - 1);
  guint page = first;

  while (page <= last && model->owner[page] == 0)
    page++;
  if (page > last)
    g_assert_null (mapping);
  else
    g_assert_cmphex (mapping->iova, ==, (model->owner[page] - 1) * PAGE);
}

static void
check_runs (const Model *model, guint first, guint last)
{
  g_autoptr (GArray) runs =
      iommud_mapping_table_get_runs (model->table, first * PAGE, last * PAGE + PAGE - 1, FALSE);
  guint run = 0;

  for (guint page = first; page <= last; page++)
    {
      guint begin = page;

      while (page <= last && model->owner[page] != 0)
        page++;
      if (page == begin)
        continue;
      g_assert_cmpuint (run, <, runs->len);
      g_assert_cmphex (g_array_index (runs, IommudIovaRange, run).first, ==, begin * PAGE);
      g_assert_cmphex (g_array_index (runs, IommudIovaRange, run).last, ==, page * PAGE - 1);
      run++;
    }
  g_assert_cmpuint (run, ==, runs->len);
}

static void
check_sums (const Model *model)
{
  guint64 count = 0;
  guint64 bytes = 0;

  for (guint i = 0; i < N_PAGES; i++)
    {
      count += model->owner[i] == i + 1 ? 1 : 0;
      bytes += model->owner[i] != 0 ? PAGE : 0;
    }
  g_assert_cmpuint (iommud_mapping_table_get_count (model->table), ==, count);
  g_assert_cmpuint (iommud_mapping_table_get_bytes (model->table), ==, bytes);
}

static void
resize_some (Model *model, guint page)
{
  guint first = model->owner[page] - 1;
  guint count = page - first;

  iommud_mapping_table_resize (model->table, first * PAGE, count * PAGE);
  for (guint i = page; i < N_PAGES && model->owner[i] == first + 1; i++)
    model->owner[i] = 0;
}

static void
test_random (void)
{
  Model model = { .table = iommud_mapping_table_new () };

  for (guint i = 0; i < 20000; i++)
    {
      guint first = (guint) g_test_rand_int_range (0, N_PAGES);
      guint last = (guint) g_test_rand_int_range ((gint32) first, N_PAGES);
      guint count = (guint) g_test_rand_int_range (1, 6);

      count = MIN (count, N_PAGES - first);
      if (is_free (&model, first, count))
        add (&model, first, count, IOMMUD_MAP_FLAGS_READABLE);
      else if (model.owner[first] != 0 && g_test_rand_bit ())
        resize_some (&model, first);
      check_find (&model, first, last);
      check_runs (&model, first, last);
      check_sums (&model);
    }
  iommud_mapping_table_free (model.table);
}

static void
test_flags (void)
{
  Model model = { .table = iommud_mapping_table_new () };
  g_autoptr (GArray) runs = NULL;

  add (&model, 0, 2, IOMMUD_MAP_FLAGS_READABLE | IOMMUD_MAP_FLAGS_WRITABLE);
  add (&model, 2, 2, IOMMUD_MAP_FLAGS_WRITABLE);
  add (&model, 4, 2, IOMMUD_MAP_FLAGS_READABLE);
  add (&model, 6, 2, IOMMUD_MAP_FLAGS_WRITABLE);
  runs = iommud_mapping_table_get_runs (model.table, PAGE, 7 * PAGE - 1, TRUE);
  g_assert_cmpuint (runs->len, ==, 2);
  g_assert_cmphex (g_array_index (runs, IommudIovaRange, 0).first, ==, PAGE);
  g_assert_cmphex (g_array_index (runs, IommudIovaRange, 0).last, ==, 4 * PAGE - 1);
  g_assert_cmphex (g_array_index (runs, IommudIovaRange, 1).first, ==, 6 * PAGE);
  g_assert_cmphex (g_array_index (runs, IommudIovaRange, 1).last, ==, 7 * PAGE - 1);
  iommud_mapping_table_free (model.table);
}

/* The last page of the address space has no address behind it. */
static void
test_ends (void)
{
  IommudMappingTable *table = iommud_mapping_table_new ();
  IommudMapping last = { .iova = G_MAXUINT64 - PAGE + 1, .length = PAGE, .first_piece = PAGE };
  IommudMapping first = { .iova = 0, .length = PAGE, .first_piece = PAGE };
  g_autoptr (GArray) runs = NULL;

  iommud_mapping_table_add (table, &last);
  iommud_mapping_table_add (table, &first);
  runs = iommud_mapping_table_get_runs (table, 0, G_MAXUINT64, FALSE);
  g_assert_cmpuint (runs->len, ==, 2);
  g_assert_cmphex (g_array_index (runs, IommudIovaRange, 1).last, ==, G_MAXUINT64);
  g_assert_nonnull (iommud_mapping_table_find (table, G_MAXUINT64, G_MAXUINT64));
  g_assert_null (iommud_mapping_table_find (table, PAGE, G_MAXUINT64 - PAGE));
  iommud_mapping_table_free (table);
}

static void
test_pieces (void)
{
  IommudMapping mapping = { .length = 25 * PAGE, .first_piece = 5 * PAGE, .piece = 10 * PAGE };

  g_assert_cmphex (iommud_mapping_get_end_of_piece (&mapping, 0), ==, 5 * PAGE);
  g_assert_cmphex (iommud_mapping_get_end_of_piece (&mapping, 5 * PAGE - 1), ==, 5 * PAGE);
  g_assert_cmphex (iommud_mapping_get_end_of_piece (&mapping, 5 * PAGE), ==, 15 * PAGE);
  g_assert_cmphex (iommud_mapping_get_end_of_piece (&mapping, 16 * PAGE), ==, 25 * PAGE);
  g_assert_cmphex (iommud_mapping_get_last_piece (&mapping), ==, 15 * PAGE);
  mapping.length = 16 * PAGE;
  g_assert_cmphex (iommud_mapping_get_last_piece (&mapping), ==, 15 * PAGE);
  mapping.length = 15 * PAGE;
  g_assert_cmphex (iommud_mapping_get_last_piece (&mapping), ==, 5 * PAGE);
  mapping.length = 5 * PAGE;
  g_assert_cmphex (iommud_mapping_get_last_piece (&mapping), ==, 0);
}

/* A container whose IOMMU has pages of 64 KiB. */
static void
test_alignment (void)
{
  IommudMappingTable *table = iommud_mapping_table_new ();
  const IommudIovaSpace space = { .alignment = 16 * PAGE };
  const guint64 bad[][2] = { { 0, 17 * PAGE }, { 0, PAGE }, { PAGE, 16 * PAGE } };
  g_autoptr (GError) error = NULL;

  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_assert_false (
          iommud_mapping_check_room (table, &space, bad[i][0], bad[i][1], "map", &error));
      g_assert_error (error, IOMMUD_ERROR, IOMMUD_ERROR_INVALID_ARGUMENT);
      g_assert_nonnull (strstr (error->message, "multiples of the container's alignment, 0x10000"));
      g_clear_error (&error);
    }
  g_assert_true (iommud_mapping_check_room (table, &space, 16 * PAGE, 32 * PAGE, "map", &error));
  g_assert_no_error (error);
  iommud_mapping_table_free (table);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/mapping-table/random", test_random);
  g_test_add_func ("/mapping-table/flags", test_flags);
  g_test_add_func ("/mapping-table/ends", test_ends);
  g_test_add_func ("/mapping-table/pieces", test_pieces);
  g_test_add_func ("/mapping-table/alignment", test_alignment);
  return g_test_run ();
}
