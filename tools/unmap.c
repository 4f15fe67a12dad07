/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* iommuctl unmap: takes memory from the devices of a container and, if wanted, reads for a last
 * time which of its pages they have written to. */
#include "config.h"

#include "bitmap-file.h"
#include "bitmap.h"
#include "command.h"
#include "exit-status.h"
#include "names.h"
#include "numbers.h"

#include <glib/gi18n.h>
#include <inttypes.h>

typedef struct
{
  IommuctlRequest *request;
  char *container;
  IommuctlRange range;
  guint64 page_size;
  IommuctlBitmapFile *file; /* NULL: no bitmap is wanted */
  guint64 n_bytes;
  guint64 n_dirty;
} UnmapCommand;

static void
unmap_clear (UnmapCommand *self)
{
  g_clear_pointer (&self->file, iommuctl_bitmap_file_free);
  g_free (self->container);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (UnmapCommand, unmap_clear)

static gboolean
check_usage (IommuctlRequest *request, GError **error)
{
  gboolean all = iommuctl_request_has (request, "all");
  guint n_arguments = g_strv_length (request->arguments);
  const char *message = NULL;

  if (all && n_arguments > 1)
    message = _ ("--all and a range exclude each other");
  else if (!all && n_arguments < 3)
    message = _ ("unmap needs a range or --all: iommuctl unmap CONTAINER IOVA LENGTH");
  else if (all && iommuctl_request_has (request, "dirty-bitmap"))
    message =
        _ ("--dirty-bitmap needs a range; 'iommuctl dirty read' reads the bitmap of everything");
  else if (iommuctl_request_has (request, "page-size")
           && !iommuctl_request_has (request, "dirty-bitmap"))
    message = _ ("--page-size needs --dirty-bitmap");
  if (message == NULL)
    return TRUE;
  g_set_error_literal (error, IOMMUCTL_ERROR, IOMMUCTL_EXIT_USAGE, message);
  return FALSE;
}

static gboolean
open_bitmap_file (UnmapCommand *self, GError **error)
{
  const char *path = NULL;

  if (!g_variant_dict_lookup (self->request->values, "dirty-bitmap", "&s", &path))
    return TRUE;
  if (!iommuctl_request_get_page_size (self->request, &self->page_size, error))
    return FALSE;
  self->file = iommuctl_bitmap_file_new (
      path, iommuctl_bitmap_size_for (self->range, self->page_size), error);
  return self->file != NULL;
}

static GVariant *
no_options (void)
{
  return g_variant_new ("a{sv}", NULL);
}

static gboolean
keep_bitmap (UnmapCommand *self, GVariant *handle, GUnixFDList *files, GError **error)
{
  g_autoptr (IommuctlBitmap) bitmap =
      iommuctl_bitmap_new_from_reply (self->range, self->page_size, handle, files, error);

  if (bitmap == NULL)
    {
      g_prefix_error (error, "%s", _ ("The range was unmapped, but its bitmap is lost: "));
      return FALSE;
    }
  return iommuctl_bitmap_file_write (self->file, bitmap->words, error)
         && iommuctl_bitmap_file_close (self->file, error);
}

/* The service reads the bitmap once: a program that does not wait for the reply loses it. */
static gboolean
unmap_with_bitmap (UnmapCommand *self, GError **error)
{
  g_autoptr (IommudDBusDirtyTracking) tracking = iommuctl_service_new_proxy (
      self->request->service, self->container, IOMMUD_DBUS_TYPE_DIRTY_TRACKING_PROXY,
      IOMMUD_DBUS_DIRTY_TRACKING_INTERFACE, error);
  g_autoptr (GVariant) handle = NULL;
  g_autoptr (GUnixFDList) files = NULL;

  if (tracking == NULL)
    return FALSE;
  iommuctl_interrupt_finish_first (self->request->interrupt,
                                   _ ("Interrupted: the service finishes what it has begun. Press "
                                      "Ctrl-C again to stop without waiting for it"));
  if (iommud_dbus_dirty_tracking_call_unmap_and_read_bitmap_sync (
          tracking, self->range.first, self->range.last - self->range.first + 1, self->page_size,
          no_options (), G_DBUS_CALL_FLAGS_ALLOW_INTERACTIVE_AUTHORIZATION, G_MAXINT, NULL,
          &self->n_bytes, &handle, &self->n_dirty, &files, self->request->cancellable, error))
    return keep_bitmap (self, handle, files, error);
  if (error != NULL && g_error_matches (*error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    iommuctl_request_fail_interrupted (error, _ ("Interrupted: count what is unmapped as dirty; "
                                                 "'iommuctl mappings' lists the rest"));
  return FALSE;
}

static IommudDBusMemory *
new_memory (UnmapCommand *self, GError **error)
{
  return iommuctl_service_new_proxy (self->request->service, self->container,
                                     IOMMUD_DBUS_TYPE_MEMORY_PROXY, IOMMUD_DBUS_MEMORY_INTERFACE,
                                     error);
}

static gboolean
unmap_range (UnmapCommand *self, GError **error)
{
  g_autoptr (IommudDBusMemory) memory = NULL;

  if (!iommuctl_request_parse_range (self->request, 1, &self->range, error)
      || !open_bitmap_file (self, error))
    return FALSE;
  if (self->file != NULL)
    return unmap_with_bitmap (self, error);
  memory = new_memory (self, error);
  return memory != NULL
         && iommud_dbus_memory_call_unmap_sync (
             memory, self->range.first, self->range.last - self->range.first + 1, no_options (),
             G_DBUS_CALL_FLAGS_ALLOW_INTERACTIVE_AUTHORIZATION, G_MAXINT, &self->n_bytes,
             self->request->cancellable, error);
}

static gboolean
unmap_all (UnmapCommand *self, GError **error)
{
  g_autoptr (IommudDBusMemory) memory = new_memory (self, error);

  return memory != NULL
         && iommud_dbus_memory_call_unmap_all_sync (
             memory, no_options (), G_DBUS_CALL_FLAGS_ALLOW_INTERACTIVE_AUTHORIZATION, G_MAXINT,
             &self->n_bytes, self->request->cancellable, error);
}

static GVariant *
result_record (UnmapCommand *self)
{
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_VARDICT);

  g_variant_builder_add (&builder, "{sv}", "Container",
                         g_variant_new_object_path (self->container));
  g_variant_builder_add (&builder, "{sv}", "UnmappedBytes", g_variant_new_uint64 (self->n_bytes));
  if (self->file != NULL)
    {
      g_variant_builder_add (&builder, "{sv}", "PageSize", g_variant_new_uint64 (self->page_size));
      g_variant_builder_add (&builder, "{sv}", "DirtyPages", g_variant_new_uint64 (self->n_dirty));
      g_variant_builder_add (&builder, "{sv}", "Output",
                             g_variant_new_string (iommuctl_bitmap_file_get_path (self->file)));
    }
  return g_variant_builder_end (&builder);
}

static void
print_unmapped (UnmapCommand *self)
{
  g_autofree char *container_name =
      iommuctl_names_of_path (self->request->service, self->container);
  g_autofree char *size = iommuctl_numbers_describe_exact_size (self->n_bytes);
  g_autofree char *page_size = iommuctl_numbers_describe_size (self->page_size);

  if (self->file == NULL)
    iommuctl_output_result (self->request->output, result_record (self), _ ("Unmapped %s from %s"),
                            size, container_name);
  else
    iommuctl_output_result (self->request->output, result_record (self),
                            _ ("Unmapped %s from %s; dirty pages of %s: %" PRIu64 ", bitmap in %s"),
                            size, container_name, page_size, self->n_dirty,
                            iommuctl_bitmap_file_get_path (self->file));
}

gboolean
iommuctl_unmap_run (IommuctlRequest *request, GError **error)
{
  g_auto (UnmapCommand) unmap = { .request = request };

  if (!check_usage (request, error))
    return FALSE;
  unmap.container = iommuctl_names_find_container (request->service, request->arguments[0], error);
  if (unmap.container == NULL)
    return FALSE;
  if (!(iommuctl_request_has (request, "all") ? unmap_all : unmap_range) (&unmap, error))
    return FALSE;
  print_unmapped (&unmap);
  return TRUE;
}
