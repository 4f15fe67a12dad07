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
#include <string.h>

#define EVENT_ADDED "added"
#define EVENT_CHANGED "changed"
#define EVENT_REMOVED "removed"
#define CONTINUATION_INDENT 19

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

/* Goes on below where the line gets too long. */
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

/* "State=attached Hwpt=vm1/1" */
static void
append_properties (Monitor *self, GString *line, GVariant *properties)
{
  gsize length = line->len;
  GVariantIter iter;
  const char *key = NULL;
  GVariant *value = NULL;

  g_variant_iter_init (&iter, properties);
  while (g_variant_iter_loop (&iter, "{&sv}", &key, &value))
    {
      g_autofree char *described =
          iommuctl_output_describe_value (self->request->output, key, value);
      g_autofree char *text = g_strdup_printf ("%s=%s", key, described);

      append_words (self, line, &length, text);
    }
}

/* What has gone is no longer known by its path. */
static char *
name_of_record (Monitor *self, GVariant *record)
{
  const char *path = IOMMUD_DBUS_NO_PATH;
  char *name = NULL;

  if (g_variant_lookup (record, "Name", "s", &name))
    return name;
  g_variant_lookup (record, "Path", "&s", &path);
  return iommuctl_names_of_path (self->request->client, path);
}

static GVariant *
event_record (const char *event, GVariant *record, GVariant *properties)
{
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_VARDICT);
  g_autoptr (GVariant) kind = g_variant_lookup_value (record, "Kind", NULL);
  g_autoptr (GVariant) path = g_variant_lookup_value (record, "Path", NULL);

  g_variant_builder_add (&builder, "{sv}", "Event", g_variant_new_string (event));
  g_variant_builder_add (&builder, "{sv}", "Kind", kind);
  g_variant_builder_add (&builder, "{sv}", "Path", path);
  if (properties != NULL)
    g_variant_builder_add (&builder, "{sv}", "Properties", properties);
  return g_variant_builder_end (&builder);
}

static void
print_event (Monitor *self, const char *event, GVariant *record)
{
  g_autoptr (GVariant) properties = iommuctl_records_without (record, "Kind", "Path", NULL);
  g_autoptr (GString) line = g_string_new (NULL);
  const char *kind = "";
  g_autofree char *name = NULL;

  if (is_done (self))
    return;
  g_variant_lookup (record, "Kind", "&s", &kind);
  name = name_of_record (self, record);
  g_string_printf (line, "%-8s %-10s %s", event, kind, name);
  /* Of what is new, people see where it hangs by its name; of what has gone nothing is left. */
  if (g_str_equal (event, EVENT_CHANGED))
    append_properties (self, line, properties);
  if (g_str_equal (event, EVENT_REMOVED))
    iommuctl_output_event (self->request->output, event_record (event, record, NULL), line->str);
  else
    iommuctl_output_event (self->request->output, event_record (event, record, properties),
                           line->str);
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
    print_event (self, EVENT_ADDED, record);
}

static void
on_object_removed (GDBusObjectManager *manager, GDBusObject *object, Monitor *self)
{
  g_autoptr (GVariant) record = record_of_object (object);

  if (record != NULL)
    print_event (self, EVENT_REMOVED, record);
}

static void
on_properties_changed (GDBusObjectManagerClient *manager, GDBusObjectProxy *object,
                       GDBusProxy *proxy, GVariant *changed, const char *const *invalidated,
                       Monitor *self)
{
  const char *interface_name = g_dbus_proxy_get_interface_name (proxy);
  g_autoptr (GVariant) record = NULL;

  if (iommuctl_records_kind (interface_name) == NULL)
    return;
  record = iommuctl_records_of_properties (interface_name, g_dbus_proxy_get_object_path (proxy),
                                           changed);
  print_event (self, EVENT_CHANGED, record);
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
