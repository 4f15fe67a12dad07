/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The signals of org.freedesktop.DBus.ObjectManager, to all or to one receiver. Each function
 * returns about how many bytes it has sent. */
#include "object-signals.h"

#include "entries.h"
#include "iommud-dbus-names.h"

#define OBJECT_MANAGER "org.freedesktop.DBus.ObjectManager"
#define PROPERTIES "org.freedesktop.DBus.Properties"

static gsize
emit (GDBusConnection *connection, const char *destination, const char *path, const char *interface,
      const char *signal, GVariant *body)
{
  g_autoptr (GVariant) owned = g_variant_ref_sink (body);

  g_dbus_connection_emit_signal (connection, destination, path, interface, signal, owned, NULL);
  return g_variant_get_size (owned);
}

/* @destination: NULL for all. */
gsize
iommud_object_signal_added (IommudObjects *objects, IommudBusObject *object,
                            GDBusConnection *connection, const char *destination)
{
  g_autoptr (GVariant) interfaces =
      g_variant_get_child_value (iommud_entries_get (objects, object), 1);

  return emit (connection, destination, IOMMUD_DBUS_ROOT_PATH, OBJECT_MANAGER, "InterfacesAdded",
               g_variant_new ("(o@a{sa{sv}})", object->path, interfaces));
}

gsize
iommud_object_signal_removed (const char *path, const char *const *interfaces,
                              GDBusConnection *connection, const char *destination)
{
  return emit (connection, destination, IOMMUD_DBUS_ROOT_PATH, OBJECT_MANAGER, "InterfacesRemoved",
               g_variant_new ("(o^as)", path, interfaces));
}

static gsize
tell_properties (IommudObjects *objects, IommudBusObject *object, GDBusConnection *connection,
                 const char *destination)
{
  gsize n_bytes = 0;

  for (gsize i = 0; object->exports[i] != NULL; i++)
    {
      g_autoptr (GVariant) properties =
          iommud_entries_get_properties (objects, object, object->interfaces[i]);

      n_bytes += emit (connection, destination, object->path, PROPERTIES, "PropertiesChanged",
                       g_variant_new ("(s@a{sv}as)", object->interfaces[i], properties, NULL));
    }
  return n_bytes;
}

/* Tells one receiver how an object is now that has changed. One that has gone after the changes
 * were taken was signalled to all. */
gsize
iommud_object_signal_noted (IommudObjects *objects, const IommudNotedObject *change,
                            GDBusConnection *connection, const char *destination)
{
  IommudBusObject *object = iommud_objects_lookup (objects, change->path);

  if (object != NULL)
    return change->added ? iommud_object_signal_added (objects, object, connection, destination)
                         : tell_properties (objects, object, connection, destination);
  if (change->interfaces == NULL)
    return 0;
  return iommud_object_signal_removed (change->path, (const char *const *) change->interfaces,
                                       connection, destination);
}
