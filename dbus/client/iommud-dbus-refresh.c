/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Properties whose new values the service does not send: they are asked for when they have changed,
 * one question at a time, so that proxies have them however often they change. The proxies of an
 * object manager would drop the old value and be left with none. */
#include "iommud-dbus-refresh.h"

#define PROPERTIES_INTERFACE "org.freedesktop.DBus.Properties"

typedef struct
{
  GDBusProxy *proxy;
  char *key; /* of the question that the proxy has; it ends in the property's name */
} Question;

/* What a proxy has under the key while a question is open. */
enum
{
  ASKED = 1,
  OUTDATED = 2, /* the property has changed since then */
};

static void ask (GDBusProxy *proxy, const char *key);

static const char *
get_property (const char *key)
{
  return strrchr (key, ':') + 1;
}

static void
set_value (GDBusProxy *proxy, const char *name, GVariant *value)
{
  GVariantDict changed;
  g_autoptr (GVariant) dict = NULL;
  const char *const none[] = { NULL };

  g_dbus_proxy_set_cached_property (proxy, name, value);
  g_variant_dict_init (&changed, NULL);
  g_variant_dict_insert_value (&changed, name, value);
  dict = g_variant_ref_sink (g_variant_dict_end (&changed));
  g_signal_emit_by_name (proxy, "g-properties-changed", dict, none);
}

/* An object that is gone has no values: there is nothing to tell then. */
static void
on_answer (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Question *self = user_data;
  g_autoptr (GVariant) reply =
      g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, NULL);
  int state = GPOINTER_TO_INT (g_object_steal_data (G_OBJECT (self->proxy), self->key));
  g_autoptr (GVariant) value = NULL;

  if (reply != NULL && state == OUTDATED)
    ask (self->proxy, self->key);
  if (reply != NULL)
    {
      g_variant_get (reply, "(v)", &value);
      set_value (self->proxy, get_property (self->key), value);
    }
  g_object_unref (self->proxy);
  g_free (self->key);
  g_free (self);
}

static void
ask (GDBusProxy *proxy, const char *key)
{
  Question *question = NULL;

  if (g_object_get_data (G_OBJECT (proxy), key) != NULL)
    {
      g_object_set_data (G_OBJECT (proxy), key, GINT_TO_POINTER (OUTDATED));
      return;
    }
  question = g_new0 (Question, 1);
  question->proxy = g_object_ref (proxy);
  question->key = g_strdup (key);
  g_object_set_data (G_OBJECT (proxy), key, GINT_TO_POINTER (ASKED));
  g_dbus_connection_call (
      g_dbus_proxy_get_connection (proxy), g_dbus_proxy_get_name (proxy),
      g_dbus_proxy_get_object_path (proxy), PROPERTIES_INTERFACE, "Get",
      g_variant_new ("(ss)", g_dbus_proxy_get_interface_name (proxy), get_property (key)),
      G_VARIANT_TYPE ("(v)"), G_DBUS_CALL_FLAGS_NO_AUTO_START, -1, NULL, on_answer, question);
}

static void
on_changed (GDBusObjectManagerClient *object_manager, GDBusObjectProxy *object, GDBusProxy *proxy,
            GVariant *changed, const char *const *invalidated, gpointer user_data)
{
  for (gsize i = 0; invalidated[i] != NULL; i++)
    {
      g_autofree char *key = g_strconcat ("iommud-dbus-refresh:", invalidated[i], NULL);

      ask (proxy, key);
    }
}

void
iommud_dbus_refresh_watch (GDBusObjectManagerClient *object_manager)
{
  g_signal_connect (object_manager, "interface-proxy-properties-changed", G_CALLBACK (on_changed),
                    NULL);
}
