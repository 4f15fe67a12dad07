/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The reading of dirty pages, with a call for each range, which Ctrl-C may end early. */
#include "config.h"

#include "reading.h"

#include "bitmap.h"
#include "exit-status.h"
#include "names.h"

#include <glib/gi18n.h>
#include <inttypes.h>

/* How much of everything that is mapped one call reads: 32 MiB of bitmap. The service allows far
 * more, but this way neither side holds much memory. */
#define PAGES_OF_CALL (G_GUINT64_CONSTANT (1) << 28)

void
iommuctl_reading_clear (IommuctlReading *self)
{
  g_clear_object (&self->tracking);
  g_free (self->container);
  g_free (self->container_name);
  g_clear_pointer (&self->mapped, g_array_unref);
  g_clear_pointer (&self->ranges, g_array_unref);
  g_clear_pointer (&self->counts, g_array_unref);
  g_clear_pointer (&self->bitmaps, g_ptr_array_unref);
  g_clear_pointer (&self->file, iommuctl_bitmap_file_free);
}

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
find_container (IommuctlReading *self, GError **error)
{
  IommuctlService *service = self->request->service;

  self->container = iommuctl_names_find_container (service, self->request->arguments[0], error);
  if (self->container == NULL)
    return FALSE;
  self->container_name = iommuctl_names_of_path (service, self->container);
  self->tracking =
      iommuctl_service_new_proxy (service, self->container, IOMMUD_DBUS_TYPE_DIRTY_TRACKING_PROXY,
                                  IOMMUD_DBUS_DIRTY_TRACKING_INTERFACE, error);
  return self->tracking != NULL;
}

static gboolean
fail_with_many_mappings (IommuctlReading *self, guint64 n_mappings, gsize n_listed, GError **error)
{
  g_set_error (error, IOMMUCTL_ERROR, IOMMUCTL_EXIT_LIMITS,
               _ ("%s has %" PRIu64 " mappings, and the service lists only the first %zu: "
                  "say what to read with IOVA and LENGTH"),
               self->container_name, n_mappings, n_listed);
  return FALSE;
}

/* If there is something to read, the service itself reports this. */
static gboolean
check_active (IommuctlReading *self, GError **error)
{
  g_autoptr (GVariant) active =
      iommuctl_service_read (self->request->service, self->container,
                             IOMMUD_DBUS_DIRTY_TRACKING_INTERFACE, "Active", error);

  if (active == NULL || g_variant_get_boolean (active))
    return active != NULL;
  g_set_error (error, IOMMUCTL_ERROR, IOMMUCTL_EXIT_USAGE,
               _ ("Dirty tracking of %s is not active: 'iommuctl dirty start %s' starts it"),
               self->container_name, self->container_name);
  return FALSE;
}

/* A range that was asked for is read as it is. If not all mappings are known, all of it counts as
 * mapped. */
static gboolean
take_range (IommuctlReading *self, gboolean complete, GError **error)
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
choose_ranges (IommuctlReading *self, GError **error)
{
  g_autoptr (GVariant) memory = iommuctl_service_read_all (self->request->service, self->container,
                                                           IOMMUD_DBUS_MEMORY_INTERFACE, error);
  g_autoptr (GVariant) mappings = NULL;
  guint64 n_mappings = 0;
  gboolean complete = FALSE;

  if (memory == NULL)
    return FALSE;
  g_variant_lookup (memory, "Mappings", "@a(tttu)", &mappings);
  g_variant_lookup (memory, "MappingCount", "t", &n_mappings);
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
open_output (IommuctlReading *self, GError **error)
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

gboolean
iommuctl_reading_prepare (IommuctlReading *self, IommuctlRequest *request, GError **error)
{
  self->request = request;
  iommuctl_interrupt_finish_first (
      request->interrupt, _ ("Interrupted: stopping after this range. Press Ctrl-C again to stop "
                             "without waiting for it"));
  self->counts = g_array_new (FALSE, FALSE, sizeof (guint64));
  self->bitmaps = g_ptr_array_new_with_free_func ((GDestroyNotify) iommuctl_bitmap_free);
  return check_usage (request, error)
         && iommuctl_request_get_page_size (request, &self->page_size, error)
         && find_container (self, error) && choose_ranges (self, error)
         && open_output (self, error);
}

static GVariant *
read_options (IommuctlReading *self)
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
keep_bitmap (IommuctlReading *self, IommuctlRange range, GVariant *handle, GUnixFDList *files,
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

static gboolean
fail_interrupted (const char *message, GError **error)
{
  iommuctl_request_fail_interrupted (error, message);
  return FALSE;
}

static gboolean
read_range (IommuctlReading *self, IommuctlRange range, GError **error)
{
  g_autoptr (GVariant) handle = NULL;
  g_autoptr (GUnixFDList) files = NULL;
  g_autoptr (GError) local_error = NULL;
  guint64 n_dirty = 0;

  if (!iommud_dbus_dirty_tracking_call_read_bitmap_sync (
          self->tracking, range.first, range.last - range.first + 1, self->page_size,
          read_options (self), G_DBUS_CALL_FLAGS_ALLOW_INTERACTIVE_AUTHORIZATION, G_MAXINT, NULL,
          &handle, &n_dirty, &files, self->request->cancellable, &local_error))
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

/* Ranges that have been read are clean now: they are shown even if a later one fails, or is not
 * read because of an interrupt. */
gboolean
iommuctl_reading_run (IommuctlReading *self, GError **error)
{
  gboolean done = TRUE;

  for (guint i = 0; done && i < self->ranges->len; i++)
    {
      if (iommuctl_interrupt_was_interrupted (self->request->interrupt))
        done = fail_interrupted (_ ("Interrupted: the other ranges are unchanged"), error);
      else
        done = read_range (self, g_array_index (self->ranges, IommuctlRange, i), error);
      if (!done && i > 0)
        g_prefix_error (error, _ ("Only %u of %u ranges were read: "), i, self->ranges->len);
    }
  return done;
}
