/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* iommuctl dirty read: which pages devices have written to, as numbers, as a picture, or as the
 * bitmap itself. */
#include "config.h"

#include "bitmap-file.h"
#include "bitmap.h"
#include "command.h"
#include "exit-status.h"
#include "names.h"
#include "numbers.h"
#include "plot.h"
#include "wait.h"

#include <glib/gi18n.h>
#include <inttypes.h>

#define DEFAULT_PAGE_SIZE 4096
/* How much one call reads of everything that is mapped: 32 MiB of bitmap. The service allows far
 * more, but so neither side holds much. */
#define PAGES_OF_CALL (G_GUINT64_CONSTANT (1) << 28)

typedef struct
{
  IommuctlRequest *request;
  IommudDBusMemory *memory;
  IommudDBusDirtyTracking *tracking;
  char *container_name;
  guint64 page_size;
  GArray *mapped;     /* the mapped parts of the ranges, as far as they are known */
  GArray *ranges;     /* to be read, with a call for each */
  GArray *counts;     /* guint64: the dirty pages of each range that has been read */
  GPtrArray *bitmaps; /* kept for a picture only */
  IommuctlBitmapFile *file;
} Reading;

static void
reading_clear (Reading *self)
{
  g_clear_object (&self->memory);
  g_clear_object (&self->tracking);
  g_free (self->container_name);
  g_clear_pointer (&self->mapped, g_array_unref);
  g_clear_pointer (&self->ranges, g_array_unref);
  g_clear_pointer (&self->counts, g_array_unref);
  g_clear_pointer (&self->bitmaps, g_ptr_array_unref);
  g_clear_pointer (&self->file, iommuctl_bitmap_file_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Reading, reading_clear)

static gboolean
check_usage (IommuctlRequest *request, GError **error)
{
  const char *message = NULL;

  if (g_strv_length (request->arguments) == 2)
    message =
        _ ("dirty read needs LENGTH after IOVA; without both it reads everything that is mapped");
  else if (iommuctl_request_has (request, "plot") && iommuctl_output_is_json (request->output))
    message = _ ("--plot and --json exclude each other");
  if (message == NULL)
    return TRUE;
  g_set_error_literal (error, IOMMUCTL_ERROR, IOMMUCTL_EXIT_USAGE, message);
  return FALSE;
}

static gboolean
find_container (Reading *self, GError **error)
{
  IommudDBusClient *client = self->request->client;
  g_autoptr (IommudDBusContainer) container =
      iommuctl_names_find_container (client, self->request->arguments[0], error);

  if (container == NULL)
    return FALSE;
  self->container_name = iommud_dbus_container_dup_name (container);
  self->memory = iommuctl_names_find_memory (client, container, error);
  if (self->memory == NULL)
    return FALSE;
  self->tracking = iommuctl_names_find_dirty_tracking (client, container, error);
  return self->tracking != NULL;
}

static gboolean
reading_init (Reading *self, IommuctlRequest *request, GError **error)
{
  self->request = request;
  self->page_size = DEFAULT_PAGE_SIZE;
  g_variant_dict_lookup (request->values, "page-size", "t", &self->page_size);
  if (!check_usage (request, error) || !iommuctl_bitmap_check_page_size (self->page_size, error)
      || !find_container (self, error))
    return FALSE;
  self->counts = g_array_new (FALSE, FALSE, sizeof (guint64));
  self->bitmaps = g_ptr_array_new_with_free_func ((GDestroyNotify) iommuctl_bitmap_free);
  return TRUE;
}

static gboolean
fail_with_many_mappings (Reading *self, guint64 n_mappings, gsize n_listed, GError **error)
{
  g_set_error (error, IOMMUCTL_ERROR, IOMMUCTL_EXIT_LIMITS,
               _ ("%s has %" PRIu64 " mappings, and the service lists only the first %zu: "
                  "say what to read with IOVA and LENGTH"),
               self->container_name, n_mappings, n_listed);
  return FALSE;
}

/* If there is something to read, the service says this itself. */
static gboolean
check_active (Reading *self, GError **error)
{
  if (iommud_dbus_dirty_tracking_get_active (self->tracking))
    return TRUE;
  g_set_error (error, IOMMUCTL_ERROR, IOMMUCTL_EXIT_USAGE,
               _ ("Dirty tracking of %s is not active: 'iommuctl dirty start %s' starts it"),
               self->container_name, self->container_name);
  return FALSE;
}

/* A range that was asked for is read as it is. If not all mappings are known, all of it counts as
 * mapped. */
static gboolean
take_range (Reading *self, gboolean complete, GError **error)
{
  IommuctlRange range = { 0 };
  g_autoptr (GArray) all_mapped = g_steal_pointer (&self->mapped);

  if (!iommuctl_request_parse_range (self->request, 1, &range, error))
    return FALSE;
  self->ranges = g_array_new (FALSE, FALSE, sizeof (IommuctlRange));
  g_array_append_val (self->ranges, range);
  self->mapped = complete ? iommuctl_ranges_within (all_mapped, range) : g_array_ref (self->ranges);
  return TRUE;
}

static gboolean
choose_ranges (Reading *self, GError **error)
{
  g_autoptr (GVariant) mappings =
      iommud_dbus_read_property_sync (G_DBUS_PROXY (self->memory), "Mappings", NULL, error);
  guint64 n_mappings = iommud_dbus_memory_get_mapping_count (self->memory);
  gboolean complete = FALSE;

  if (mappings == NULL)
    return FALSE;
  complete = g_variant_n_children (mappings) >= n_mappings;
  self->mapped = iommuctl_ranges_of_mappings (mappings, self->page_size);
  if (self->request->arguments[1] != NULL)
    return take_range (self, complete, error);
  if (!complete)
    return fail_with_many_mappings (self, n_mappings, g_variant_n_children (mappings), error);
  self->ranges = iommuctl_ranges_split (self->mapped, PAGES_OF_CALL * self->page_size);
  return self->ranges->len > 0 || check_active (self, error);
}

static gboolean
open_output (Reading *self, GError **error)
{
  const char *path = NULL;
  guint64 size = 0;

  if (!g_variant_dict_lookup (self->request->values, "output", "&s", &path))
    return TRUE;
  for (guint i = 0; i < self->ranges->len; i++)
    size +=
        iommuctl_bitmap_size_for (g_array_index (self->ranges, IommuctlRange, i), self->page_size);
  self->file = iommuctl_bitmap_file_new (path, size, error);
  return self->file != NULL;
}

static GVariant *
read_options (Reading *self)
{
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_VARDICT);
  const char *tracker = NULL;

  if (iommuctl_request_has (self->request, "no-clear"))
    g_variant_builder_add (&builder, "{sv}", "no-clear", g_variant_new_boolean (TRUE));
  if (g_variant_dict_lookup (self->request->values, "tracker", "&s", &tracker))
    g_variant_builder_add (&builder, "{sv}", "tracker", g_variant_new_string (tracker));
  return g_variant_builder_end (&builder);
}

static gboolean
keep_bitmap (Reading *self, IommuctlRange range, GVariant *handle, GUnixFDList *files,
             GError **error)
{
  g_autoptr (IommuctlBitmap) bitmap =
      iommuctl_bitmap_new_from_reply (range, self->page_size, handle, files, error);

  if (bitmap == NULL
      || (self->file != NULL && !iommuctl_bitmap_file_write (self->file, bitmap->words, error)))
    return FALSE;
  if (iommuctl_request_has (self->request, "plot"))
    g_ptr_array_add (self->bitmaps, g_steal_pointer (&bitmap));
  return TRUE;
}

static void
on_interrupt (gpointer data, gpointer user_data)
{
  g_printerr ("iommuctl: %s\n", _ ("Interrupted: stopping after this range. Press Ctrl-C again to "
                                   "stop without waiting for it"));
}

static gboolean
fail_interrupted (const char *message, GError **error)
{
  g_set_error_literal (error, IOMMUCTL_ERROR, IOMMUCTL_EXIT_INTERRUPTED, message);
  return FALSE;
}

static gboolean
finish_range (Reading *self, IommuctlRange range, GAsyncResult *result, GError **error)
{
  g_autoptr (GVariant) handle = NULL;
  g_autoptr (GUnixFDList) files = NULL;
  g_autoptr (GError) local_error = NULL;
  guint64 n_dirty = 0;

  if (!iommud_dbus_dirty_tracking_call_read_bitmap_finish (self->tracking, &handle, &n_dirty,
                                                           &files, result, &local_error))
    {
      if (g_error_matches (local_error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        return fail_interrupted (
            _ ("Interrupted: count the whole range that was being read as dirty"), error);
      g_propagate_error (error, g_steal_pointer (&local_error));
      return FALSE;
    }
  if (!keep_bitmap (self, range, handle, files, error))
    return FALSE;
  g_array_append_val (self->counts, n_dirty);
  return TRUE;
}

static gboolean
read_range (Reading *self, IommuctlWait *wait, IommuctlRange range, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;

  iommud_dbus_dirty_tracking_call_read_bitmap (
      self->tracking, range.first, range.last - range.first + 1, self->page_size,
      read_options (self), G_DBUS_CALL_FLAGS_NONE, G_MAXINT, NULL,
      iommuctl_wait_get_cancellable (wait), iommuctl_wait_on_result, wait);
  result = iommuctl_wait_for_result (wait);
  return finish_range (self, range, result, error);
}

/* Ranges that have been read are clean now: they are shown even if a later one fails, or is not
 * read because of an interrupt. */
static gboolean
read_ranges (Reading *self, GError **error)
{
  g_autoptr (IommuctlWait) wait = iommuctl_wait_new (on_interrupt, self);
  gboolean done = TRUE;

  for (guint i = 0; done && i < self->ranges->len; i++)
    {
      if (iommuctl_wait_was_interrupted (wait))
        done = fail_interrupted (_ ("Interrupted: the other ranges are unchanged"), error);
      else
        done = read_range (self, wait, g_array_index (self->ranges, IommuctlRange, i), error);
      if (!done && i > 0)
        g_prefix_error (error, _ ("Only %u of %u ranges were read: "), i, self->ranges->len);
    }
  return done;
}

static GVariant *
range_record (Reading *self, guint index, guint64 file_offset)
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
range_records (Reading *self)
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
count_pages (Reading *self, guint64 *n_pages, guint64 *n_dirty)
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
result_record (Reading *self)
{
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_VARDICT);
  guint64 n_pages, n_dirty;

  count_pages (self, &n_pages, &n_dirty);
  g_variant_builder_add (
      &builder, "{sv}", "Container",
      g_variant_new_object_path (g_dbus_proxy_get_object_path (G_DBUS_PROXY (self->tracking))));
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
describe_length (GVariant *record, IommudDBusClient *client)
{
  guint64 length = 0;

  g_variant_lookup (record, "Length", "t", &length);
  return iommuctl_numbers_describe_size (length);
}

static char *
describe_share (GVariant *record, IommudDBusClient *client)
{
  guint64 n_pages = 0;
  guint64 n_dirty = 0;

  g_variant_lookup (record, "Pages", "t", &n_pages);
  g_variant_lookup (record, "DirtyPages", "t", &n_dirty);
  return iommuctl_numbers_describe_share (n_dirty, n_pages);
}

static void
print_table (Reading *self, GVariant *record)
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
print_picture (Reading *self)
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
print_sum (Reading *self)
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
print_reading (Reading *self)
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
  g_auto (Reading) reading = { 0 };
  gboolean done = FALSE;

  if (!reading_init (&reading, request, error) || !choose_ranges (&reading, error)
      || !open_output (&reading, error))
    return FALSE;
  done = read_ranges (&reading, error);
  if (done || reading.counts->len > 0)
    print_reading (&reading);
  /* The first error is the one to report. */
  if (reading.file != NULL && !iommuctl_bitmap_file_close (reading.file, done ? error : NULL))
    done = FALSE;
  return done;
}
