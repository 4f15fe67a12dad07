/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* iommuctl mappings: what is mapped in a container. */
#include "config.h"

#include "command.h"
#include "mapping.h"
#include "names.h"
#include "numbers.h"

#include <glib/gi18n.h>
#include <inttypes.h>

static char *
describe_range (GVariant *record, IommudDBusClient *client)
{
  return iommuctl_mapping_describe_range (record);
}

static char *
describe_length (GVariant *record, IommudDBusClient *client)
{
  guint64 length = 0;

  g_variant_lookup (record, "Length", "t", &length);
  return iommuctl_numbers_describe_exact_size (length);
}

static char *
describe_offset (GVariant *record, IommudDBusClient *client)
{
  guint64 offset = 0;

  g_variant_lookup (record, "Offset", "t", &offset);
  return iommuctl_numbers_describe_address (offset);
}

static char *
describe_access (GVariant *record, IommudDBusClient *client)
{
  return iommuctl_mapping_describe_access (record);
}

static GVariant *
memory_record (IommudDBusMemory *memory, GVariant *mappings)
{
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_VARDICT);

  g_variant_builder_add (
      &builder, "{sv}", "Container",
      g_variant_new_object_path (g_dbus_proxy_get_object_path (G_DBUS_PROXY (memory))));
  g_variant_builder_add (&builder, "{sv}", "MappedBytes",
                         g_variant_new_uint64 (iommud_dbus_memory_get_mapped_bytes (memory)));
  g_variant_builder_add (&builder, "{sv}", "MappingCount",
                         g_variant_new_uint64 (iommud_dbus_memory_get_mapping_count (memory)));
  g_variant_builder_add (&builder, "{sv}", "Mappings", mappings);
  return g_variant_ref_sink (g_variant_builder_end (&builder));
}

static char *
describe_sum (IommudDBusMemory *memory, gsize n_listed)
{
  guint64 n_mappings = iommud_dbus_memory_get_mapping_count (memory);
  g_autofree char *size =
      iommuctl_numbers_describe_exact_size (iommud_dbus_memory_get_mapped_bytes (memory));

  if (n_mappings > n_listed)
    return g_strdup_printf (_ ("Mappings: %" PRIu64 ", the service lists the first %zu; "
                               "in all %s"),
                            n_mappings, n_listed, size);
  return g_strdup_printf (_ ("Mappings: %" PRIu64 ", in all %s"), n_mappings, size);
}

gboolean
iommuctl_mappings_run (IommuctlRequest *request, GError **error)
{
  static const IommuctlColumn columns[] = {
    { N_ ("IOVA"), NULL, describe_range, FALSE },
    { N_ ("LENGTH"), NULL, describe_length, FALSE },
    { N_ ("FILE OFFSET"), NULL, describe_offset, FALSE },
    { N_ ("ACCESS"), NULL, describe_access, FALSE },
    { NULL },
  };
  g_autoptr (IommudDBusContainer) container =
      iommuctl_names_find_container (request->client, request->arguments[0], error);
  g_autoptr (IommudDBusMemory) memory = NULL;
  g_autoptr (GVariant) mappings = NULL;
  g_autoptr (GVariant) records = NULL;
  g_autoptr (GVariant) record = NULL;
  g_autofree char *sum = NULL;

  if (container == NULL)
    return FALSE;
  memory = iommuctl_names_find_memory (request->client, container, error);
  if (memory == NULL)
    return FALSE;
  mappings = iommud_dbus_read_property_sync (G_DBUS_PROXY (memory), "Mappings", NULL, error);
  if (mappings == NULL)
    return FALSE;
  records = g_variant_ref_sink (iommuctl_mapping_records (mappings));
  record = memory_record (memory, records);
  sum = describe_sum (memory, g_variant_n_children (records));
  iommuctl_output_table_of (request->output, record, "Mappings", columns);
  iommuctl_output_text (request->output, sum);
  return TRUE;
}
