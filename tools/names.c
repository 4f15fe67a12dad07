/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The names that are accepted: object paths, device names, container names and numbers, and
 * CONTAINER/NUMBER for a HWPT. */
#include "config.h"

#include "names.h"

#include "exit-status.h"

#include <glib/gi18n.h>
#include <string.h>

#define HWPTS_FOLDER "/hwpts/"

static gboolean
is_not_found (const GError *error)
{
  return g_error_matches (error, IOMMUD_DBUS_ERROR, IOMMUD_DBUS_ERROR_NOT_FOUND);
}

static gboolean
is_number (const char *text)
{
  return *text != '\0' && strspn (text, "0123456789") == strlen (text);
}

static gboolean
is_path_of (const char *path, const char *folder)
{
  return g_str_has_prefix (path, folder) && path[strlen (folder)] == '/';
}

static gboolean
is_path_of_hwpt (const char *path)
{
  return is_path_of (path, IOMMUD_DBUS_CONTAINERS_PATH) && strstr (path, HWPTS_FOLDER) != NULL;
}

/* lspci leaves out the domain 0000, and so do people. */
static char *
complete_device_name (const char *name)
{
  if (g_regex_match_simple ("^[0-9a-f]{2}:[0-9a-f]{2}\\.[0-7]$", name, G_REGEX_CASELESS, 0))
    {
      g_autofree char *lower = g_ascii_strdown (name, -1);

      return g_strconcat ("0000:", lower, NULL);
    }
  return g_strdup (name);
}

IommudDBusDevice *
iommuctl_names_find_device (IommudDBusClient *client, const char *name, GError **error)
{
  g_autofree char *full_name = complete_device_name (name);
  g_autoptr (GError) local_error = NULL;
  IommudDBusDevice *device = iommud_dbus_client_find_device (client, full_name, NULL, &local_error);

  if (device != NULL)
    return device;
  if (is_not_found (local_error))
    g_set_error (error, IOMMUD_DBUS_ERROR, IOMMUD_DBUS_ERROR_NOT_FOUND,
                 _ ("No VFIO device is called '%s'. 'iommuctl devices' lists them all"), name);
  else
    g_propagate_error (error, g_steal_pointer (&local_error));
  return NULL;
}

/* No container's name is a number, so a number is that of its object path. */
IommudDBusContainer *
iommuctl_names_find_container (IommudDBusClient *client, const char *name, GError **error)
{
  g_autoptr (GError) local_error = NULL;
  IommudDBusContainer *container =
      iommud_dbus_client_find_container (client, name, NULL, &local_error);

  if (container == NULL && is_not_found (local_error) && is_number (name))
    {
      g_autofree char *path = g_strconcat (IOMMUD_DBUS_CONTAINERS_PATH "/", name, NULL);

      g_clear_error (&local_error);
      container = iommud_dbus_client_find_container (client, path, NULL, &local_error);
    }
  if (container != NULL)
    return container;
  if (is_not_found (local_error))
    g_set_error (error, IOMMUD_DBUS_ERROR, IOMMUD_DBUS_ERROR_NOT_FOUND,
                 _ ("No container is called '%s'. 'iommuctl containers' lists them all"), name);
  else
    g_propagate_error (error, g_steal_pointer (&local_error));
  return NULL;
}

IommudDBusMemory *
iommuctl_names_find_memory (IommudDBusClient *client, IommudDBusContainer *container,
                            GError **error)
{
  const char *path = g_dbus_proxy_get_object_path (G_DBUS_PROXY (container));

  return iommud_dbus_client_find_memory (client, path, NULL, error);
}

IommudDBusDirtyTracking *
iommuctl_names_find_dirty_tracking (IommudDBusClient *client, IommudDBusContainer *container,
                                    GError **error)
{
  const char *path = g_dbus_proxy_get_object_path (G_DBUS_PROXY (container));

  return iommud_dbus_client_find_dirty_tracking (client, path, NULL, error);
}

/* Turns CONTAINER/NUMBER into the path of a HWPT; an error if the text has another form. */
static char *
hwpt_path_of_name (IommudDBusClient *client, const char *name, GError **error)
{
  const char *slash = strrchr (name, '/');
  g_autofree char *container_name = NULL;
  g_autoptr (IommudDBusContainer) container = NULL;

  if (slash == NULL || slash == name || !is_number (slash + 1))
    {
      g_set_error (error, IOMMUD_DBUS_ERROR, IOMMUD_DBUS_ERROR_NOT_FOUND,
                   _ ("'%s' is not a HWPT: a HWPT is called CONTAINER/NUMBER, as in "
                      "'iommuctl tree'"),
                   name);
      return NULL;
    }
  container_name = g_strndup (name, slash - name);
  container = iommuctl_names_find_container (client, container_name, error);
  if (container == NULL)
    return NULL;
  return g_strconcat (g_dbus_proxy_get_object_path (G_DBUS_PROXY (container)), HWPTS_FOLDER,
                      slash + 1, NULL);
}

IommudDBusHwpt *
iommuctl_names_find_hwpt (IommudDBusClient *client, const char *name, GError **error)
{
  g_autoptr (GError) local_error = NULL;
  g_autofree char *path = NULL;
  IommudDBusHwpt *hwpt = NULL;

  if (is_path_of_hwpt (name))
    path = g_strdup (name);
  else
    path = hwpt_path_of_name (client, name, error);
  if (path == NULL)
    return NULL;
  hwpt = iommud_dbus_client_find_hwpt (client, path, NULL, &local_error);
  if (hwpt != NULL)
    return hwpt;
  if (is_not_found (local_error))
    g_set_error (error, IOMMUD_DBUS_ERROR, IOMMUD_DBUS_ERROR_NOT_FOUND,
                 _ ("There is no HWPT '%s'. 'iommuctl tree' shows them all"), name);
  else
    g_propagate_error (error, g_steal_pointer (&local_error));
  return NULL;
}

static GDBusProxy *
find_by_path (IommudDBusClient *client, const char *path, GError **error)
{
  if (is_path_of (path, IOMMUD_DBUS_DEVICES_PATH))
    return (GDBusProxy *) iommuctl_names_find_device (client, path, error);
  if (is_path_of_hwpt (path))
    return (GDBusProxy *) iommuctl_names_find_hwpt (client, path, error);
  return (GDBusProxy *) iommuctl_names_find_container (client, path, error);
}

GDBusProxy *
iommuctl_names_find (IommudDBusClient *client, const char *name, GError **error)
{
  g_autoptr (GError) local_error = NULL;
  gpointer found = NULL;

  if (is_path_of (name, IOMMUD_DBUS_ROOT_PATH))
    return find_by_path (client, name, error);
  found = iommuctl_names_find_device (client, name, &local_error);
  if (found == NULL && is_not_found (local_error))
    {
      g_clear_error (&local_error);
      found = iommuctl_names_find_container (client, name, &local_error);
    }
  if (found == NULL && is_not_found (local_error) && strchr (name, '/') != NULL)
    {
      g_clear_error (&local_error);
      found = iommuctl_names_find_hwpt (client, name, &local_error);
    }
  if (found != NULL)
    return found;
  if (is_not_found (local_error) && strchr (name, '/') == NULL)
    g_set_error (error, IOMMUD_DBUS_ERROR, IOMMUD_DBUS_ERROR_NOT_FOUND,
                 _ ("No device or container is called '%s'. 'iommuctl tree' shows them all"), name);
  else
    g_propagate_error (error, g_steal_pointer (&local_error));
  return NULL;
}

/* The property Name of a listed object, or NULL. */
static char *
listed_name (IommudDBusClient *client, const char *path, const char *interface_name)
{
  GDBusObjectManager *manager = iommud_dbus_client_get_object_manager (client);
  g_autoptr (GDBusInterface) interface =
      g_dbus_object_manager_get_interface (manager, path, interface_name);
  g_autoptr (GVariant) name = NULL;

  if (interface != NULL)
    name = g_dbus_proxy_get_cached_property (G_DBUS_PROXY (interface), "Name");
  return name == NULL ? NULL : g_variant_dup_string (name, NULL);
}

static char *
name_of_hwpt (IommudDBusClient *client, const char *path)
{
  const char *folder = strstr (path, HWPTS_FOLDER);
  g_autofree char *container_path = g_strndup (path, folder - path);
  g_autofree char *container_name = iommuctl_names_of_path (client, container_path);

  return g_strconcat (container_name, "/", folder + strlen (HWPTS_FOLDER), NULL);
}

char *
iommuctl_names_of_path (IommudDBusClient *client, const char *path)
{
  char *name = NULL;

  if (g_str_equal (path, IOMMUD_DBUS_NO_PATH))
    return g_strdup ("-");
  if (is_path_of_hwpt (path))
    return name_of_hwpt (client, path);
  if (is_path_of (path, IOMMUD_DBUS_DEVICES_PATH))
    name = listed_name (client, path, IOMMUD_DBUS_DEVICE_INTERFACE);
  else
    name = listed_name (client, path, IOMMUD_DBUS_CONTAINER_INTERFACE);
  return name == NULL ? g_path_get_basename (path) : name;
}
