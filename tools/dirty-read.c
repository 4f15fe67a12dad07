/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* iommuctl dirty read: which pages devices have written to, as numbers, as a picture, or as the
 * bitmap itself. */
#include "config.h"

#include "bitmap.h"
#include "numbers.h"
#include "plot.h"
#include "reading.h"

#include <glib/gi18n.h>
#include <inttypes.h>

static GVariant *
range_record (IommuctlReading *self, guint index, guint64 file_offset)
{
  const IommuctlRange *range = &g_array_index (self->ranges, IommuctlRange, index);
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_VARDICT);
  g_autofree char *address = iommuctl_numbers_describe_address (range->first);
  guint64 length = range->last - range->first + 1;

  g_variant_builder_add (&builder, "{sv}", "Iova", g_variant_new_string (address));
  g_variant_builder_add (&builder, "{sv}", "Length", g_variant_new_uint64 (length));
  g_variant_builder_add (&builder, "{sv}", "Pages",
                         g_variant_new_uint64 (length / self->page_size));
  g_variant_builder_add (&builder, "{sv}", "DirtyPages",
                         g_variant_new_uint64 (g_array_index (self->counts, guint64, index)));
  if (self->file != NULL)
    g_variant_builder_add (&builder, "{sv}", "OutputOffset", g_variant_new_uint64 (file_offset));
  return g_variant_builder_end (&builder);
}

static GVariant *
range_records (IommuctlReading *self)
{
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("aa{sv}"));
  guint64 offset = 0;

  for (guint i = 0; i < self->counts->len; i++)
    {
      g_variant_builder_add_value (&builder, range_record (self, i, offset));
      offset += iommuctl_bitmap_size_for (g_array_index (self->ranges, IommuctlRange, i),
                                          self->page_size);
    }
  return g_variant_builder_end (&builder);
}

static void
count_pages (IommuctlReading *self, guint64 *n_pages, guint64 *n_dirty)
{
  *n_pages = 0;
  *n_dirty = 0;
  for (guint i = 0; i < self->counts->len; i++)
    {
      const IommuctlRange *range = &g_array_index (self->ranges, IommuctlRange, i);

      *n_pages += (range->last - range->first) / self->page_size + 1;
      *n_dirty += g_array_index (self->counts, guint64, i);
    }
}

static GVariant *
result_record (IommuctlReading *self)
{
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_VARDICT);
  guint64 n_pages, n_dirty;

  count_pages (self, &n_pages, &n_dirty);
  g_variant_builder_add (&builder, "{sv}", "Container",
                         g_variant_new_object_path (self->container));
  g_variant_builder_add (&builder, "{sv}", "PageSize", g_variant_new_uint64 (self->page_size));
  g_variant_builder_add (&builder, "{sv}", "Pages", g_variant_new_uint64 (n_pages));
  g_variant_builder_add (&builder, "{sv}", "DirtyPages", g_variant_new_uint64 (n_dirty));
  g_variant_builder_add (&builder, "{sv}", "Ranges", range_records (self));
  if (self->file != NULL)
    g_variant_builder_add (&builder, "{sv}", "Output",
                           g_variant_new_string (iommuctl_bitmap_file_get_path (self->file)));
  return g_variant_ref_sink (g_variant_builder_end (&builder));
}

static char *
describe_length (GVariant *record, IommuctlService *service)
{
  guint64 length = 0;

  g_variant_lookup (record, "Length", "t", &length);
  return iommuctl_numbers_describe_size (length);
}

static char *
describe_share (GVariant *record, IommuctlService *service)
{
  guint64 n_pages = 0;
  guint64 n_dirty = 0;

  g_variant_lookup (record, "Pages", "t", &n_pages);
  g_variant_lookup (record, "DirtyPages", "t", &n_dirty);
  return iommuctl_numbers_describe_share (n_dirty, n_pages);
}

static void
print_table (IommuctlReading *self, GVariant *record)
{
  IommuctlColumn columns[] = {
    { N_ ("IOVA"), "Iova", NULL, FALSE },
    { N_ ("LENGTH"), NULL, describe_length, FALSE },
    { N_ ("PAGES"), "Pages", NULL, FALSE },
    { N_ ("DIRTY"), "DirtyPages", NULL, FALSE },
    { N_ ("SHARE"), NULL, describe_share, FALSE },
    { NULL },
    { NULL },
  };

  if (self->file != NULL)
    columns[G_N_ELEMENTS (columns) - 2] =
        (IommuctlColumn){ N_ ("OUTPUT OFFSET"), "OutputOffset", NULL, FALSE };
  iommuctl_output_table_of (self->request->output, record, "Ranges", columns);
}

static void
print_picture (IommuctlReading *self)
{
  const IommuctlRange *last_read =
      &g_array_index (self->ranges, IommuctlRange, self->counts->len - 1);
  g_autoptr (GArray) mapped =
      iommuctl_ranges_within (self->mapped, (IommuctlRange){ .first = 0, .last = last_read->last });
  g_autofree char *picture =
      iommuctl_plot_draw (self->bitmaps, mapped, iommuctl_output_get_width (self->request->output),
                          !g_get_charset (NULL));

  iommuctl_output_text (self->request->output, picture);
}

static void
print_sum (IommuctlReading *self)
{
  g_autofree char *page_size = iommuctl_numbers_describe_size (self->page_size);
  g_autofree char *dirty_size = NULL;
  g_autofree char *share = NULL;
  g_autofree char *line = NULL;
  guint64 n_pages, n_dirty;

  count_pages (self, &n_pages, &n_dirty);
  dirty_size = iommuctl_numbers_describe_size (n_dirty * self->page_size);
  share = iommuctl_numbers_describe_share (n_dirty, n_pages);
  if (n_pages == 0)
    line = g_strdup_printf (_ ("Nothing is mapped in %s"), self->container_name);
  else
    line = g_strdup_printf (_ ("Dirty pages of %s: %" PRIu64 " of %" PRIu64 " pages of %s, %s, %s"),
                            self->container_name, n_dirty, n_pages, page_size, dirty_size, share);
  iommuctl_output_text (self->request->output, line);
}

static void
print_reading (IommuctlReading *self)
{
  g_autoptr (GVariant) record = result_record (self);

  if (iommuctl_output_is_json (self->request->output)
      || (self->counts->len > 1 && !iommuctl_request_has (self->request, "plot")))
    print_table (self, record);
  if (iommuctl_request_has (self->request, "plot") && self->counts->len > 0)
    print_picture (self);
  print_sum (self);
}

gboolean
iommuctl_dirty_read_run (IommuctlRequest *request, GError **error)
{
  g_auto (IommuctlReading) reading = { 0 };
  gboolean done = FALSE;

  if (!iommuctl_reading_prepare (&reading, request, error))
    return FALSE;
  done = iommuctl_reading_run (&reading, error);
  if (done || reading.counts->len > 0)
    print_reading (&reading);
  /* The first error is the one to report. */
  if (reading.file != NULL && !iommuctl_bitmap_file_close (reading.file, done ? error : NULL))
    done = FALSE;
  return done;
}
