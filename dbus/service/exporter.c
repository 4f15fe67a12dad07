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
#include "lease-export.h"
#include "lease-log.h"
#include "list-watch.h"
#include "manager-export.h"
#include "memory-export.h"
#include "object-signals.h"

struct _IommudExporter
{
  IommudServiceState *state;
  gboolean tells;           /* objects that come and go are signalled */
  GHashTable *hwpt_watches; /* container (a reference) -> IommudListWatch */
  IommudListWatch *devices;
  IommudListWatch *containers;
  IommudListWatch *leases;
};

/* An interface of an object, and the part of the model that it shows: the object in that property
 * of the model object or, for NULL, the model object itself. */
typedef struct
{
  const IommudInterface *interface;
  const char *part;
} Part;

static const Part manager_parts[] = {
  { &iommud_manager_interface, NULL },
  { NULL, NULL },
};

static const Part device_parts[] = {
  { &iommud_device_interface, NULL },
  { NULL, NULL },
};

static const Part container_parts[] = {
  { &iommud_container_interface, NULL },
  { &iommud_memory_interface, "memory" },
  { &iommud_dirty_tracking_interface, "dirty-tracking" },
  { NULL, NULL },
};

static const Part hwpt_parts[] = {
  { &iommud_hwpt_interface, NULL },
  { NULL, NULL },
};

static const Part lease_parts[] = {
  { &iommud_lease_interface, NULL },
  { NULL, NULL },
};

static void
export_part (IommudExporter *self, IommudBusObject *object, const Part *part)
{
  g_autoptr (GObject) model = NULL;

  if (part->part != NULL)
    g_object_get (object->model, part->part, &model, NULL);
  iommud_bus_object_add_export (object, part->interface->get_info ()->name,
                                iommud_export_new (part->interface, self->state, object,
                                                   model == NULL ? object->model : model),
                                iommud_export_free);
}

static void
export_object (IommudExporter *self, const char *path, const Part *parts, gpointer model)
{
  IommudBusObject *object = iommud_objects_add (self->state->objects, path, model);

  if (object == NULL)
    {
      g_warning ("%s is there already: a second object of that name is not shown", path);
      return;
    }
  for (gsize i = 0; parts[i].interface != NULL; i++)
    export_part (self, object, &parts[i]);
  if (self->tells)
    iommud_object_signal_added (self->state->objects, object, self->state->connection, NULL);
}

/* Changes of other objects, which may have pointed at it, are told first; its own no more. */
static void
signal_removed (IommudExporter *self, const char *path)
{
  IommudBusObject *object = iommud_objects_lookup (self->state->objects, path);

  for (gsize i = 0; object->exports[i] != NULL; i++)
    iommud_export_forget_changes (object->exports[i]);
  iommud_changes_flush (self->state->changes);
  iommud_object_signal_removed (path, object->interfaces, self->state->connection, NULL);
}

static void
unexport_object (IommudExporter *self, gpointer model)
{
  const char *path = iommud_objects_get_path (self->state->objects, model);

  if (g_str_equal (path, IOMMUD_DBUS_NO_PATH))
    return;
  if (self->tells)
    signal_removed (self, path);
  iommud_objects_remove (self->state->objects, model);
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

  export_object (user_data, path, device_parts, item);
}

static void
on_hwpt_added (gpointer item, gpointer user_data)
{
  IommudExporter *self = user_data;
  const char *container =
      iommud_objects_get_path (self->state->objects, iommud_hwpt_get_container (item));
  g_autofree char *path =
      g_strdup_printf ("%s/hwpts/%" G_GUINT64_FORMAT, container, iommud_hwpt_get_serial (item));

  export_object (self, path, hwpt_parts, item);
}

static void
on_container_added (gpointer item, gpointer user_data)
{
  IommudExporter *self = user_data;
  g_autofree char *path = g_strdup_printf ("%s/%" G_GUINT64_FORMAT, IOMMUD_DBUS_CONTAINERS_PATH,
                                           iommud_container_get_serial (item));

  export_object (self, path, container_parts, item);
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
on_lease_added (gpointer item, gpointer user_data)
{
  g_autofree char *path = g_strdup_printf ("%s/%" G_GUINT64_FORMAT, IOMMUD_DBUS_LEASES_PATH,
                                           iommud_lease_get_serial (item));

  export_object (user_data, path, lease_parts, item);
}

/* One that goes with the service has not ended. */
static void
on_lease_removed (gpointer item, gpointer user_data)
{
  if (iommud_lease_get_state (item) == IOMMUD_LEASE_STATE_LINGERING)
    iommud_lease_log_ended (item);
  unexport_object (user_data, item);
}

static void
free_watch (gpointer watch)
{
  iommud_list_watch_free (watch);
}

/* Everything is exported when this returns. */
IommudExporter *
iommud_exporter_new (IommudServiceState *state)
{
  IommudExporter *self = g_new0 (IommudExporter, 1);

  self->state = iommud_service_state_ref (state);
  self->hwpt_watches = g_hash_table_new_full (NULL, NULL, g_object_unref, free_watch);
  export_object (self, IOMMUD_DBUS_MANAGER_PATH, manager_parts, state->host);
  self->devices = iommud_list_watch_new (iommud_host_get_devices (state->host), on_device_added,
                                         on_removed, self);
  self->containers = iommud_list_watch_new (iommud_host_get_containers (state->host),
                                            on_container_added, on_container_removed, self);
  self->leases = iommud_list_watch_new (iommud_host_get_leases (state->host), on_lease_added,
                                        on_lease_removed, self);
  self->tells = TRUE;
  return self;
}

/* Takes everything off the bus, without a signal for each object: the service's name goes too. */
void
iommud_exporter_free (IommudExporter *self)
{
  iommud_changes_clear (self->state->changes);
  self->tells = FALSE;
  g_clear_pointer (&self->leases, iommud_list_watch_free);
  g_clear_pointer (&self->containers, iommud_list_watch_free);
  g_clear_pointer (&self->devices, iommud_list_watch_free);
  unexport_object (self, self->state->host);
  g_clear_pointer (&self->hwpt_watches, g_hash_table_unref);
  g_clear_pointer (&self->state, iommud_service_state_unref);
  g_free (self);
}
