/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* iommuctl monitor: one line for each change, until interrupted, counted out or timed out. */
#include "config.h"

#include "command.h"
#include "exit-status.h"
#include "names.h"
#include "records.h"

#include <glib-unix.h>
#include <glib/gi18n.h>
#include <stdio.h>

typedef struct
{
  IommuctlRequest *request;
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

static gboolean
is_done (Monitor *self)
{
  return !g_main_loop_is_running (self->loop);
}

static void
print_service (Monitor *self, const char *event, const char *line)
{
  GVariant *record = g_variant_new_parsed ("{'Event': <%s>, 'Kind': <'service'>}", event);

  iommuctl_output_event (self->request->output, record, line);
  send_out (self);
}

/* "State=attached Hwpt=vm1/1" */
static char *
describe_properties (Monitor *self, GVariant *properties)
{
  g_autoptr (GString) text = g_string_new (NULL);
  GVariantIter iter;
  const char *key = NULL;
  GVariant *value = NULL;

  g_variant_iter_init (&iter, properties);
  while (g_variant_iter_loop (&iter, "{&sv}", &key, &value))
    {
      g_autofree char *words = NULL;

      if (g_str_equal (key, "Kind") || g_str_equal (key, "Path"))
        continue;
      words = iommuctl_output_describe_value (self->request->output, key, value);
      g_string_append_printf (text, " %s=%s", key, words);
    }
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static GVariant *
event_record (const char *event, GVariant *record, gboolean with_properties)
{
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_VARDICT);
  GVariantDict properties;
  const char *kind = "";
  const char *path = IOMMUD_DBUS_NO_PATH;

  g_variant_lookup (record, "Kind", "&s", &kind);
  g_variant_lookup (record, "Path", "&o", &path);
  g_variant_lookup (record, "Path", "&s", &path);
  g_variant_builder_add (&builder, "{sv}", "Event", g_variant_new_string (event));
  g_variant_builder_add (&builder, "{sv}", "Kind", g_variant_new_string (kind));
  g_variant_builder_add (&builder, "{sv}", "Path", g_variant_new_string (path));
  if (!with_properties)
    return g_variant_builder_end (&builder);
  g_variant_dict_init (&properties, record);
  g_variant_dict_remove (&properties, "Kind");
  g_variant_dict_remove (&properties, "Path");
  g_variant_builder_add (&builder, "{sv}", "Properties", g_variant_dict_end (&properties));
  return g_variant_builder_end (&builder);
}

/* @shown: what a line for people tells of the properties. */
static void
print_event (Monitor *self, const char *event, GVariant *record, const char *shown,
             gboolean with_properties)
{
  const char *kind = "";
  const char *path = IOMMUD_DBUS_NO_PATH;
  g_autofree char *name = NULL;
  g_autofree char *line = NULL;

  if (is_done (self))
    return;
  g_variant_lookup (record, "Kind", "&s", &kind);
  g_variant_lookup (record, "Path", "&s", &path);
  name = iommuctl_names_of_path (self->request->client, path);
  line = g_strdup_printf ("%-8s %-10s %s%s", event, kind, name, shown);
  iommuctl_output_event (self->request->output, event_record (event, record, with_properties),
                         line);
  send_out (self);
}

static GVariant *
record_of_object (GDBusObject *object)
{
  GList *interfaces = g_dbus_object_get_interfaces (object);
  GVariant *record = NULL;

  for (GList *l = interfaces; l != NULL && record == NULL; l = l->next)
    if (iommuctl_records_kind (g_dbus_proxy_get_interface_name (l->data)) != NULL)
      record = iommuctl_records_of_proxy (l->data);
  g_list_free_full (interfaces, g_object_unref);
  return record;
}

static void
on_object_added (GDBusObjectManager *manager, GDBusObject *object, Monitor *self)
{
  g_autoptr (GVariant) record = record_of_object (object);

  if (record != NULL)
    print_event (self, "added", record, "", TRUE);
}

static void
on_object_removed (GDBusObjectManager *manager, GDBusObject *object, Monitor *self)
{
  g_autoptr (GVariant) record = record_of_object (object);

  if (record != NULL)
    print_event (self, "removed", record, "", FALSE);
}

static void
on_properties_changed (GDBusObjectManagerClient *manager, GDBusObjectProxy *object,
                       GDBusProxy *proxy, GVariant *changed, const char *const *invalidated,
                       Monitor *self)
{
  const char *interface_name = g_dbus_proxy_get_interface_name (proxy);
  g_autoptr (GVariant) record = NULL;
  g_autofree char *shown = NULL;

  if (iommuctl_records_kind (interface_name) == NULL)
    return;
  record = iommuctl_records_of_properties (interface_name, g_dbus_proxy_get_object_path (proxy),
                                           changed);
  shown = describe_properties (self, record);
  print_event (self, "changed", record, shown, TRUE);
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

static gboolean
on_interrupted (gpointer user_data)
{
  Monitor *self = user_data;

  g_main_loop_quit (self->loop);
  return G_SOURCE_CONTINUE;
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
watch (Monitor *self, guint timeout)
{
  IommudDBusClient *client = self->request->client;
  GDBusObjectManager *manager = iommud_dbus_client_get_object_manager (client);
  guint sources[3] = { 0 };

  g_signal_connect (manager, "object-added", G_CALLBACK (on_object_added), self);
  g_signal_connect (manager, "object-removed", G_CALLBACK (on_object_removed), self);
  g_signal_connect (manager, "interface-proxy-properties-changed",
                    G_CALLBACK (on_properties_changed), self);
  g_signal_connect (client, "notify::running", G_CALLBACK (on_running_changed), self);
  sources[0] = g_unix_signal_add (SIGINT, on_interrupted, self);
  sources[1] = g_unix_signal_add (SIGTERM, on_interrupted, self);
  if (timeout > 0)
    sources[2] = g_timeout_add_seconds (timeout, on_timeout, self);
  fprintf (stderr, "%s\n", _ ("Watching for changes; Ctrl-C stops"));

  g_main_loop_run (self->loop);

  for (guint i = 0; i < G_N_ELEMENTS (sources); i++)
    if (sources[i] != 0)
      g_source_remove (sources[i]);
  g_signal_handlers_disconnect_by_data (manager, self);
  g_signal_handlers_disconnect_by_data (client, self);
}

gboolean
iommuctl_monitor_run (IommuctlRequest *request, GError **error)
{
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  Monitor monitor = { .request = request, .loop = loop };
  guint32 count = 0;
  guint32 timeout = 0;

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
                   _ ("%u s have passed and %u of %u changes have not come"), timeout,
                   (guint) monitor.left, count);
      return FALSE;
    }
  return TRUE;
}
