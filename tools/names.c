/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The names that are accepted: object paths, device names, names and numbers of containers and
 * leases, and CONTAINER/NUMBER for a HWPT. */
#include "config.h"

#include "names.h"

#include "device-name.h"
#include "records.h"
#include "shortened.h"

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
  return g_str_has_prefix (path, folder) && path[strlen (folder)] == '/'
         && g_variant_is_object_path (path);
}

static gboolean
is_path_of_hwpt (const char *path)
{
  return is_path_of (path, IOMMUD_DBUS_CONTAINERS_PATH) && strstr (path, HWPTS_FOLDER) != NULL;
}

const char *
iommuctl_names_get_interface (const char *path)
{
  if (is_path_of (path, IOMMUD_DBUS_DEVICES_PATH))
    return IOMMUD_DBUS_DEVICE_INTERFACE;
  if (is_path_of (path, IOMMUD_DBUS_LEASES_PATH))
    return IOMMUD_DBUS_LEASE_INTERFACE;
  return is_path_of_hwpt (path) ? IOMMUD_DBUS_HWPT_INTERFACE : IOMMUD_DBUS_CONTAINER_INTERFACE;
}

/* Replaces the error for something that is not there with one in words of the command line, which
 * is taken; returns NULL. */
static char *
fail (GError **error, GError *cause, char *message)
{
  g_autofree char *own_message = message;

  if (is_not_found (cause))
    g_set_error_literal (error, IOMMUD_DBUS_ERROR, IOMMUD_DBUS_ERROR_NOT_FOUND, own_message);
  else
    g_propagate_error (error, g_error_copy (cause));
  g_error_free (cause);
  return NULL;
}

/* The path itself if an object is there. The service is asked for a property that each such object
 * has. */
static char *
check_path (IommuctlService *service, const char *path, GError **error)
{
  const char *interface_name = iommuctl_names_get_interface (path);
  const char *property =
      g_str_equal (interface_name, IOMMUD_DBUS_HWPT_INTERFACE) ? "HwptId" : "Name";
  g_autoptr (GVariant) value =
      iommuctl_service_read (service, path, interface_name, property, error);

  return value == NULL ? NULL : g_strdup (path);
}

static char *
ask_manager (IommuctlService *service, const char *name,
             gboolean (*find) (IommudDBusManager *, const char *, GDBusCallFlags, int, char **,
                               GCancellable *, GError **),
             GError **error)
{
  g_autoptr (IommudDBusManager) manager =
      iommuctl_service_new_proxy (service, IOMMUD_DBUS_MANAGER_PATH, IOMMUD_DBUS_TYPE_MANAGER_PROXY,
                                  IOMMUD_DBUS_MANAGER_INTERFACE, error);
  char *path = NULL;

  if (manager != NULL)
    find (manager, name, G_DBUS_CALL_FLAGS_NONE, -1, &path,
          iommuctl_service_get_cancellable (service), error);
  return path;
}

char *
iommuctl_names_find_device (IommuctlService *service, const char *name, GError **error)
{
  GError *local_error = NULL;
  char *path = NULL;

  if (is_path_of (name, IOMMUD_DBUS_DEVICES_PATH))
    path = check_path (service, name, &local_error);
  else if (iommuctl_shortened_is (name))
    path = iommuctl_shortened_find (service, name, IOMMUD_DBUS_DEVICE_INTERFACE, &local_error);
  else
    {
      g_autofree char *full_name = iommuctl_device_name_complete (name);

      path =
          ask_manager (service, full_name, iommud_dbus_manager_call_find_device_sync, &local_error);
    }
  if (path != NULL)
    return path;
  return fail (error, local_error,
               g_strdup_printf (
                   _ ("No VFIO device is called '%s'. 'iommuctl devices' lists them all"), name));
}

/* No container's name is a number, so a number is that of its object path. */
char *
iommuctl_names_find_container (IommuctlService *service, const char *name, GError **error)
{
  GError *local_error = NULL;
  char *path = NULL;

  if (is_path_of (name, IOMMUD_DBUS_CONTAINERS_PATH) && !is_path_of_hwpt (name))
    path = check_path (service, name, &local_error);
  else if (iommuctl_shortened_is (name))
    path = iommuctl_shortened_find (service, name, IOMMUD_DBUS_CONTAINER_INTERFACE, &local_error);
  else if (is_number (name))
    {
      g_autofree char *numbered = g_strconcat (IOMMUD_DBUS_CONTAINERS_PATH "/", name, NULL);

      path = check_path (service, numbered, &local_error);
    }
  else
    path = ask_manager (service, name, iommud_dbus_manager_call_find_container_sync, &local_error);
  if (path != NULL)
    return path;
  return fail (error, local_error,
               g_strdup_printf (
                   _ ("No container is called '%s'. 'iommuctl containers' lists them all"), name));
}

/* Turns CONTAINER/NUMBER into the path of a HWPT; an error if the text has another form. */
static char *
hwpt_path_of_name (IommuctlService *service, const char *name, GError **error)
{
  const char *slash = strrchr (name, '/');
  g_autofree char *container_name = NULL;
  g_autofree char *container = NULL;

  if (slash == NULL || slash == name || !is_number (slash + 1))
    {
      g_set_error (error, IOMMUD_DBUS_ERROR, IOMMUD_DBUS_ERROR_NOT_FOUND,
                   _ ("'%s' is not a HWPT: a HWPT is called CONTAINER/NUMBER, as in "
                      "'iommuctl tree'"),
                   name);
      return NULL;
    }
  container_name = g_strndup (name, slash - name);
  container = iommuctl_names_find_container (service, container_name, error);
  if (container == NULL)
    return NULL;
  return g_strconcat (container, HWPTS_FOLDER, slash + 1, NULL);
}

char *
iommuctl_names_find_hwpt (IommuctlService *service, const char *name, GError **error)
{
  GError *local_error = NULL;
  g_autofree char *path = NULL;
  char *found = NULL;

  if (is_path_of_hwpt (name))
    path = g_strdup (name);
  else
    path = hwpt_path_of_name (service, name, error);
  if (path == NULL)
    return NULL;
  found = check_path (service, path, &local_error);
  if (found != NULL)
    return found;
  return fail (error, local_error,
               g_strdup_printf (_ ("There is no HWPT '%s'. 'iommuctl tree' shows them all"), name));
}

/* No method of the service finds a lease by its name. */
static char *
find_listed_lease (IommuctlService *service, const char *name, GError **error)
{
  g_autoptr (GVariant) listing = iommuctl_records_list (service, error);
  g_autoptr (GVariant) records = NULL;

  if (listing == NULL)
    return NULL;
  records = iommuctl_records_of_listing (listing, IOMMUD_DBUS_LEASE_INTERFACE);
  for (gsize i = 0; i < g_variant_n_children (records); i++)
    {
      g_autoptr (GVariant) record = g_variant_get_child_value (records, i);

      if (iommuctl_records_has_string (record, "Name", name))
        return iommuctl_records_dup_string (record, "Path");
    }
  g_set_error (error, IOMMUD_DBUS_ERROR, IOMMUD_DBUS_ERROR_NOT_FOUND, _ ("No lease is called '%s'"),
               name);
  return NULL;
}

/* As with containers, no name is a number. */
char *
iommuctl_names_find_lease (IommuctlService *service, const char *name, GError **error)
{
  GError *local_error = NULL;
  char *path = NULL;

  if (is_path_of (name, IOMMUD_DBUS_LEASES_PATH))
    path = check_path (service, name, &local_error);
  else if (iommuctl_shortened_is (name))
    path = iommuctl_shortened_find (service, name, IOMMUD_DBUS_LEASE_INTERFACE, &local_error);
  else if (is_number (name))
    {
      g_autofree char *numbered = g_strconcat (IOMMUD_DBUS_LEASES_PATH "/", name, NULL);

      path = check_path (service, numbered, &local_error);
    }
  else
    path = find_listed_lease (service, name, &local_error);
  if (path != NULL)
    return path;
  return fail (
      error, local_error,
      g_strdup_printf (_ ("No lease is called '%s'. 'iommuctl leases' lists them all"), name));
}

static char *
find_by_path (IommuctlService *service, const char *path, GError **error)
{
  if (is_path_of (path, IOMMUD_DBUS_DEVICES_PATH))
    return iommuctl_names_find_device (service, path, error);
  if (is_path_of (path, IOMMUD_DBUS_LEASES_PATH))
    return iommuctl_names_find_lease (service, path, error);
  if (is_path_of_hwpt (path))
    return iommuctl_names_find_hwpt (service, path, error);
  return iommuctl_names_find_container (service, path, error);
}

/* A HWPT's name has a slash, as paths of devices do. */
static gboolean
is_name_of_hwpt (const char *name)
{
  return strchr (name, '/') != NULL && !g_path_is_absolute (name);
}

typedef char *(*Find) (IommuctlService *service, const char *name, GError **error);

/* Lists come last: they take longest. */
static char *
find_by_name (IommuctlService *service, const char *name, GError **error)
{
  static const Find of_hwpts[] = { iommuctl_names_find_device, iommuctl_names_find_hwpt, NULL };
  static const Find of_others[] = { iommuctl_names_find_device, iommuctl_names_find_container,
                                    iommuctl_names_find_lease, NULL };
  g_autoptr (GError) local_error = NULL;
  char *found = NULL;

  for (const Find *find = is_name_of_hwpt (name) ? of_hwpts : of_others; *find != NULL; find++)
    {
      g_clear_error (&local_error);
      found = (*find) (service, name, &local_error);
      if (found != NULL)
        return found;
      if (!is_not_found (local_error))
        break;
    }
  g_propagate_error (error, g_steal_pointer (&local_error));
  return NULL;
}

char *
iommuctl_names_find (IommuctlService *service, const char *name, GError **error)
{
  GError *local_error = NULL;
  char *found = NULL;

  if (is_path_of (name, IOMMUD_DBUS_ROOT_PATH))
    return find_by_path (service, name, error);
  found = find_by_name (service, name, &local_error);
  if (found != NULL)
    return found;
  if (!is_name_of_hwpt (name))
    return fail (error, local_error,
                 g_strdup_printf (_ ("No device, container or lease is called '%s'. 'iommuctl "
                                     "tree' and 'iommuctl leases' show them all"),
                                  name));
  g_propagate_error (error, local_error);
  return NULL;
}

static char *
name_of_hwpt (IommuctlService *service, const char *path)
{
  const char *folder = strstr (path, HWPTS_FOLDER);
  g_autofree char *container_path = g_strndup (path, folder - path);
  g_autofree char *container_name = iommuctl_names_of_path (service, container_path);

  return g_strconcat (container_name, "/", folder + strlen (HWPTS_FOLDER), NULL);
}

char *
iommuctl_names_of_path (IommuctlService *service, const char *path)
{
  const char *interface_name = iommuctl_names_get_interface (path);
  const char *name = NULL;

  if (g_str_equal (path, IOMMUD_DBUS_NO_PATH))
    return g_strdup ("-");
  if (is_path_of_hwpt (path))
    return name_of_hwpt (service, path);
  if (is_path_of (path, IOMMUD_DBUS_DEVICES_PATH))
    return iommuctl_device_name_of_path (path);
  name = iommuctl_service_get_name (service, path, interface_name);
  return name == NULL ? g_path_get_basename (path) : g_strdup (name);
}
