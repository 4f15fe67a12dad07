/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The model's objects as objects on the bus: exactly what is in the model's lists is exported.
 *
 * Clients rely on the order. An object is complete when it enters its list, and is exported at
 * once; the signals for properties that point at it come later, when changes are flushed. The model
 * clears those properties before the object leaves its list; their signals come before the object
 * is gone. */
#include "exporter.h"

#include "container-export.h"
#include "device-export.h"
#include "dirty-tracking-export.h"
#include "hwpt-export.h"
#include "iommud-dbus-names.h"
#include "list-watch.h"
#include "manager-export.h"
#include "memory-export.h"

struct _IommudExporter
{
  IommudServiceState *state;
  GDBusObjectManagerServer *manager;
  GHashTable *hwpt_watches; /* container (a reference) -> IommudListWatch */
  IommudListWatch *devices;
  IommudListWatch *containers;
};

/* An interface of an object, and the part of the model that it shows: the object in that property
 * of the model object or, for NULL, the model object itself. */
typedef struct
{
  GType (*get_type) (void);
  const char *part;
} Interface;

static const Interface manager_interfaces[] = {
  { iommud_manager_export_get_type, NULL },
  { NULL, NULL },
};

static const Interface device_interfaces[] = {
  { iommud_device_export_get_type, NULL },
  { NULL, NULL },
};

static const Interface container_interfaces[] = {
  { iommud_container_export_get_type, NULL },
  { iommud_memory_export_get_type, "memory" },
  { iommud_dirty_tracking_export_get_type, "dirty-tracking" },
  { NULL, NULL },
};

static const Interface hwpt_interfaces[] = {
  { iommud_hwpt_export_get_type, NULL },
  { NULL, NULL },
};

static void
add_interface (IommudExporter *self, GDBusObjectSkeleton *object, const Interface *interface,
               GObject *model)
{
  g_autoptr (GObject) part = NULL;
  g_autoptr (IommudExport) export = NULL;

  if (interface->part != NULL)
    g_object_get (model, interface->part, &part, NULL);
  export = iommud_export_new (interface->get_type (), self->state, part == NULL ? model : part);
  g_dbus_object_skeleton_add_interface (object, G_DBUS_INTERFACE_SKELETON (export));
}

static void
export_object (IommudExporter *self, const char *path, const Interface *interfaces, gpointer model)
{
  g_autoptr (GDBusObjectSkeleton) object = NULL;

  if (!iommud_paths_add (self->state->paths, path, model))
    {
      g_warning ("%s is there already: a second object of that name is not shown", path);
      return;
    }
  object = g_dbus_object_skeleton_new (path);
  for (gsize i = 0; interfaces[i].get_type != NULL; i++)
    add_interface (self, object, &interfaces[i], model);
  g_dbus_object_manager_server_export (self->manager, object);
}

static void
unexport_object (IommudExporter *self, gpointer model)
{
  const char *path = iommud_paths_get_path (self->state->paths, model);

  if (g_str_equal (path, IOMMUD_DBUS_NO_PATH))
    return;
  iommud_changes_flush (self->state->changes);
  g_dbus_object_manager_server_unexport (self->manager, path);
  iommud_paths_remove (self->state->paths, model);
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

  export_object (user_data, path, device_interfaces, item);
}

static void
on_hwpt_added (gpointer item, gpointer user_data)
{
  IommudExporter *self = user_data;
  const char *container =
      iommud_paths_get_path (self->state->paths, iommud_hwpt_get_container (item));
  g_autofree char *path =
      g_strdup_printf ("%s/hwpts/%" G_GUINT64_FORMAT, container, iommud_hwpt_get_serial (item));

  export_object (self, path, hwpt_interfaces, item);
}

static void
on_container_added (gpointer item, gpointer user_data)
{
  IommudExporter *self = user_data;
  g_autofree char *path = g_strdup_printf ("%s/%" G_GUINT64_FORMAT, IOMMUD_DBUS_CONTAINERS_PATH,
                                           iommud_container_get_serial (item));

  export_object (self, path, container_interfaces, item);
  g_hash_table_insert (
      self->hwpt_watches, g_object_ref (item),
      iommud_list_watch_new (iommud_container_get_hwpts (item), on_hwpt_added, on_removed, self));
}

static void
on_container_removed (gpointer item, gpointer user_data)
{
  IommudExporter *self = user_data;

  /* HWPTs that still exist go before their container. */
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
iommud_exporter_new (IommudServiceState *state, GDBusConnection *connection)
{
  IommudExporter *self = g_new0 (IommudExporter, 1);

  self->state = iommud_service_state_ref (state);
  self->manager = g_dbus_object_manager_server_new (IOMMUD_DBUS_ROOT_PATH);
  self->hwpt_watches = g_hash_table_new_full (NULL, NULL, g_object_unref, free_watch);
  export_object (self, IOMMUD_DBUS_MANAGER_PATH, manager_interfaces, state->host);
  self->devices = iommud_list_watch_new (iommud_host_get_devices (state->host), on_device_added,
                                         on_removed, self);
  self->containers = iommud_list_watch_new (iommud_host_get_containers (state->host),
                                            on_container_added, on_container_removed, self);
  g_dbus_object_manager_server_set_connection (self->manager, connection);
  return self;
}

/* Takes everything off the bus, without a signal for each object: the service's name goes too. */
void
iommud_exporter_free (IommudExporter *self)
{
  iommud_changes_clear (self->state->changes);
  g_dbus_object_manager_server_set_connection (self->manager, NULL);
  g_clear_pointer (&self->containers, iommud_list_watch_free);
  g_clear_pointer (&self->devices, iommud_list_watch_free);
  unexport_object (self, self->state->host);
  g_clear_pointer (&self->hwpt_watches, g_hash_table_unref);
  g_clear_object (&self->manager);
  g_clear_pointer (&self->state, iommud_service_state_unref);
  g_free (self);
}
