/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The model's objects as objects on the bus: whatever is in the model's lists is exported, and
 * nothing else.
 *
 * The order that clients rely on: an object is exported, complete, when it enters its list, while
 * the properties that point at it are told later, when changes are flushed. On the way out the
 * model has cleared those properties before the object leaves its list; they are told first. */
#include "exporter.h"

#include "container-export.h"
#include "device-export.h"
#include "hwpt-export.h"
#include "iommud-dbus-names.h"
#include "list-watch.h"
#include "manager-export.h"

struct _IommudExporter
{
  IommudServiceParts *parts;
  GDBusObjectManagerServer *manager;
  GHashTable *hwpt_watches; /* container (a reference) -> IommudListWatch */
  IommudListWatch *devices;
  IommudListWatch *containers;
};

static void
export_object (IommudExporter *self, const char *path, GType type, gpointer model)
{
  g_autoptr (IommudExport) export = NULL;
  g_autoptr (GDBusObjectSkeleton) object = NULL;

  if (!iommud_paths_add (self->parts->paths, path, model))
    {
      g_warning ("%s is there already: a second object of that name is not shown", path);
      return;
    }
  export = iommud_export_new (type, self->parts, model);
  object = g_dbus_object_skeleton_new (path);
  g_dbus_object_skeleton_add_interface (object, G_DBUS_INTERFACE_SKELETON (export));
  g_dbus_object_manager_server_export (self->manager, object);
}

static void
unexport_object (IommudExporter *self, gpointer model)
{
  const char *path = iommud_paths_get_path (self->parts->paths, model);

  if (g_str_equal (path, IOMMUD_DBUS_NO_PATH))
    return;
  iommud_changes_flush (self->parts->changes);
  g_dbus_object_manager_server_unexport (self->manager, path);
  iommud_paths_remove (self->parts->paths, model);
}

static void
on_removed (gpointer item, gpointer user_data)
{
  unexport_object (user_data, item);
}

static void
on_device_added (gpointer item, gpointer user_data)
{
  g_autofree char *name = g_dbus_escape_object_path (iommud_device_get_name (item));
  g_autofree char *path = g_strdup_printf ("%s/%s", IOMMUD_DBUS_DEVICES_PATH, name);

  export_object (user_data, path, IOMMUD_TYPE_DEVICE_EXPORT, item);
}

static void
on_hwpt_added (gpointer item, gpointer user_data)
{
  IommudExporter *self = user_data;
  const char *container =
      iommud_paths_get_path (self->parts->paths, iommud_hwpt_get_container (item));
  g_autofree char *path =
      g_strdup_printf ("%s/hwpts/%" G_GUINT64_FORMAT, container, iommud_hwpt_get_serial (item));

  export_object (self, path, IOMMUD_TYPE_HWPT_EXPORT, item);
}

static void
on_container_added (gpointer item, gpointer user_data)
{
  IommudExporter *self = user_data;
  g_autofree char *path = g_strdup_printf ("%s/%" G_GUINT64_FORMAT, IOMMUD_DBUS_CONTAINERS_PATH,
                                           iommud_container_get_serial (item));

  export_object (self, path, IOMMUD_TYPE_CONTAINER_EXPORT, item);
  g_hash_table_insert (
      self->hwpt_watches, g_object_ref (item),
      iommud_list_watch_new (iommud_container_get_hwpts (item), on_hwpt_added, on_removed, self));
}

static void
on_container_removed (gpointer item, gpointer user_data)
{
  IommudExporter *self = user_data;

  /* HWPTs that are left go before their container. */
  g_hash_table_remove (self->hwpt_watches, item);
  unexport_object (self, item);
}

static void
free_watch (gpointer watch)
{
  iommud_list_watch_free (watch);
}

/* Everything is exported when this returns. */
IommudExporter *
iommud_exporter_new (IommudServiceParts *parts, GDBusConnection *connection)
{
  IommudExporter *self = g_new0 (IommudExporter, 1);

  self->parts = iommud_service_parts_ref (parts);
  self->manager = g_dbus_object_manager_server_new (IOMMUD_DBUS_ROOT_PATH);
  self->hwpt_watches = g_hash_table_new_full (NULL, NULL, g_object_unref, free_watch);
  export_object (self, IOMMUD_DBUS_MANAGER_PATH, IOMMUD_TYPE_MANAGER_EXPORT, parts->host);
  self->devices = iommud_list_watch_new (iommud_host_get_devices (parts->host), on_device_added,
                                         on_removed, self);
  self->containers = iommud_list_watch_new (iommud_host_get_containers (parts->host),
                                            on_container_added, on_container_removed, self);
  g_dbus_object_manager_server_set_connection (self->manager, connection);
  return self;
}

/* Takes everything off the bus, without a signal for each object: the service's name goes too. */
void
iommud_exporter_free (IommudExporter *self)
{
  iommud_changes_clear (self->parts->changes);
  g_dbus_object_manager_server_set_connection (self->manager, NULL);
  g_clear_pointer (&self->containers, iommud_list_watch_free);
  g_clear_pointer (&self->devices, iommud_list_watch_free);
  unexport_object (self, self->parts->host);
  g_clear_pointer (&self->hwpt_watches, g_hash_table_unref);
  g_clear_object (&self->manager);
  g_clear_pointer (&self->parts, iommud_service_parts_unref);
  g_free (self);
}
