/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a host looks like from outside: all properties of its objects, and what they emit. */
#include "config.h"

#include "adopt-fixture.h"

#include <string.h>

static const char *const operations[] = {
  "open-iommufd",
  "open-cdev",
  "close-iommufd",
  "close-cdev",
  "destroy",
  "ioas-alloc",
  "ioas-allow-iovas",
  "ioas-copy",
  "ioas-iova-ranges",
  "ioas-map",
  "ioas-map-file",
  "ioas-unmap",
  "option",
  "hwpt-alloc",
  "get-hw-info",
  "set-dirty-tracking",
  "get-dirty-bitmap",
  "bind",
  "attach",
  "detach",
  "get-info",
  "feature",
  "dma-logging-start",
  "dma-logging-stop",
  "dma-logging-report",
};

char *
adopt_fixture_count_calls (AdoptFixture *self)
{
  GString *text = g_string_new (NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (operations); i++)
    g_string_append_printf (text, "%s %u\n", operations[i],
                            iommud_simulator_count_calls (self->model.simulator, operations[i]));
  return g_string_free (text, FALSE);
}

static char *
name_object (GObject *object)
{
  if (object == NULL)
    return g_strdup ("none");
  if (IOMMUD_IS_DEVICE (object))
    return g_strdup (iommud_device_get_name (IOMMUD_DEVICE (object)));
  if (IOMMUD_IS_CONTAINER (object))
    return g_strdup (iommud_container_get_name (IOMMUD_CONTAINER (object)));
  if (IOMMUD_IS_HWPT (object))
    return g_strdup_printf ("HWPT %u", (guint) iommud_hwpt_get_serial (IOMMUD_HWPT (object)));
  return g_strdup (G_OBJECT_TYPE_NAME (object));
}

static void
append_list (GString *text, GListModel *list)
{
  for (guint i = 0; i < g_list_model_get_n_items (list); i++)
    {
      g_autoptr (GObject) item = g_list_model_get_item (list, i);
      g_autofree char *name = name_object (item);

      g_string_append_printf (text, " %s", name);
    }
}

static void
append_value (GString *text, const GValue *value)
{
  g_autofree char *contents = NULL;

  if (G_VALUE_HOLDS (value, G_TYPE_LIST_MODEL))
    {
      append_list (text, g_value_get_object (value));
      return;
    }
  if (G_VALUE_HOLDS_OBJECT (value))
    contents = name_object (g_value_get_object (value));
  else if (G_VALUE_HOLDS_VARIANT (value))
    contents = g_variant_print (g_value_get_variant (value), FALSE);
  else if (G_VALUE_HOLDS (value, G_TYPE_STRV))
    contents = g_strjoinv (", ", g_value_get_boxed (value));
  else
    contents = g_strdup_value_contents (value);
  g_string_append_printf (text, " %s", contents);
}

static void
dump_object (GString *text, gpointer object, gboolean relative)
{
  g_autofree char *name = name_object (object);
  guint count;
  g_autofree GParamSpec **specs =
      g_object_class_list_properties (G_OBJECT_GET_CLASS (object), &count);

  g_string_append_printf (text, "%s\n", name);
  for (guint i = 0; i < count; i++)
    {
      g_auto (GValue) value = G_VALUE_INIT;
      gboolean is_serial =
          IOMMUD_IS_CONTAINER (object)
          && (g_str_equal (specs[i]->name, "serial") || g_str_equal (specs[i]->name, "context"));

      if ((relative && is_serial) || (specs[i]->flags & G_PARAM_READABLE) == 0)
        continue;
      g_object_get_property (object, specs[i]->name, &value);
      g_string_append_printf (text, "  %s:", specs[i]->name);
      append_value (text, &value);
      g_string_append_c (text, '\n');
    }
}

/* Each object of the host once, in the order of the lists. */
static void
for_each (AdoptFixture *self, void (*visit) (gpointer object, gpointer data), gpointer data)
{
  GListModel *devices = iommud_host_get_devices (self->model.host);
  GListModel *containers = iommud_host_get_containers (self->model.host);

  visit (self->model.host, data);
  for (guint i = 0; i < g_list_model_get_n_items (devices); i++)
    {
      g_autoptr (GObject) device = g_list_model_get_item (devices, i);

      visit (device, data);
    }
  for (guint i = 0; i < g_list_model_get_n_items (containers); i++)
    {
      g_autoptr (IommudContainer) container = g_list_model_get_item (containers, i);
      GListModel *hwpts = iommud_container_get_hwpts (container);

      visit (container, data);
      visit (iommud_container_get_memory (container), data);
      visit (iommud_container_get_dirty_tracking (container), data);
      for (guint j = 0; j < g_list_model_get_n_items (hwpts); j++)
        {
          g_autoptr (GObject) hwpt = g_list_model_get_item (hwpts, j);

          visit (hwpt, data);
        }
    }
}

typedef struct
{
  GString *text;
  gboolean relative;
} Dump;

static void
dump_one (gpointer object, gpointer data)
{
  Dump *dump = data;

  dump_object (dump->text, object, dump->relative);
}

char *
adopt_fixture_dump (AdoptFixture *self, gboolean relative)
{
  Dump dump = { g_string_new (NULL), relative };

  for_each (self, dump_one, &dump);
  return g_string_free (dump.text, FALSE);
}

static void
on_notify (GObject *object, GParamSpec *spec, gpointer data)
{
  AdoptFixture *self = data;
  g_autofree char *name = name_object (object);

  if (self->signals != NULL)
    g_string_append_printf (self->signals, "%s: %s\n", name, spec->name);
}

static void
on_items_changed (GListModel *list, guint position, guint removed, guint added, gpointer data)
{
  AdoptFixture *self = data;

  if (self->signals == NULL)
    return;
  g_string_append_printf (self->signals, "list at %u: %u removed, %u added, now", position, removed,
                          added);
  append_list (self->signals, list);
  g_string_append_c (self->signals, '\n');
}

static void
listen_to_list (gpointer object, const char *property, gpointer data)
{
  g_autoptr (GListModel) list = NULL;

  if (g_object_class_find_property (G_OBJECT_GET_CLASS (object), property) == NULL)
    return;
  g_object_get (object, property, &list, NULL);
  g_signal_connect (list, "items-changed", G_CALLBACK (on_items_changed), data);
}

static void
listen_to (gpointer object, gpointer data)
{
  g_signal_connect (object, "notify", G_CALLBACK (on_notify), data);
  listen_to_list (object, "devices", data);
  listen_to_list (object, "hwpts", data);
  listen_to_list (object, "containers", data);
}

void
adopt_fixture_listen (AdoptFixture *self)
{
  self->signals = g_string_new (NULL);
  for_each (self, listen_to, self);
}
