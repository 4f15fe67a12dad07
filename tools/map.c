/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* iommuctl map and copy-mapping: memory becomes visible to the devices of a container. */
#include "config.h"

#include "command.h"
#include "exit-status.h"
#include "memory-file.h"
#include "names.h"
#include "numbers.h"
#include "progress.h"

#include <gio/gunixfdlist.h>
#include <glib/gi18n.h>
#include <glib/gstdio.h>
#include <inttypes.h>

typedef struct
{
  IommuctlRequest *request;
  IommudDBusMemory *memory;
  char *container;
  char *container_name;
  guint64 offset;
  guint64 length;
  guint64 iova;
  gboolean fixed;

  /* While the service maps. */
  IommuctlProgress *progress;
  GAsyncResult *result;
  guint64 mapped_before; /* the bytes of the container */
} MapCommand;

static void
map_clear (MapCommand *self)
{
  g_clear_pointer (&self->progress, iommuctl_progress_free);
  g_clear_object (&self->result);
  g_clear_object (&self->memory);
  g_free (self->container);
  g_free (self->container_name);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (MapCommand, map_clear)

/* The part to map ends at the end of the file if no length was given. */
static gboolean
choose_length (MapCommand *self, const char *path, guint64 size, GError **error)
{
  g_variant_dict_lookup (self->request->values, "offset", "t", &self->offset);
  if (g_variant_dict_lookup (self->request->values, "length", "t", &self->length))
    return TRUE;
  if (self->offset < size)
    {
      self->length = size - self->offset;
      return TRUE;
    }
  g_set_error (error, IOMMUCTL_ERROR, IOMMUCTL_EXIT_USAGE,
               _ ("Nothing is left to map in '%s': it has %" PRIu64 " bytes and the offset "
                  "is %" PRIu64),
               path, size, self->offset);
  return FALSE;
}

static gboolean
check_access (IommuctlRequest *request, GError **error)
{
  if (!iommuctl_request_has (request, "read-only") || !iommuctl_request_has (request, "write-only"))
    return TRUE;
  g_set_error_literal (error, IOMMUCTL_ERROR, IOMMUCTL_EXIT_USAGE,
                       _ ("--read-only and --write-only exclude each other"));
  return FALSE;
}

/* MapFile and CopyMapping take the same options. */
static GVariant *
map_options (MapCommand *self)
{
  gboolean readable = !iommuctl_request_has (self->request, "write-only");
  gboolean writable = !iommuctl_request_has (self->request, "read-only");

  return g_variant_new_parsed ("{'readable': <%b>, 'writable': <%b>, 'fixed': <%b>}", readable,
                               writable, self->fixed);
}

static gboolean
map_init (MapCommand *self, IommuctlRequest *request, GError **error)
{
  self->request = request;
  if (!check_access (request, error))
    return FALSE;
  self->fixed = g_variant_dict_lookup (request->values, "iova", "t", &self->iova);
  self->container = iommuctl_names_find_container (request->service, request->arguments[0], error);
  if (self->container == NULL)
    return FALSE;
  self->container_name = iommuctl_names_of_path (request->service, self->container);
  self->memory =
      iommuctl_service_new_watch (request->service, self->container, IOMMUD_DBUS_TYPE_MEMORY_PROXY,
                                  IOMMUD_DBUS_MEMORY_INTERFACE, error);
  return self->memory != NULL;
}

static void
on_mapped_bytes_changed (IommudDBusMemory *memory, GParamSpec *pspec, MapCommand *self)
{
  guint64 mapped = iommud_dbus_memory_get_mapped_bytes (memory);

  if (self->progress != NULL)
    iommuctl_progress_show (self->progress, mapped - MIN (mapped, self->mapped_before));
}

static void
on_result (GObject *source, GAsyncResult *result, gpointer user_data)
{
  MapCommand *self = user_data;

  self->result = g_object_ref (result);
}

/* The main loop runs so that the progress is seen. */
static gboolean
finish_map (MapCommand *self, GError **error)
{
  while (self->result == NULL)
    g_main_context_iteration (NULL, TRUE);
  g_clear_pointer (&self->progress, iommuctl_progress_free);
  return iommud_dbus_memory_call_map_file_finish (self->memory, &self->iova, NULL, self->result,
                                                  error);
}

static gboolean
map_file (MapCommand *self, int file, GError **error)
{
  g_autoptr (GUnixFDList) files = g_unix_fd_list_new ();
  g_autofree char *title = g_strdup_printf (_ ("Mapping into %s"), self->container_name);
  int index = g_unix_fd_list_append (files, file, error);
  gulong handler = 0;
  gboolean mapped = FALSE;

  if (index < 0)
    return FALSE;
  self->mapped_before = iommud_dbus_memory_get_mapped_bytes (self->memory);
  self->progress =
      iommuctl_progress_new (title, self->length, iommuctl_request_has (self->request, "quiet"));
  handler = g_signal_connect (self->memory, "notify::mapped-bytes",
                              G_CALLBACK (on_mapped_bytes_changed), self);
  iommud_dbus_memory_call_map_file (self->memory, g_variant_new_handle (index), self->offset,
                                    self->length, self->iova, map_options (self),
                                    G_DBUS_CALL_FLAGS_ALLOW_INTERACTIVE_AUTHORIZATION, G_MAXINT,
                                    files, self->request->cancellable, on_result, self);
  mapped = finish_map (self, error);
  g_signal_handler_disconnect (self->memory, handler);
  return mapped;
}

static GVariant *
result_record (MapCommand *self)
{
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_VARDICT);
  g_autofree char *address = iommuctl_numbers_describe_address (self->iova);

  g_variant_builder_add (&builder, "{sv}", "Container",
                         g_variant_new_object_path (self->container));
  g_variant_builder_add (&builder, "{sv}", "Iova", g_variant_new_string (address));
  g_variant_builder_add (&builder, "{sv}", "Length", g_variant_new_uint64 (self->length));
  return g_variant_builder_end (&builder);
}

static void
print_mapped (MapCommand *self, const char *source)
{
  g_autofree char *size = iommuctl_numbers_describe_exact_size (self->length);

  iommuctl_output_result (self->request->output, result_record (self),
                          _ ("Mapped %s of %s into %s at 0x%" PRIx64), size, source,
                          self->container_name, self->iova);
}

gboolean
iommuctl_map_run (IommuctlRequest *request, GError **error)
{
  const char *path = request->arguments[1];
  g_auto (MapCommand) map = { 0 };
  guint64 size = 0;
  int file = -1;
  gboolean mapped = FALSE;

  if (!map_init (&map, request, error))
    return FALSE;
  file =
      iommuctl_memory_file_open (path, !iommuctl_request_has (request, "read-only"), &size, error);
  if (file < 0)
    return FALSE;
  mapped = choose_length (&map, path, size, error) && map_file (&map, file, error);
  g_close (file, NULL);
  if (mapped)
    print_mapped (&map, path);
  return mapped;
}

gboolean
iommuctl_copy_mapping_run (IommuctlRequest *request, GError **error)
{
  g_auto (MapCommand) map = { 0 };
  g_autofree char *source = NULL;
  g_autofree char *source_name = NULL;
  guint64 source_iova = 0;

  if (!iommuctl_request_parse_argument (request, 2, "IOVA", &source_iova, error)
      || !iommuctl_request_parse_argument (request, 3, "LENGTH", &map.length, error)
      || !map_init (&map, request, error))
    return FALSE;
  source = iommuctl_names_find_container (request->service, request->arguments[1], error);
  if (source == NULL)
    return FALSE;
  if (!iommud_dbus_memory_call_copy_mapping_sync (map.memory, source, source_iova, map.length,
                                                  map.iova, map_options (&map),
                                                  G_DBUS_CALL_FLAGS_ALLOW_INTERACTIVE_AUTHORIZATION,
                                                  G_MAXINT, &map.iova, request->cancellable, error))
    return FALSE;
  source_name = iommuctl_names_of_path (request->service, source);
  print_mapped (&map, source_name);
  return TRUE;
}
