/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* iommuctl mappings: what is mapped in a container. */
#include "config.h"

#include "columns.h"
#include "mapping.h"
#include "names.h"
#include "numbers.h"

#include <glib/gi18n.h>
#include <inttypes.h>

static char *
describe_range (GVariant *record, IommuctlService *service)
{
  return iommuctl_mapping_describe_range (record);
}

static guint64
get_number (GVariant *record, const char *key)
{
  guint64 number = 0;

  g_variant_lookup (record, key, "t", &number);
  return number;
}

static char *
describe_length (GVariant *record, IommuctlService *service)
{
  return iommuctl_numbers_describe_exact_size (get_number (record, "Length"));
}

static char *
describe_offset (GVariant *record, IommuctlService *service)
{
  return iommuctl_numbers_describe_address (get_number (record, "Offset"));
}

static char *
describe_access (GVariant *record, IommuctlService *service)
{
  return iommuctl_mapping_describe_access (record);
}

/* Mappings of the record are those of the service, as records of their own. */
static GVariant *
memory_record (const char *container, GVariant *memory)
{
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_VARDICT);
  g_autoptr (GVariant) mappings =
      g_variant_lookup_value (memory, "Mappings", G_VARIANT_TYPE ("a(tttu)"));

  g_variant_builder_add (&builder, "{sv}", "Container", g_variant_new_object_path (container));
  g_variant_builder_add (&builder, "{sv}", "MappedBytes",
                         g_variant_new_uint64 (get_number (memory, "MappedBytes")));
  g_variant_builder_add (&builder, "{sv}", "MappingCount",
                         g_variant_new_uint64 (get_number (memory, "MappingCount")));
  if (mappings != NULL)
    g_variant_builder_add (&builder, "{sv}", "Mappings", iommuctl_mapping_records (mappings));
  return g_variant_ref_sink (g_variant_builder_end (&builder));
}

static char *
describe_sum (GVariant *record, gsize n_listed)
{
  guint64 n_mappings = get_number (record, "MappingCount");
  g_autofree char *size = iommuctl_numbers_describe_exact_size (get_number (record, "MappedBytes"));

  if (n_mappings > n_listed)
    return g_strdup_printf (_ ("Mappings: %" PRIu64 ", the service lists the first %zu; "
                               "in all %s"),
                            n_mappings, n_listed, size);
  return g_strdup_printf (_ ("Mappings: %" PRIu64 ", in all %s"), n_mappings, size);
}

static const IommuctlColumn columns[] = {
  { N_ ("IOVA"), NULL, describe_range, FALSE, FALSE },
  { N_ ("LENGTH"), NULL, describe_length, FALSE, FALSE },
  { N_ ("FILE OFFSET"), NULL, describe_offset, FALSE, FALSE },
  { N_ ("ACCESS"), NULL, describe_access, FALSE, FALSE },
  { NULL },
};

static void
print_mappings (IommuctlRequest *request, GVariant *record, const IommuctlColumn *chosen)
{
  g_autoptr (GVariant) records =
      g_variant_lookup_value (record, "Mappings", G_VARIANT_TYPE ("aa{sv}"));
  g_autofree char *sum =
      describe_sum (record, records == NULL ? 0 : g_variant_n_children (records));

  iommuctl_output_table_of (request->output, record, "Mappings", chosen);
  iommuctl_output_text (request->output, sum);
}

gboolean
iommuctl_mappings_run (IommuctlRequest *request, GError **error)
{
  g_autofree IommuctlColumn *chosen = iommuctl_columns_choose (request, columns, error);
  g_autofree char *container = NULL;
  g_autoptr (GVariant) memory = NULL;
  g_autoptr (GVariant) record = NULL;

  if (chosen == NULL)
    return FALSE;
  container = iommuctl_names_find_container (request->service, request->arguments[0], error);
  if (container == NULL)
    return FALSE;
  memory =
      iommuctl_service_read_all (request->service, container, IOMMUD_DBUS_MEMORY_INTERFACE, error);
  if (memory == NULL)
    return FALSE;
  record = memory_record (container, memory);
  print_mappings (request, record, chosen);
  return TRUE;
}
