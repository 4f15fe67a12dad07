/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* iommuctl monitor: a line for each change, until the command is interrupted, has printed enough
 * changes or has waited long enough. */
#include "config.h"

#include "command.h"
#include "describe.h"
#include "exit-status.h"
#include "names.h"
#include "records.h"
#include "usage.h"

#include <glib/gi18n.h>
#include <stdio.h>
#include <string.h>

#define EVENT_ADDED "added"
#define EVENT_CHANGED "changed"
#define EVENT_REMOVED "removed"
#define CONTINUATION_INDENT 19

typedef struct
{
  IommuctlRequest *request;
  IommudDBusClient *client;
  GMainLoop *loop;
  guint64 left; /* of --count; 0: no limit */
  gboolean timed_out;
  GError *error;
} Monitor;

static void
send_out (Monitor *self)
{
  if (!iommuctl_output_flush (self->request->output, self->error == NULL ? &self->error : NULL)
      || iommuctl_output_reader_has_gone (self->request->output))
    g_main_loop_quit (self->loop);
  if (self->left > 0 && --self->left == 0)
    g_main_loop_quit (self->loop);
}

static GDBusConnection *
get_connection (Monitor *self)
{
  return iommuctl_service_get_connection (self->request->service);
}

/* If the bus goes away, all objects seem to be removed. */
static gboolean
is_done (Monitor *self)
{
  return !g_main_loop_is_running (self->loop)
         || g_dbus_connection_is_closed (get_connection (self));
}

static void
print_service (Monitor *self, const char *event, const char *line)
{
  GVariant *record = g_variant_new_parsed ("{'Event': <%s>, 'Kind': <'service'>}", event);

  iommuctl_output_event (self->request->output, record, line);
  send_out (self);
}

/* Continues in the next line if this one gets too long. */
static void
append_words (Monitor *self, GString *line, gsize *length, const char *text)
{
  const guint width = iommuctl_output_get_width (self->request->output);
  g_auto (GStrv) words = g_strsplit (text, " ", -1);

  for (guint i = 0; words[i] != NULL; i++)
    {
      if (*length + 1 + strlen (words[i]) > width)
        {
          g_string_append_printf (line, "\n%*s", CONTINUATION_INDENT, "");
          *length = CONTINUATION_INDENT;
        }
      g_string_append_printf (line, " %s", words[i]);
      *length += 1 + strlen (words[i]);
    }
}

/* "State=attached Hwpt=vm1/1", then the names of the properties that were signalled without a
 * value: "Devices". */
static void
append_properties (Monitor *self, GString *line, GVariant *properties,
                   const char *const *invalidated)
{
  gsize length = line->len;
  GVariantIter iter;
  const char *key = NULL;
  GVariant *value = NULL;

  g_variant_iter_init (&iter, properties);
  while (g_variant_iter_loop (&iter, "{&sv}", &key, &value))
    {
      g_autofree char *described = iommuctl_describe_value (self->request->service, key, value);
      g_autofree char *text = g_strdup_printf ("%s=%s", key, described);

      append_words (self, line, &length, text);
    }
  for (guint i = 0; invalidated[i] != NULL; i++)
    append_words (self, line, &length, invalidated[i]);
}

/* What one line of JSON says. */
static void
open_event (GVariantBuilder *builder, const char *event, GDBusProxy *proxy)
{
  const char *kind = iommuctl_records_kind (g_dbus_proxy_get_interface_name (proxy));

  g_variant_builder_init (builder, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (builder, "{sv}", "Event", g_variant_new_string (event));
  g_variant_builder_add (builder, "{sv}", "Kind", g_variant_new_string (kind));
  g_variant_builder_add (builder, "{sv}", "Path",
                         g_variant_new_string (g_dbus_proxy_get_object_path (proxy)));
}

/* What one line for people begins with. */
static GString *
open_line (Monitor *self, const char *event, GDBusProxy *proxy)
{
  const char *kind = iommuctl_records_kind (g_dbus_proxy_get_interface_name (proxy));
  g_autofree char *name =
      iommuctl_names_of_path (self->request->service, g_dbus_proxy_get_object_path (proxy));
  GString *line = g_string_new (NULL);

  g_string_printf (line, "%-8s %-10s %s", event, kind, name);
  return line;
}

static void
print_event (Monitor *self, GVariantBuilder *event, GString *line)
{
  iommuctl_output_event (self->request->output, g_variant_builder_end (event), line->str);
  send_out (self);
}

/* The interface of ours that an object is known by; NULL for a foreign object. */
static GDBusProxy *
main_proxy (GDBusObject *object)
{
  static const char *const interfaces[] = {
    IOMMUD_DBUS_DEVICE_INTERFACE, IOMMUD_DBUS_CONTAINER_INTERFACE, IOMMUD_DBUS_HWPT_INTERFACE,
    IOMMUD_DBUS_LEASE_INTERFACE,  IOMMUD_DBUS_MANAGER_INTERFACE,
  };
  GDBusInterface *interface = NULL;

  for (gsize i = 0; interface == NULL && i < G_N_ELEMENTS (interfaces); i++)
    interface = g_dbus_object_get_interface (object, interfaces[i]);
  return (GDBusProxy *) interface;
}

static GVariant *
known_properties (GDBusProxy *proxy)
{
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_VARDICT);
  g_auto (GStrv) names = g_dbus_proxy_get_cached_property_names (proxy);

  for (guint i = 0; names != NULL && names[i] != NULL; i++)
    {
      g_autoptr (GVariant) value = g_dbus_proxy_get_cached_property (proxy, names[i]);

      if (value != NULL)
        g_variant_builder_add (&builder, "{sv}", names[i], value);
    }
  return g_variant_builder_end (&builder);
}

/* As in the signal that told of the object. */
static GVariant *
record_of_object (GDBusObject *object)
{
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a{sa{sv}}"));
  g_autolist (GDBusInterface) interfaces = g_dbus_object_get_interfaces (object);
  g_autoptr (GVariant) all = NULL;

  for (GList *l = interfaces; l != NULL; l = l->next)
    g_variant_builder_add (&builder, "{s@a{sv}}", g_dbus_proxy_get_interface_name (l->data),
                           known_properties (l->data));
  all = g_variant_ref_sink (g_variant_builder_end (&builder));
  return iommuctl_records_of_object (g_dbus_object_get_object_path (object), all);
}

/* The names of containers and leases are kept as long as these are there: a line about one that
 * goes has its name too. */
static void
learn_name (Monitor *self, GDBusObject *object, gboolean is_there)
{
  g_autoptr (GDBusProxy) proxy = main_proxy (object);
  g_autoptr (GVariant) name = NULL;

  if (!IOMMUD_DBUS_IS_CONTAINER (proxy) && !IOMMUD_DBUS_IS_LEASE (proxy))
    return;
  name = g_dbus_proxy_get_cached_property (proxy, "Name");
  iommuctl_service_learn_name (self->request->service, g_dbus_object_get_object_path (object),
                               is_there && name != NULL ? g_variant_get_string (name, NULL) : NULL);
}

/* Only JSON has the properties of a new object: for people, its name says where it belongs. */
static void
on_object_added (GDBusObjectManager *manager, GDBusObject *object, Monitor *self)
{
  g_autoptr (GDBusProxy) proxy = main_proxy (object);
  g_autoptr (GVariant) record = NULL;
  g_autoptr (GVariant) properties = NULL;
  g_autoptr (GString) line = NULL;
  GVariantBuilder event;

  if (proxy == NULL || is_done (self))
    return;
  learn_name (self, object, TRUE);
  record = record_of_object (object);
  properties = iommuctl_records_without (record, "Kind", "Path", NULL);
  line = open_line (self, EVENT_ADDED, proxy);
  open_event (&event, EVENT_ADDED, proxy);
  g_variant_builder_add (&event, "{sv}", "Properties", properties);
  print_event (self, &event, line);
}

static void
on_object_removed (GDBusObjectManager *manager, GDBusObject *object, Monitor *self)
{
  g_autoptr (GDBusProxy) proxy = main_proxy (object);
  g_autoptr (GString) line = NULL;
  GVariantBuilder event;

  if (proxy == NULL || is_done (self))
    return;
  line = open_line (self, EVENT_REMOVED, proxy);
  learn_name (self, object, FALSE);
  open_event (&event, EVENT_REMOVED, proxy);
  print_event (self, &event, line);
}

/* As members of the record that show prints. */
static GStrv
members_of (const char *interface_name, const char *const *properties)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();

  for (guint i = 0; properties[i] != NULL; i++)
    {
      g_autofree char *member = iommuctl_records_member (interface_name, properties[i]);

      g_strv_builder_add (builder, member);
    }
  return g_strv_builder_end (builder);
}

static void
on_properties_changed (GDBusObjectManagerClient *manager, GDBusObjectProxy *object,
                       GDBusProxy *proxy, GVariant *changed, const char *const *invalidated,
                       Monitor *self)
{
  const char *interface_name = g_dbus_proxy_get_interface_name (proxy);
  g_auto (GStrv) without_value = NULL;
  g_autoptr (GVariant) record = NULL;
  g_autoptr (GVariant) properties = NULL;
  g_autoptr (GString) line = NULL;
  GVariantBuilder event;

  if (iommuctl_records_kind (interface_name) == NULL || is_done (self))
    return;
  without_value = members_of (interface_name, invalidated);
  record = iommuctl_records_of_properties (interface_name, g_dbus_proxy_get_object_path (proxy),
                                           changed);
  properties = iommuctl_records_without (record, "Kind", "Path", NULL);
  line = open_line (self, EVENT_CHANGED, proxy);
  append_properties (self, line, properties, (const char *const *) without_value);
  open_event (&event, EVENT_CHANGED, proxy);
  g_variant_builder_add (&event, "{sv}", "Properties", properties);
  g_variant_builder_add (&event, "{sv}", "Invalidated",
                         g_variant_new_strv ((const char *const *) without_value, -1));
  print_event (self, &event, line);
}

static void
on_running_changed (IommudDBusClient *client, GParamSpec *pspec, Monitor *self)
{
  if (is_done (self))
    return;
  if (iommud_dbus_client_get_running (client))
    print_service (self, "started", _ ("started  service"));
  else
    print_service (self, "stopped", _ ("stopped  service"));
}

/* The bus has gone away: nothing can come any more, not even a new service. */
static void
on_closed (GDBusConnection *connection, gboolean remote_peer_vanished, GError *cause, Monitor *self)
{
  if (g_main_loop_is_running (self->loop))
    iommuctl_usage_explain_closed (&self->error);
  g_main_loop_quit (self->loop);
}

static gboolean
on_interrupted (GCancellable *cancellable, gpointer user_data)
{
  Monitor *self = user_data;

  g_main_loop_quit (self->loop);
  return G_SOURCE_REMOVE;
}

static gboolean
on_timeout (gpointer user_data)
{
  Monitor *self = user_data;

  self->timed_out = TRUE;
  g_main_loop_quit (self->loop);
  return G_SOURCE_CONTINUE;
}

static void
connect_signals (Monitor *self)
{
  GDBusObjectManager *manager = iommud_dbus_client_get_object_manager (self->client);
  g_autolist (GDBusObject) objects = g_dbus_object_manager_get_objects (manager);

  for (GList *l = objects; l != NULL; l = l->next)
    learn_name (self, l->data, TRUE);
  g_signal_connect (manager, "object-added", G_CALLBACK (on_object_added), self);
  g_signal_connect (manager, "object-removed", G_CALLBACK (on_object_removed), self);
  g_signal_connect (manager, "interface-proxy-properties-changed",
                    G_CALLBACK (on_properties_changed), self);
  g_signal_connect (self->client, "notify::running", G_CALLBACK (on_running_changed), self);
  g_signal_connect (get_connection (self), "closed", G_CALLBACK (on_closed), self);
}

static void
disconnect_signals (Monitor *self)
{
  g_signal_handlers_disconnect_by_data (get_connection (self), self);
  g_signal_handlers_disconnect_by_data (iommud_dbus_client_get_object_manager (self->client), self);
  g_signal_handlers_disconnect_by_data (self->client, self);
}

static void
watch (Monitor *self, guint timeout)
{
  g_autoptr (GSource) interrupt = g_cancellable_source_new (self->request->cancellable);
  guint timer = 0;

  connect_signals (self);
  g_source_set_callback (interrupt, G_SOURCE_FUNC (on_interrupted), self, NULL);
  g_source_attach (interrupt, NULL);
  if (timeout > 0)
    timer = g_timeout_add_seconds (timeout, on_timeout, self);
  fprintf (stderr, "%s\n", _ ("Watching for changes; Ctrl-C stops"));

  g_main_loop_run (self->loop);

  g_source_destroy (interrupt);
  if (timer != 0)
    g_source_remove (timer);
  disconnect_signals (self);
}

gboolean
iommuctl_monitor_run (IommuctlRequest *request, GError **error)
{
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (IommudDBusClient) client = iommud_dbus_client_new_for_connection_sync (
      iommuctl_service_get_connection (request->service), request->cancellable, error);
  Monitor monitor = { .request = request, .client = client, .loop = loop };
  guint32 count = 0;
  guint32 timeout = 0;

  if (client == NULL)
    return FALSE;
  g_variant_dict_lookup (request->values, "count", "u", &count);
  g_variant_dict_lookup (request->values, "timeout", "u", &timeout);
  monitor.left = count;
  watch (&monitor, timeout);
  if (monitor.error != NULL)
    {
      g_propagate_error (error, monitor.error);
      return FALSE;
    }
  if (monitor.timed_out && count > 0)
    {
      g_set_error (error, IOMMUCTL_ERROR, IOMMUCTL_EXIT_TIMED_OUT,
                   _ ("%u of %u changes did not come within %u s"), (guint) monitor.left, count,
                   timeout);
      return FALSE;
    }
  return TRUE;
}
