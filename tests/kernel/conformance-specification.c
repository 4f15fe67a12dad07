/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a `dev` step says: the specification of a device, in words. */
#include "config.h"

#include "conformance-specification.h"

#include <string.h>

void
conformance_specification_clear (ConformanceSpecification *self)
{
  g_clear_pointer (&self->driver, g_free);
}

void
conformance_specification_add_region (IommudSimulatedDevice *device, guint64 first, guint64 last,
                                      IommudSimulatedRegionType type)
{
  IommudSimulatedRegion region = { .first = first, .last = last, .type = type };

  g_array_append_val (device->regions, region);
}

static gboolean
parse_region (IommudSimulatedDevice *device, const char *text, IommudSimulatedRegionType type)
{
  char *end = NULL;
  guint64 first, last;

  if (text == NULL)
    return FALSE;
  first = g_ascii_strtoull (text, &end, 0);
  if (*end != '-')
    return FALSE;
  last = g_ascii_strtoull (end + 1, &end, 0);
  if (*end != '\0' || first > last)
    return FALSE;
  conformance_specification_add_region (device, first, last, type);
  return TRUE;
}

gboolean
conformance_specification_parse_number (const char *text, guint64 largest, guint64 *value)
{
  char *end = NULL;

  if (text == NULL || !g_ascii_isdigit (*text))
    return FALSE;
  *value = g_ascii_strtoull (text, &end, 0);
  return *end == '\0' && *value <= largest;
}

/* A word without a value that switches something. */
static gboolean
parse_switch (IommudSimulatedDevice *device, ConformanceSpecification *specification,
              const char *key)
{
  if (g_str_equal (key, "dirty"))
    device->dirty_tracking = TRUE;
  else if (g_str_equal (key, "nest"))
    device->nesting = TRUE;
  else if (g_str_equal (key, "nestxdirty"))
    device->nest_excludes_dirty = TRUE;
  else if (g_str_equal (key, "cc"))
    device->enforced_coherency = TRUE;
  else if (g_str_equal (key, "log"))
    device->dma_logging = TRUE;
  else if (g_str_equal (key, "nomsi"))
    specification->msi = FALSE;
  else
    return FALSE;
  return TRUE;
}

static gboolean
parse_value (IommudSimulatedDevice *device, ConformanceSpecification *specification,
             const char *key, const char *text)
{
  guint64 value = 0;

  if (g_str_equal (key, "drv"))
    {
      g_free (specification->driver);
      specification->driver = g_strdup (text);
      return *text != '\0';
    }
  if (g_str_equal (key, "resv"))
    return parse_region (device, text, IOMMUD_SIMULATED_RESERVED);
  if (g_str_equal (key, "direct"))
    return parse_region (device, text, IOMMUD_SIMULATED_RESERVED_DIRECT);
  if (!conformance_specification_parse_number (text, G_MAXINT16, &value))
    return FALSE;

  if (g_str_equal (key, "id"))
    specification->id = (guint) value;
  else if (g_str_equal (key, "iommu"))
    specification->iommu = (guint) value;
  else if (g_str_equal (key, "group"))
    specification->group = (gint32) value;
  else if (g_str_equal (key, "aw"))
    device->address_width = (guint) value;
  else if (g_str_equal (key, "pasid"))
    device->pasid_bits = (int) value;
  else if (g_str_equal (key, "log"))
    {
      device->dma_logging = value != 0;
      device->max_logged_ranges = (guint) value;
    }
  else
    return value <= 1 && (value == 0 || parse_switch (device, specification, key));
  return TRUE;
}

static gboolean
parse_words (char **words, IommudSimulatedDevice *device, ConformanceSpecification *specification)
{
  for (guint i = 0; words[i] != NULL; i++)
    {
      char *equals = strchr (words[i], '=');

      if (equals != NULL)
        *equals = '\0';
      if (equals != NULL ? !parse_value (device, specification, words[i], equals + 1)
                         : !parse_switch (device, specification, words[i]))
        return FALSE;
    }
  return TRUE;
}

/* Nothing that it could do it does unless the specification says so. */
static void
set_defaults (IommudSimulatedDevice *device)
{
  device->plugged = TRUE;
  device->cdev = TRUE;
  device->dirty_tracking = FALSE;
  device->nesting = FALSE;
  device->enforced_coherency = FALSE;
  device->pasid_bits = 0;
  device->regions_count = 1;
  device->irqs_count = 1;
}

gboolean
conformance_specification_parse (const char *text, IommudSimulatedDevice *device,
                                 ConformanceSpecification *self)
{
  g_auto (GStrv) words = g_strsplit (text, ",", -1);

  self->group = -1;
  self->msi = TRUE;
  set_defaults (device);
  return parse_words (words, device, self);
}
