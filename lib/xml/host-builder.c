/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the elements of a simulated host say about each other: names, paths, groups, numbers. */
#include "config.h"

#include "xml/host-builder.h"

#include <string.h>

const char *const iommud_xml_buses[] = { "pci",    "platform", "ap",   "ccw",
                                         "fsl-mc", "cdx",      "mdev", NULL };

/* The path at which Linux shows a device of this bus, without parents. */
static char *
make_sysfs_path (const char *bus, const char *name)
{
  if (g_str_equal (bus, "pci"))
    return g_strdup_printf ("/sys/devices/pci%.*s:00/%s", (int) (strchr (name, ':') - name), name,
                            name);
  if (g_str_equal (bus, "ccw"))
    return g_strconcat ("/sys/devices/css0/", name, NULL);
  return g_strconcat ("/sys/devices/", bus, "/", name, NULL);
}

/* Remembers a device that may be the parent of mdevs. */
void
iommud_xml_add_host_device (IommudXmlHostBuilder *self, const IommudSimulatedHostDevice *device)
{
  IommudXmlHostDevice *host_device = g_new0 (IommudXmlHostDevice, 1);

  host_device->sysfs_path = make_sysfs_path (device->bus, device->name);
  host_device->driver = g_strdup (device->driver);
  g_hash_table_insert (self->host_devices, device->name, host_device);
}

void
iommud_xml_host_device_free (gpointer self)
{
  IommudXmlHostDevice *host_device = self;

  g_free (host_device->sysfs_path);
  g_free (host_device->driver);
  g_free (host_device);
}

/* In a form, x is a lower-case hexadecimal digit, a digit is the highest one allowed, and anything
 * else is itself. */
static gboolean
has_form (const char *text, const char *form)
{
  for (; *form != '\0' && *text != '\0'; form++, text++)
    if (*form == 'x'              ? !g_ascii_isxdigit (*text) || g_ascii_isupper (*text)
        : g_ascii_isdigit (*form) ? *text < '0' || *text > *form
                                  : *text != *form)
      return FALSE;
  return *form == *text;
}

static gboolean
is_pci_address (const char *name)
{
  gsize domain = strspn (name, "0123456789abcdef");

  return domain >= 4 && domain <= 8 && has_form (name + domain, ":xx:1x.7");
}

gboolean
iommud_xml_check_device_name (const IommudXmlElement *element, const char *bus, const char *name,
                              GError **error)
{
  const char *expected = NULL;

  if (strcmp (bus, "pci") == 0 && !is_pci_address (name))
    expected = "a PCI address such as 0000:01:00.0";
  if (strcmp (bus, "mdev") == 0 && !has_form (name, "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx"))
    expected = "a UUID in lower case";
  if (expected != NULL)
    iommud_xml_set_error (element->place, error, "<%s> has name=\"%s\": expected %s", element->name,
                          name, expected);
  return expected == NULL;
}

/* @name must outlive @names. */
gboolean
iommud_xml_add_name (GHashTable *names, const IommudXmlElement *element, const char *name,
                     GError **error)
{
  guint first = GPOINTER_TO_UINT (g_hash_table_lookup (names, name));

  if (first != 0)
    {
      iommud_xml_set_error (element->place, error,
                            "<%s> \"%s\" is defined twice (first on line %u)", element->name, name,
                            first);
      return FALSE;
    }
  g_hash_table_insert (names, (gpointer) name, GUINT_TO_POINTER (element->place.line));
  return TRUE;
}

static gboolean set_device_error (const IommudXmlDevice *entry, GError **error, const char *format,
                                  ...) G_GNUC_PRINTF (3, 4);

static gboolean
set_device_error (const IommudXmlDevice *entry, GError **error, const char *format, ...)
{
  g_autofree char *message = NULL;
  va_list arguments;

  va_start (arguments, format);
  message = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  iommud_xml_set_error (entry->place, error, "<%s> \"%s\" %s",
                        entry->bus == IOMMUD_XML_BUS_MDEV ? "mdev" : "device",
                        entry->device->info->name, message);
  return FALSE;
}

static void
replace_string (char **member, char *value)
{
  g_free (*member);
  *member = value;
}

static gboolean
finish_mdev (IommudXmlHostBuilder *self, const IommudXmlDevice *entry, GError **error)
{
  IommudDeviceInfo *info = entry->device->info;
  const IommudXmlHostDevice *parent = g_hash_table_lookup (self->host_devices, info->parent);

  if (parent == NULL && g_hash_table_contains (self->elements, info->parent))
    return set_device_error (entry, error,
                             "has the parent \"%s\", which is a VFIO device: only a <host-device> "
                             "can have mdevs",
                             info->parent);
  if (parent == NULL)
    return set_device_error (
        entry, error, "has the parent \"%s\", but no <host-device> has that name", info->parent);
  replace_string (&info->sysfs_path, g_strconcat (parent->sysfs_path, "/", info->name, NULL));
  if (*info->driver == '\0')
    replace_string (&info->driver, g_strdup (parent->driver));
  return TRUE;
}

static gboolean
finish_physical_device (IommudXmlHostBuilder *self, const IommudXmlDevice *entry, GError **error)
{
  IommudDeviceInfo *info = entry->device->info;

  if (*info->iommu == '\0')
    {
      const IommudSimulatedIommu *only =
          self->host->iommus->len == 1 ? g_ptr_array_index (self->host->iommus, 0) : NULL;

      if (only == NULL)
        return set_device_error (entry, error, "lacks the attribute \"iommu\": there are %u IOMMUs",
                                 self->host->iommus->len);
      replace_string (&info->iommu, g_strdup (only->name));
    }
  if (!g_hash_table_contains (self->iommus, info->iommu))
    return set_device_error (entry, error, "has the IOMMU \"%s\", but no <iommu> has that name",
                             info->iommu);
  replace_string (&info->sysfs_path, make_sysfs_path (info->bus, info->name));
  return TRUE;
}

/* One IOMMU translates for all devices of a group; an mdev has a group of its own. */
static gboolean
check_group (GHashTable *groups, const IommudXmlDevice *entry, GError **error)
{
  const IommudDeviceInfo *info = entry->device->info;
  const IommudXmlDevice *first = g_hash_table_lookup (groups, GINT_TO_POINTER (info->iommu_group));

  if (info->iommu_group < 0)
    return TRUE;
  if (first == NULL)
    g_hash_table_insert (groups, GINT_TO_POINTER (info->iommu_group), (gpointer) entry);
  else if (*info->iommu == '\0' || *first->device->info->iommu == '\0')
    return set_device_error (entry, error,
                             "is in group %d with \"%s\" (line %u): an mdev has a group of its own",
                             info->iommu_group, first->device->info->name, first->place.line);
  else if (!g_str_equal (info->iommu, first->device->info->iommu))
    return set_device_error (
        entry, error,
        "is in group %d behind \"%s\", but \"%s\" (line %u) of that group is behind \"%s\"",
        info->iommu_group, info->iommu, first->device->info->name, first->place.line,
        first->device->info->iommu);
  return TRUE;
}

static gboolean
claim_number (GHashTable *numbers, const IommudXmlDevice *entry, GError **error)
{
  gpointer number = GUINT_TO_POINTER (entry->vfio_number);
  const IommudXmlDevice *first = g_hash_table_lookup (numbers, number);

  if (entry->vfio_number == IOMMUD_XML_NO_NUMBER)
    return TRUE;
  if (first != NULL)
    return set_device_error (entry, error, "is vfio%u, as \"%s\" (line %u) is", entry->vfio_number,
                             first->device->info->name, first->place.line);
  g_hash_table_insert (numbers, number, (gpointer) entry);
  return TRUE;
}

/* Devices get their numbers when they are plugged, in the order of the host's list. Those that ask
 * for a number come first, so that no other device has it by then. */
static void
put_numbered_devices_first (const IommudXmlHostBuilder *self)
{
  guint count = 0;

  for (int numbered = TRUE; numbered >= FALSE; numbered--)
    for (guint i = 0; i < self->devices->len; i++)
      {
        const IommudXmlDevice *entry = &g_array_index (self->devices, IommudXmlDevice, i);

        if ((entry->vfio_number != IOMMUD_XML_NO_NUMBER) != numbered)
          continue;
        if (numbered)
          replace_string (&entry->device->info->vfio_name,
                          g_strdup_printf ("vfio%u", entry->vfio_number));
        self->host->devices->pdata[count++] = entry->device;
      }
}

static gboolean
check_host_devices (const IommudXmlHostBuilder *self, GHashTable *groups, GError **error)
{
  for (guint i = 0; i < self->host->host_devices->len; i++)
    {
      const IommudSimulatedHostDevice *device = g_ptr_array_index (self->host->host_devices, i);
      const IommudXmlPlace place = { self->source, GPOINTER_TO_UINT (g_hash_table_lookup (
                                                       self->elements, device->name)) };
      const IommudXmlDevice *sibling =
          g_hash_table_lookup (groups, GINT_TO_POINTER (device->iommu_group));
      gboolean has_iommu = *device->iommu != '\0';

      if (has_iommu && !g_hash_table_contains (self->iommus, device->iommu))
        iommud_xml_set_error (place, error,
                              "<host-device> \"%s\" has the IOMMU \"%s\", but no <iommu> has that "
                              "name",
                              device->name, device->iommu);
      else if (has_iommu && sibling != NULL
               && !g_str_equal (device->iommu, sibling->device->info->iommu))
        iommud_xml_set_error (place, error,
                              "<host-device> \"%s\" is in group %d behind \"%s\", but \"%s\" "
                              "(line %u) of that group is behind \"%s\"",
                              device->name, device->iommu_group, device->iommu,
                              sibling->device->info->name, sibling->place.line,
                              sibling->device->info->iommu);
      else
        continue;
      return FALSE;
    }
  return TRUE;
}

/* Checks what the devices refer to and fills what follows from it: paths, numbers, names. */
gboolean
iommud_xml_finish_devices (IommudXmlHostBuilder *self, GError **error)
{
  g_autoptr (GHashTable) groups = g_hash_table_new (NULL, NULL);
  g_autoptr (GHashTable) numbers = g_hash_table_new (NULL, NULL);

  for (guint i = 0; i < self->devices->len; i++)
    {
      const IommudXmlDevice *entry = &g_array_index (self->devices, IommudXmlDevice, i);

      if (entry->bus == IOMMUD_XML_BUS_MDEV ? !finish_mdev (self, entry, error)
                                            : !finish_physical_device (self, entry, error))
        return FALSE;
      if (!check_group (groups, entry, error) || !claim_number (numbers, entry, error))
        return FALSE;
    }
  put_numbered_devices_first (self);
  return check_host_devices (self, groups, error);
}
