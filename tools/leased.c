/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A lease of devices, and what it has handed out.
 *
 * An answer brings the files of 14 devices at most: further ones are opened under the lease. */
#include "config.h"

#include "leased.h"

#include "exit-status.h"
#include "names.h"

#include <glib/gi18n.h>
#include <unistd.h>

#define MAX_AT_ONCE 14

/* What LeaseDevices answers. */
typedef struct
{
  GVariant *guard;
  GVariant *iommufd;
  GVariant *cdevs;
  GVariant *infos;
  GUnixFDList *files;
} HandedOut;

static void
handed_out_clear (HandedOut *self)
{
  g_clear_pointer (&self->guard, g_variant_unref);
  g_clear_pointer (&self->iommufd, g_variant_unref);
  g_clear_pointer (&self->cdevs, g_variant_unref);
  g_clear_pointer (&self->infos, g_variant_unref);
  g_clear_object (&self->files);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (HandedOut, handed_out_clear)

void
iommuctl_leased_close_files (IommuctlLeased *self)
{
  g_clear_pointer (&self->files, iommuctl_files_free);
}

void
iommuctl_leased_free (IommuctlLeased *self)
{
  iommuctl_leased_close_files (self);
  if (self->guard >= 0)
    close (self->guard);
  g_ptr_array_unref (self->devices);
  g_ptr_array_unref (self->buses);
  g_free (self->path);
  g_free (self->name);
  g_free (self);
}

/* Their object paths, up to a NULL. */
static GPtrArray *
find_devices (IommuctlRequest *request, GError **error)
{
  g_autoptr (GPtrArray) paths = g_ptr_array_new_with_free_func (g_free);

  for (guint i = 0; request->arguments[i] != NULL; i++)
    {
      char *path = iommuctl_names_find_device (request->service, request->arguments[i], error);

      if (path == NULL)
        return NULL;
      g_ptr_array_add (paths, path);
    }
  g_ptr_array_add (paths, NULL);
  return g_steal_pointer (&paths);
}

static gboolean
call_lease_devices (IommuctlLeased *self, IommuctlRequest *request, const char *const *paths,
                    HandedOut *answer, GError **error)
{
  g_autoptr (IommudDBusManager) manager = iommuctl_service_new_proxy (
      request->service, IOMMUD_DBUS_MANAGER_PATH, IOMMUD_DBUS_TYPE_MANAGER_PROXY,
      IOMMUD_DBUS_MANAGER_INTERFACE, error);

  return manager != NULL
         && iommud_dbus_manager_call_lease_devices_sync (
             manager, paths, iommuctl_request_method_options (request),
             G_DBUS_CALL_FLAGS_ALLOW_INTERACTIVE_AUTHORIZATION, G_MAXINT, NULL, &self->path,
             &answer->guard, &answer->iommufd, &answer->cdevs, &answer->infos, &answer->files,
             request->cancellable, error);
}

/* @index: of the request's arguments. */
static gboolean
take_device (IommuctlLeased *self, IommuctlRequest *request, guint index, const char *path,
             GUnixFDList *files, GVariant *handle, GVariant *info, GError **error)
{
  g_autofree char *name = iommuctl_names_of_path (request->service, path);
  char *bus = NULL;

  if (!iommuctl_files_add (self->files, name, request->arguments[index], files, handle, error))
    return FALSE;
  g_ptr_array_add (self->devices, g_steal_pointer (&name));
  g_variant_lookup (info, "bus", "s", &bus);
  g_ptr_array_add (self->buses, bus == NULL ? g_strdup ("") : bus);
  return TRUE;
}

static gboolean
take_devices (IommuctlLeased *self, IommuctlRequest *request, const char *const *paths,
              const HandedOut *answer, GError **error)
{
  gsize n = MIN (g_variant_n_children (answer->cdevs), g_variant_n_children (answer->infos));

  if (!iommuctl_files_add (self->files, "iommufd", NULL, answer->files, answer->iommufd, error))
    return FALSE;
  for (guint i = 0; i < n && paths[i] != NULL; i++)
    {
      g_autoptr (GVariant) cdev = g_variant_get_child_value (answer->cdevs, i);
      g_autoptr (GVariant) info = g_variant_get_child_value (answer->infos, i);

      if (!take_device (self, request, i, paths[i], answer->files, cdev, info, error))
        return FALSE;
    }
  return TRUE;
}

/* As many of the devices as an answer brings. */
static gboolean
lease_first (IommuctlLeased *self, IommuctlRequest *request, GPtrArray *paths, HandedOut *answer,
             GError **error)
{
  const char *first[MAX_AT_ONCE + 1] = { NULL };

  for (guint i = 0; i < MIN (paths->len - 1, MAX_AT_ONCE); i++)
    first[i] = g_ptr_array_index (paths, i);
  return call_lease_devices (self, request, first, answer, error)
         && take_devices (self, request, first, answer, error);
}

static gboolean
open_further (IommuctlLeased *self, IommuctlRequest *request, GPtrArray *paths, GError **error)
{
  g_autoptr (IommudDBusLease) lease =
      iommuctl_service_new_proxy (request->service, self->path, IOMMUD_DBUS_TYPE_LEASE_PROXY,
                                  IOMMUD_DBUS_LEASE_INTERFACE, error);

  if (lease == NULL)
    return FALSE;
  for (guint i = MAX_AT_ONCE; i < paths->len - 1; i++)
    {
      const char *path = g_ptr_array_index (paths, i);
      g_autoptr (GVariant) cdev = NULL;
      g_autoptr (GVariant) info = NULL;
      g_autoptr (GUnixFDList) files = NULL;

      if (!iommud_dbus_lease_call_open_device_sync (
              lease, path, g_variant_new ("a{sv}", NULL),
              G_DBUS_CALL_FLAGS_ALLOW_INTERACTIVE_AUTHORIZATION, G_MAXINT, NULL, &cdev, &info,
              &files, request->cancellable, error)
          || !take_device (self, request, i, path, files, cdev, info, error))
        return FALSE;
    }
  return TRUE;
}

/* Twice: for the program, and to see when the lease is released. */
static gboolean
take_guard (IommuctlLeased *self, const HandedOut *answer, GError **error)
{
  if (!iommuctl_files_add (self->files, "guard", NULL, answer->files, answer->guard, error))
    return FALSE;
  self->guard = g_unix_fd_list_get (answer->files, g_variant_get_handle (answer->guard), error);
  return self->guard >= 0;
}

IommuctlLeased *
iommuctl_leased_new (IommuctlRequest *request, GError **error)
{
  g_autoptr (IommuctlLeased) self = g_new0 (IommuctlLeased, 1);
  g_autoptr (GPtrArray) paths = find_devices (request, error);
  g_auto (HandedOut) answer = { 0 };

  self->guard = -1;
  self->devices = g_ptr_array_new_with_free_func (g_free);
  self->buses = g_ptr_array_new_with_free_func (g_free);
  self->files = iommuctl_files_new ();
  if (paths == NULL || !lease_first (self, request, paths, &answer, error)
      || !open_further (self, request, paths, error) || !take_guard (self, &answer, error))
    return NULL;
  self->name = iommuctl_names_of_path (request->service, self->path);
  g_ptr_array_add (self->devices, NULL);
  return g_steal_pointer (&self);
}
