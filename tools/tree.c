/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* iommuctl tree: containers with their HWPTs and devices, then the devices in no container. */
#include "config.h"

#include "command.h"
#include "names.h"
#include "numbers.h"
#include "records.h"

#include <glib/gi18n.h>

static GVariant *
records_of_paths (IommudDBusClient *client, const char *const *paths)
{
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("aa{sv}"));

  for (guint i = 0; paths[i] != NULL; i++)
    {
      g_autoptr (GVariant) record = iommuctl_records_of_path (client, paths[i]);

      if (record != NULL)
        g_variant_builder_add_value (&builder, record);
    }
  return g_variant_builder_end (&builder);
}

static GVariant *
expand_hwpt (IommudDBusClient *client, GVariant *record)
{
  g_autofree const char **devices = NULL;

  if (!g_variant_lookup (record, "Devices", "^a&o", &devices))
    return g_variant_ref (record);
  return iommuctl_records_with (record, "Devices", records_of_paths (client, devices));
}

static GVariant *
expand_hwpts (IommudDBusClient *client, const char *const *paths)
{
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("aa{sv}"));

  for (guint i = 0; paths[i] != NULL; i++)
    {
      g_autoptr (GVariant) record = iommuctl_records_of_path (client, paths[i]);
      g_autoptr (GVariant) expanded = NULL;

      if (record == NULL)
        continue;
      expanded = expand_hwpt (client, record);
      g_variant_builder_add_value (&builder, expanded);
    }
  return g_variant_builder_end (&builder);
}

/* The devices of a container that are on none of its HWPTs: mdevs and devices that are only bound.
 */
static GVariant *
devices_beside_hwpts (GVariant *devices, const char *container_path)
{
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("aa{sv}"));
  GVariantIter iter;
  GVariant *device = NULL;

  g_variant_iter_init (&iter, devices);
  while (g_variant_iter_loop (&iter, "@a{sv}", &device))
    {
      const char *container = "";
      const char *hwpt = "";

      g_variant_lookup (device, "Container", "&o", &container);
      g_variant_lookup (device, "Hwpt", "&o", &hwpt);
      if (g_str_equal (container, container_path) && g_str_equal (hwpt, IOMMUD_DBUS_NO_PATH))
        g_variant_builder_add_value (&builder, device);
    }
  return g_variant_builder_end (&builder);
}

static GVariant *
expand_container (IommudDBusClient *client, GVariant *record, GVariant *devices)
{
  g_autofree const char **hwpts = NULL;
  g_autoptr (GVariant) with_hwpts = NULL;
  const char *path = "";

  if (!g_variant_lookup (record, "Hwpts", "^a&o", &hwpts)
      || !g_variant_lookup (record, "Path", "&s", &path))
    return g_variant_ref (record);
  with_hwpts = iommuctl_records_with (record, "Hwpts", expand_hwpts (client, hwpts));
  return iommuctl_records_with (with_hwpts, "Devices", devices_beside_hwpts (devices, path));
}

static GVariant *
expand_containers (IommudDBusClient *client, GVariant *devices)
{
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("aa{sv}"));
  g_autoptr (GVariant) records = iommuctl_records_of_containers (client);
  GVariantIter iter;
  GVariant *record = NULL;

  g_variant_iter_init (&iter, records);
  while (g_variant_iter_loop (&iter, "@a{sv}", &record))
    {
      g_autoptr (GVariant) expanded = expand_container (client, record, devices);

      g_variant_builder_add_value (&builder, expanded);
    }
  return g_variant_builder_end (&builder);
}

static GVariant *
build_tree (IommudDBusClient *client)
{
  g_autoptr (GVariant) devices = iommuctl_records_of_devices (client);
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_VARDICT);

  g_variant_builder_add (&builder, "{sv}", "Containers", expand_containers (client, devices));
  g_variant_builder_add (&builder, "{sv}", "Devices",
                         devices_beside_hwpts (devices, IOMMUD_DBUS_NO_PATH));
  return g_variant_ref_sink (g_variant_builder_end (&builder));
}

static char *
describe_name (GVariant *record, IommudDBusClient *client)
{
  const char *path = IOMMUD_DBUS_NO_PATH;

  g_variant_lookup (record, "Path", "&s", &path);
  return iommuctl_names_of_path (client, path);
}

static char *
describe_kind (GVariant *record, IommudDBusClient *client)
{
  const char *kind = "";
  const char *management = NULL;

  g_variant_lookup (record, "Kind", "&s", &kind);
  if (g_variant_lookup (record, "Management", "&s", &management))
    return g_strdup_printf ("%s %s", management, kind);
  return g_strdup (kind);
}

/* "dirty tracking full, active, 4 GiB mapped": what matters most comes first, since a narrow table
 * is cut. */
static char *
describe_container_state (GVariant *record, const char *coverage)
{
  g_autoptr (GString) text = g_string_new (NULL);
  gboolean active = FALSE;
  guint64 n_bytes = 0;

  g_string_printf (text, _ ("dirty tracking %s"), coverage);
  if (g_variant_lookup (record, "DirtyTrackingActive", "b", &active) && active)
    g_string_append (text, _ (", active"));
  if (g_variant_lookup (record, "MappedBytes", "t", &n_bytes) && n_bytes > 0)
    {
      g_autofree char *size = iommuctl_numbers_describe_size (n_bytes);

      g_string_append_printf (text, _ (", %s mapped"), size);
    }
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static gboolean
policy_is_off (GVariant *record, IommudDBusClient *client)
{
  const char *path = IOMMUD_DBUS_NO_PATH;
  g_autoptr (IommudDBusDirtyTracking) tracking = NULL;

  g_variant_lookup (record, "Container", "&o", &path);
  tracking = iommud_dbus_client_find_dirty_tracking (client, path, NULL, NULL);
  return tracking != NULL
         && g_strcmp0 (iommud_dbus_dirty_tracking_get_policy (tracking), "off") == 0;
}

/* What records the pages that an attached device writes to. DirtyTracker says what could record
 * them, even if the container wants no tracking. */
static char *
describe_device_state (GVariant *record, IommudDBusClient *client, const char *state)
{
  const char *tracker = "";

  g_variant_lookup (record, "DirtyTracker", "&s", &tracker);
  if (!g_str_equal (state, "attached") || *tracker == '\0' || g_str_equal (tracker, "unknown"))
    return g_strdup (state);
  if (g_str_equal (tracker, "none") || policy_is_off (record, client))
    return g_strdup_printf (_ ("%s, not tracked"), state);
  return g_strdup_printf (_ ("%s, %s tracks"), state, tracker);
}

/* A container's coverage, the flags of a HWPT, the state of a device. */
static char *
describe_state (GVariant *record, IommudDBusClient *client)
{
  g_autofree const char **flags = NULL;
  const char *text = "";

  if (g_variant_lookup (record, "Flags", "^a&s", &flags))
    return g_strjoinv (", ", (char **) flags);
  if (g_variant_lookup (record, "State", "&s", &text))
    return describe_device_state (record, client, text);
  g_variant_lookup (record, "DirtyTrackingCoverage", "&s", &text);
  return describe_container_state (record, text);
}

static void
gather_names (GPtrArray *names, IommudDBusClient *client, GVariant *record)
{
  GVariantIter iter;
  GVariantIter children;
  GVariant *value = NULL;
  GVariant *child = NULL;

  g_variant_iter_init (&iter, record);
  while (g_variant_iter_loop (&iter, "{&sv}", NULL, &value))
    {
      if (!iommuctl_records_has_objects (value))
        continue;
      g_variant_iter_init (&children, value);
      while (g_variant_iter_loop (&children, "@a{sv}", &child))
        {
          g_ptr_array_add (names, describe_name (child, client));
          gather_names (names, client, child);
        }
    }
}

/* All names that other commands take, in the order of the tree. */
static void
print_names (IommuctlRequest *request, GVariant *root)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);

  gather_names (names, request->client, root);
  g_ptr_array_add (names, NULL);
  iommuctl_output_names (request->output, (const char *const *) names->pdata);
}

gboolean
iommuctl_tree_run (IommuctlRequest *request, GError **error)
{
  static const IommuctlColumn columns[] = {
    { N_ ("NAME"), NULL, describe_name, FALSE },
    { N_ ("KIND"), NULL, describe_kind, FALSE },
    { N_ ("IOMMU"), "Iommu", NULL, FALSE },
    { N_ ("STATE"), NULL, describe_state, TRUE },
    { NULL },
  };
  g_autoptr (GVariant) root = build_tree (request->client);

  if (iommuctl_request_has (request, "names"))
    print_names (request, root);
  else
    iommuctl_output_tree (request->output, root, columns);
  return TRUE;
}
