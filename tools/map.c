/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* iommuctl map and copy-mapping: memory becomes visible to the devices of a container. */
#include "config.h"

#include "command.h"
#include "exit-status.h"
#include "names.h"
#include "numbers.h"
#include "progress.h"
#include "wait.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gunixfdlist.h>
#include <glib/gi18n.h>
#include <glib/gstdio.h>
#include <inttypes.h>
#include <sys/stat.h>

typedef struct
{
  IommuctlRequest *request;
  IommudDBusMemory *memory;
  char *container_name;
  guint64 offset;
  guint64 length;
  guint64 iova;
  gboolean fixed;

  /* While the service maps. */
  IommuctlProgress *progress;
  guint64 mapped_before; /* the bytes of the container */
} MapCommand;

static void
map_clear (MapCommand *self)
{
  g_clear_pointer (&self->progress, iommuctl_progress_free);
  g_clear_object (&self->memory);
  g_free (self->container_name);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (MapCommand, map_clear)

static gboolean
fail_file (const char *path, int errnum, GError **error)
{
  IommuctlExitStatus status = IOMMUCTL_EXIT_FAILED;

  if (errnum == ENOENT || errnum == ENOTDIR)
    status = IOMMUCTL_EXIT_NOT_FOUND;
  else if (errnum == EACCES || errnum == EPERM || errnum == EROFS)
    status = IOMMUCTL_EXIT_NOT_AUTHORIZED;
  g_set_error (error, IOMMUCTL_ERROR, status, _ ("Cannot open %s: %s"), path, g_strerror (errnum));
  return FALSE;
}

/* Opening must not wait for a device or a pipe, and must not take a terminal. */
static gboolean
open_file (const char *path, gboolean writable, int *file, guint64 *size, GError **error)
{
  struct stat status;

  *file = g_open (path, (writable ? O_RDWR : O_RDONLY) | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0);
  if (*file < 0 || fstat (*file, &status) != 0)
    return fail_file (path, errno, error);
  if (!S_ISREG (status.st_mode))
    {
      g_set_error (error, IOMMUCTL_ERROR, IOMMUCTL_EXIT_USAGE,
                   _ ("%s is not a regular file: only a memfd or a file on tmpfs or hugetlbfs "
                      "can be mapped"),
                   path);
      return FALSE;
    }
  *size = status.st_size;
  return TRUE;
}

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
               _ ("Nothing is left to map in %s: it has %" PRIu64 " bytes and the offset "
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
  g_autoptr (IommudDBusContainer) container = NULL;

  self->request = request;
  if (!check_access (request, error))
    return FALSE;
  self->fixed = g_variant_dict_lookup (request->values, "iova", "t", &self->iova);
  container = iommuctl_names_find_container (request->client, request->arguments[0], error);
  if (container == NULL)
    return FALSE;
  self->container_name = iommud_dbus_container_dup_name (container);
  self->memory = iommuctl_names_find_memory (request->client, container, error);
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
on_interrupt (gpointer data, gpointer user_data)
{
  MapCommand *self = user_data;

  iommuctl_progress_tell (self->progress,
                          _ ("Interrupted: it will be unmapped as soon as all of it is mapped. "
                             "Press Ctrl-C again to leave it mapped"));
}

static gboolean
fail_left (MapCommand *self, GError **error)
{
  g_autofree char *size = iommuctl_numbers_describe_size (self->length);

  g_set_error (error, IOMMUCTL_ERROR, IOMMUCTL_EXIT_INTERRUPTED,
               _ ("Interrupted: the service goes on mapping %s into %s; 'iommuctl mappings %s' "
                  "lists it and 'iommuctl unmap' unmaps it"),
               size, self->container_name, self->container_name);
  return FALSE;
}

static gboolean
take_back (MapCommand *self, GError **error)
{
  g_autoptr (GError) local_error = NULL;
  g_autofree char *message = NULL;

  if (iommud_dbus_memory_call_unmap_sync (self->memory, self->iova, self->length,
                                          g_variant_new ("a{sv}", NULL), G_DBUS_CALL_FLAGS_NONE,
                                          G_MAXINT, NULL, NULL, &local_error))
    {
      g_set_error_literal (error, IOMMUCTL_ERROR, IOMMUCTL_EXIT_INTERRUPTED,
                           _ ("Interrupted: it was unmapped again"));
      return FALSE;
    }
  message = iommuctl_error_message (local_error);
  g_set_error (error, IOMMUCTL_ERROR, IOMMUCTL_EXIT_INTERRUPTED,
               _ ("Interrupted: %" PRIu64 " bytes at 0x%" PRIx64 " in %s are still mapped: %s"),
               self->length, self->iova, self->container_name, message);
  return FALSE;
}

/* The making of a mapping cannot be stopped, but it can be unmapped afterwards. */
static gboolean
finish_map (MapCommand *self, IommuctlWait *wait, GError **error)
{
  g_autoptr (GAsyncResult) result = iommuctl_wait_for_result (wait);
  g_autoptr (GError) local_error = NULL;

  g_clear_pointer (&self->progress, iommuctl_progress_free);
  if (iommud_dbus_memory_call_map_file_finish (self->memory, &self->iova, NULL, result,
                                               &local_error))
    return !iommuctl_wait_was_interrupted (wait) || take_back (self, error);
  if (g_error_matches (local_error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return fail_left (self, error);
  g_propagate_error (error, g_steal_pointer (&local_error));
  return FALSE;
}

static gboolean
map_file (MapCommand *self, int file, GError **error)
{
  g_autoptr (GUnixFDList) files = g_unix_fd_list_new ();
  g_autoptr (IommuctlWait) wait = iommuctl_wait_new (on_interrupt, self);
  g_autofree char *title = g_strdup_printf (_ ("Mapping into %s"), self->container_name);
  int index = g_unix_fd_list_append (files, file, error);
  gulong handler = 0;
  gboolean mapped = FALSE;

  if (index < 0)
    return FALSE;
  self->progress =
      iommuctl_progress_new (title, self->length, iommuctl_request_has (self->request, "quiet"));
  self->mapped_before = iommud_dbus_memory_get_mapped_bytes (self->memory);
  handler = g_signal_connect (self->memory, "notify::mapped-bytes",
                              G_CALLBACK (on_mapped_bytes_changed), self);
  iommud_dbus_memory_call_map_file (
      self->memory, g_variant_new_handle (index), self->offset, self->length, self->iova,
      map_options (self), G_DBUS_CALL_FLAGS_NONE, G_MAXINT, files,
      iommuctl_wait_get_cancellable (wait), iommuctl_wait_on_result, wait);
  mapped = finish_map (self, wait, error);
  g_signal_handler_disconnect (self->memory, handler);
  return mapped;
}

static GVariant *
result_record (MapCommand *self)
{
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_VARDICT);
  g_autofree char *address = iommuctl_numbers_describe_address (self->iova);

  g_variant_builder_add (
      &builder, "{sv}", "Container",
      g_variant_new_object_path (g_dbus_proxy_get_object_path (G_DBUS_PROXY (self->memory))));
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
  mapped = open_file (path, !iommuctl_request_has (request, "read-only"), &file, &size, error)
           && choose_length (&map, path, size, error) && map_file (&map, file, error);
  if (file >= 0)
    g_close (file, NULL);
  if (mapped)
    print_mapped (&map, path);
  return mapped;
}

gboolean
iommuctl_copy_mapping_run (IommuctlRequest *request, GError **error)
{
  g_auto (MapCommand) map = { 0 };
  g_autoptr (IommudDBusContainer) source = NULL;
  g_autofree char *source_name = NULL;
  guint64 source_iova = 0;

  if (!iommuctl_request_parse_argument (request, 2, "IOVA", &source_iova, error)
      || !iommuctl_request_parse_argument (request, 3, "LENGTH", &map.length, error)
      || !map_init (&map, request, error))
    return FALSE;
  source = iommuctl_names_find_container (request->client, request->arguments[1], error);
  if (source == NULL)
    return FALSE;
  if (!iommud_dbus_memory_call_copy_mapping_sync (
          map.memory, g_dbus_proxy_get_object_path (G_DBUS_PROXY (source)), source_iova, map.length,
          map.iova, map_options (&map), G_DBUS_CALL_FLAGS_NONE, G_MAXINT, &map.iova, NULL, error))
    return FALSE;
  source_name = iommud_dbus_container_dup_name (source);
  print_mapped (&map, source_name);
  return TRUE;
}
