/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Properties whose new values the service does not send. A signal removes the old value from the
 * proxy, and a program that wants the new one asks for it: lists can be long and change often. */
#include "iommud-dbus-property.h"

#define PROPERTIES_INTERFACE "org.freedesktop.DBus.Properties"

static GVariant *
question (GDBusProxy *proxy, const char *name)
{
  return g_variant_new ("(ss)", g_dbus_proxy_get_interface_name (proxy), name);
}

/* A signal that the service sent before its answer may still wait for the main loop: then it
 * removes the value from the proxy again. */
static GVariant *
keep_answer (GDBusProxy *proxy, const char *name, GVariant *reply)
{
  GVariant *value = NULL;

  g_variant_get (reply, "(v)", &value);
  g_dbus_proxy_set_cached_property (proxy, name, value);
  return value;
}

/**
 * iommud_dbus_read_property_sync:
 * @proxy: a proxy of an object of the service
 * @name: the name of a property on the bus, such as Mappings
 * @cancellable: (nullable): a cancellable
 * @error: where to put an error
 *
 * Asks the service for a property, waits for the answer and keeps it: the getters of the proxy have
 * the value until the property changes again. This is for properties whose changes are signalled
 * without a value, such as Mappings of #IommudDBusMemory: after a change, their getters return
 * %NULL.
 *
 * Returns: (transfer full): the value, or %NULL with @error set
 */
GVariant *
iommud_dbus_read_property_sync (GDBusProxy *proxy, const char *name, GCancellable *cancellable,
                                GError **error)
{
  g_autoptr (GVariant) reply = NULL;

  g_return_val_if_fail (G_IS_DBUS_PROXY (proxy), NULL);
  g_return_val_if_fail (name != NULL, NULL);

  reply = g_dbus_connection_call_sync (
      g_dbus_proxy_get_connection (proxy), g_dbus_proxy_get_name (proxy),
      g_dbus_proxy_get_object_path (proxy), PROPERTIES_INTERFACE, "Get", question (proxy, name),
      G_VARIANT_TYPE ("(v)"), G_DBUS_CALL_FLAGS_NO_AUTO_START, -1, cancellable, error);
  return reply == NULL ? NULL : keep_answer (proxy, name, reply);
}

static void
on_answer (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;
  g_autoptr (GVariant) reply =
      g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);

  if (reply == NULL)
    g_task_return_error (task, error);
  else
    g_task_return_pointer (
        task, keep_answer (g_task_get_source_object (task), g_task_get_task_data (task), reply),
        (GDestroyNotify) g_variant_unref);
}

/**
 * iommud_dbus_read_property:
 * @proxy: a proxy of an object of the service
 * @name: the name of a property on the bus, such as Mappings
 * @cancellable: (nullable): a cancellable
 * @callback: called with the proxy when the value is there
 * @user_data: for @callback
 *
 * Asks for a property as iommud_dbus_read_property_sync() does, without blocking.
 */
void
iommud_dbus_read_property (GDBusProxy *proxy, const char *name, GCancellable *cancellable,
                           GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = NULL;

  g_return_if_fail (G_IS_DBUS_PROXY (proxy));
  g_return_if_fail (name != NULL);

  task = g_task_new (proxy, cancellable, callback, user_data);
  g_task_set_source_tag (task, iommud_dbus_read_property);
  g_task_set_task_data (task, g_strdup (name), g_free);
  g_dbus_connection_call (g_dbus_proxy_get_connection (proxy), g_dbus_proxy_get_name (proxy),
                          g_dbus_proxy_get_object_path (proxy), PROPERTIES_INTERFACE, "Get",
                          question (proxy, name), G_VARIANT_TYPE ("(v)"),
                          G_DBUS_CALL_FLAGS_NO_AUTO_START, -1, cancellable, on_answer,
                          g_steal_pointer (&task));
}

/**
 * iommud_dbus_read_property_finish:
 * @proxy: the proxy
 * @result: what the callback was given
 * @error: where to put an error
 *
 * Ends iommud_dbus_read_property().
 *
 * Returns: (transfer full): the value, or %NULL with @error set
 */
GVariant *
iommud_dbus_read_property_finish (GDBusProxy *proxy, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, proxy), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}
