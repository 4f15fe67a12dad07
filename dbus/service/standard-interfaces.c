/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The interfaces of D-Bus itself: Properties and Introspectable, which every object has,
 * ObjectManager of the root, and Peer, which is at every path. They are described in the D-Bus
 * specification, "Standard Interfaces". */
#include "standard-interfaces.h"

#include "entries.h"
#include "export.h"
#include "iommud-dbus-names.h"
#include "listing.h"

#define PROPERTIES "org.freedesktop.DBus.Properties"
#define INTROSPECTABLE "org.freedesktop.DBus.Introspectable"
#define OBJECT_MANAGER "org.freedesktop.DBus.ObjectManager"
#define PEER "org.freedesktop.DBus.Peer"

static const char everywhere_xml[] =
    "  <interface name=\"" PROPERTIES "\">\n"
    "    <method name=\"Get\">\n"
    "      <arg type=\"s\" name=\"interface_name\" direction=\"in\"/>\n"
    "      <arg type=\"s\" name=\"property_name\" direction=\"in\"/>\n"
    "      <arg type=\"v\" name=\"value\" direction=\"out\"/>\n"
    "    </method>\n"
    "    <method name=\"GetAll\">\n"
    "      <arg type=\"s\" name=\"interface_name\" direction=\"in\"/>\n"
    "      <arg type=\"a{sv}\" name=\"properties\" direction=\"out\"/>\n"
    "    </method>\n"
    "    <method name=\"Set\">\n"
    "      <arg type=\"s\" name=\"interface_name\" direction=\"in\"/>\n"
    "      <arg type=\"s\" name=\"property_name\" direction=\"in\"/>\n"
    "      <arg type=\"v\" name=\"value\" direction=\"in\"/>\n"
    "    </method>\n"
    "    <signal name=\"PropertiesChanged\">\n"
    "      <arg type=\"s\" name=\"interface_name\"/>\n"
    "      <arg type=\"a{sv}\" name=\"changed_properties\"/>\n"
    "      <arg type=\"as\" name=\"invalidated_properties\"/>\n"
    "    </signal>\n"
    "  </interface>\n"
    "  <interface name=\"" INTROSPECTABLE "\">\n"
    "    <method name=\"Introspect\">\n"
    "      <arg type=\"s\" name=\"xml_data\" direction=\"out\"/>\n"
    "    </method>\n"
    "  </interface>\n"
    "  <interface name=\"" PEER "\">\n"
    "    <method name=\"Ping\"/>\n"
    "    <method name=\"GetMachineId\">\n"
    "      <arg type=\"s\" name=\"machine_uuid\" direction=\"out\"/>\n"
    "    </method>\n"
    "  </interface>\n";

static const char object_manager_xml[] =
    "  <interface name=\"" OBJECT_MANAGER "\">\n"
    "    <method name=\"GetManagedObjects\">\n"
    "      <arg type=\"a{oa{sa{sv}}}\" name=\"object_paths_interfaces_and_properties\""
    " direction=\"out\"/>\n"
    "    </method>\n"
    "    <signal name=\"InterfacesAdded\">\n"
    "      <arg type=\"o\" name=\"object_path\"/>\n"
    "      <arg type=\"a{sa{sv}}\" name=\"interfaces_and_properties\"/>\n"
    "    </signal>\n"
    "    <signal name=\"InterfacesRemoved\">\n"
    "      <arg type=\"o\" name=\"object_path\"/>\n"
    "      <arg type=\"as\" name=\"interfaces\"/>\n"
    "    </signal>\n"
    "  </interface>\n";

/* A longer description is sent by another thread. */
#define SHORT_BYTES (G_GUINT64_CONSTANT (16) << 10)

typedef struct
{
  const char *interface;
  const char *name;
  const char *signature;
  void (*handle) (IommudServiceState *state, IommudCall *call);
} Method;

static IommudExport *
find_export (IommudServiceState *state, IommudCall *call, const char *interface, GError **error)
{
  return iommud_objects_find_export (state->objects,
                                     g_dbus_message_get_path (iommud_call_get_message (call)),
                                     interface, G_DBUS_ERROR_INVALID_ARGS, error);
}

static void
handle_get (IommudServiceState *state, IommudCall *call)
{
  const char *interface = NULL;
  const char *property = NULL;
  GError *error = NULL;
  IommudExport *export = NULL;
  g_autoptr (GVariant) value = NULL;

  g_variant_get (iommud_call_get_arguments (call), "(&s&s)", &interface, &property);
  export = find_export (state, call, interface, &error);
  if (export != NULL)
    value = iommud_export_read (export, property, &error);
  if (value == NULL)
    iommud_call_refuse (call, error);
  else
    iommud_call_return_read (call, g_variant_new ("(v)", value));
}

static void
handle_get_all (IommudServiceState *state, IommudCall *call)
{
  const char *interface = NULL;
  GError *error = NULL;
  IommudExport *export = NULL;
  g_autoptr (GVariant) properties = NULL;

  g_variant_get (iommud_call_get_arguments (call), "(&s)", &interface);
  export = find_export (state, call, interface, &error);
  if (export == NULL)
    {
      iommud_call_refuse (call, error);
      return;
    }
  properties =
      iommud_entries_get_properties (state->objects, iommud_export_get_object (export), interface);
  iommud_call_return_read (call, g_variant_new ("(@a{sv})", properties));
}

static void
handle_set (IommudServiceState *state, IommudCall *call)
{
  const char *interface = NULL;
  const char *property = NULL;
  GError *error = NULL;
  IommudExport *export = NULL;
  g_autoptr (GVariant) value = NULL;

  g_variant_get (iommud_call_get_arguments (call), "(&s&sv)", &interface, &property, NULL);
  export = find_export (state, call, interface, &error);
  if (export != NULL)
    value = iommud_export_read (export, property, &error);
  if (value != NULL)
    g_set_error (&error, G_DBUS_ERROR, G_DBUS_ERROR_INVALID_ARGS, "%s can only be read", property);
  iommud_call_refuse (call, error);
}

static void
append_interfaces (GString *xml, IommudBusObject *object)
{
  for (gsize i = 0; object->exports[i] != NULL; i++)
    g_dbus_interface_info_generate_xml (iommud_export_get_info (object->exports[i]), 2, xml);
}

static void
append_child (const char *name, gsize length, gpointer xml)
{
  g_string_append (xml, "  <node name=\"");
  g_string_append_len (xml, name, (gssize) length);
  g_string_append (xml, "\"/>\n");
}

static void
on_introspected (gsize n_bytes, GError *error, gpointer call)
{
  if (error == NULL)
    iommud_call_return_sent (call, n_bytes);
  else
    iommud_call_refuse (call, error);
}

/* Takes the text. */
static void
answer_introspection (IommudServiceState *state, IommudCall *call, GString *xml)
{
  gsize n_bytes = xml->len;
  GVariant *body = g_variant_new ("(@s)", g_variant_new_take_string (g_string_free (xml, FALSE)));

  if (n_bytes <= SHORT_BYTES)
    {
      iommud_call_return_read (call, body);
      return;
    }
  iommud_call_reserve_answer (call, n_bytes);
  iommud_long_answers_send (state->long_answers, iommud_call_get_message (call), body, NULL,
                            on_introspected, call);
}

/* The interfaces and children of a folder, or of an object, or of both. */
static void
handle_introspect (IommudServiceState *state, IommudCall *call)
{
  const char *path = g_dbus_message_get_path (iommud_call_get_message (call));
  IommudBusObject *object = iommud_objects_lookup (state->objects, path);
  GString *xml = g_string_new (
      "<!DOCTYPE node PUBLIC \"-//freedesktop//DTD D-BUS Object Introspection 1.0//EN\"\n"
      "  \"http://www.freedesktop.org/standards/dbus/1.0/introspect.dtd\">\n<node>\n");

  if (object != NULL || g_str_equal (path, IOMMUD_DBUS_ROOT_PATH))
    g_string_append (xml, everywhere_xml);
  if (g_str_equal (path, IOMMUD_DBUS_ROOT_PATH))
    g_string_append (xml, object_manager_xml);
  if (object != NULL)
    append_interfaces (xml, object);
  if (!iommud_objects_foreach_child (state->objects, path, append_child, xml))
    {
      g_string_free (xml, TRUE);
      iommud_call_refuse (call, iommud_objects_new_missing_error (path));
      return;
    }
  g_string_append (xml, "</node>\n");
  answer_introspection (state, call, xml);
}

static void
handle_get_managed_objects (IommudServiceState *state, IommudCall *call)
{
  if (g_str_equal (g_dbus_message_get_path (iommud_call_get_message (call)), IOMMUD_DBUS_ROOT_PATH))
    iommud_listing_answer (state->listing, call);
  else
    iommud_call_refuse (call, g_error_new (G_DBUS_ERROR, G_DBUS_ERROR_UNKNOWN_METHOD,
                                           "Only %s lists objects", IOMMUD_DBUS_ROOT_PATH));
}

/* The library would answer too, but at once, whether the caller reads its answers or not. */
static void
handle_ping (IommudServiceState *state, IommudCall *call)
{
  iommud_call_return (call);
}

/* NULL if the machine has none. */
static char *
read_machine_id (void)
{
  static const char *const files[] = { "/var/lib/dbus/machine-id", "/etc/machine-id" };

  for (gsize i = 0; i < G_N_ELEMENTS (files); i++)
    {
      char *id = NULL;

      if (g_file_get_contents (files[i], &id, NULL, NULL))
        return g_strstrip (id);
    }
  return NULL;
}

static void
handle_get_machine_id (IommudServiceState *state, IommudCall *call)
{
  g_autofree char *id = read_machine_id ();

  if (id == NULL || !g_utf8_validate (id, -1, NULL))
    iommud_call_refuse (call, g_error_new (G_DBUS_ERROR, G_DBUS_ERROR_FAILED,
                                           "This machine has no id in /etc/machine-id"));
  else
    iommud_call_return_read (call, g_variant_new ("(s)", id));
}

static const Method methods[] = {
  { PROPERTIES, "Get", "ss", handle_get },
  { PROPERTIES, "GetAll", "s", handle_get_all },
  { PROPERTIES, "Set", "ssv", handle_set },
  { INTROSPECTABLE, "Introspect", "", handle_introspect },
  { OBJECT_MANAGER, "GetManagedObjects", "", handle_get_managed_objects },
  { PEER, "Ping", "", handle_ping },
  { PEER, "GetMachineId", "", handle_get_machine_id },
};

static gboolean
check_signature (GDBusMessage *message, const char *expected, GError **error)
{
  const char *signature = g_dbus_message_get_signature (message);

  if (g_str_equal (signature, expected))
    return TRUE;
  g_set_error (error, G_DBUS_ERROR, G_DBUS_ERROR_INVALID_ARGS,
               "%.255s takes arguments of the types (%s), not (%.255s)",
               g_dbus_message_get_member (message), expected, signature);
  return FALSE;
}

/* Whether the message's arguments have the types that the description says. */
gboolean
iommud_standard_check_arguments (const GDBusMethodInfo *method, GDBusMessage *message,
                                 GError **error)
{
  g_autoptr (GString) expected = g_string_new (NULL);

  for (guint i = 0; method->in_args != NULL && method->in_args[i] != NULL; i++)
    g_string_append (expected, method->in_args[i]->signature);
  return check_signature (message, expected->str, error);
}

/* FALSE if the call is of no method of D-Bus itself. */
gboolean
iommud_standard_handle (IommudServiceState *state, IommudCall *call)
{
  GDBusMessage *message = iommud_call_get_message (call);
  const char *interface = g_dbus_message_get_interface (message);
  const char *name = g_dbus_message_get_member (message);
  GError *error = NULL;

  for (gsize i = 0; i < G_N_ELEMENTS (methods); i++)
    {
      if (g_strcmp0 (methods[i].interface, interface) != 0 || !g_str_equal (methods[i].name, name))
        continue;
      if (check_signature (message, methods[i].signature, &error))
        methods[i].handle (state, call);
      else
        iommud_call_refuse (call, error);
      return TRUE;
    }
  return FALSE;
}
