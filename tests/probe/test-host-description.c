/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Simulated hosts from XML: what each element and attribute becomes, and what the manual says. */
#include "config.h"

#include "refusal.h"

#include "sim/description/operations.h"
#include "xml/host-description.h"

#include <errno.h>
#include <string.h>

static IommudSimulatedHost *
parse (const char *xml)
{
  g_autoptr (GError) error = NULL;
  IommudSimulatedHost *host = iommud_xml_parse_simulated_host (xml, -1, "hosts.xml", &error);

  g_assert_no_error (error);
  g_assert_nonnull (host);
  return host;
}

static IommudSimulatedIommu *
find_iommu (const IommudSimulatedHost *host, const char *name)
{
  for (guint i = 0; i < host->iommus->len; i++)
    {
      IommudSimulatedIommu *iommu = host->iommus->pdata[i];

      if (g_str_equal (iommu->name, name))
        return iommu;
    }
  return NULL;
}

static IommudSimulatedDevice *
find_device (const IommudSimulatedHost *host, const char *name)
{
  for (guint i = 0; i < host->devices->len; i++)
    {
      IommudSimulatedDevice *device = host->devices->pdata[i];

      if (g_str_equal (device->info->name, name))
        return device;
    }
  return NULL;
}

static void
test_default (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (IommudSimulatedHost) host = iommud_xml_load_default_simulated_host (&error);
  IommudSimulatedIommu *tracking;
  guint physical = 0;

  g_assert_no_error (error);
  g_assert_cmpuint (host->iommus->len, ==, 2);
  g_assert_cmpuint (host->devices->len, ==, 10);
  for (guint i = 0; i < host->devices->len; i++)
    {
      const IommudSimulatedDevice *device = g_ptr_array_index (host->devices, i);

      physical += !iommud_device_info_is_mdev (device->info);
    }
  g_assert_cmpuint (physical, ==, 8);
  tracking = find_iommu (host, "dmar0");
  g_assert_true (tracking->dirty_tracking);
  g_assert_false (find_iommu (host, "dmar1")->dirty_tracking);
  g_assert_cmpuint (tracking->regions->len, ==, 1);
  g_assert_cmphex (g_array_index (tracking->regions, IommudSimulatedRegion, 0).first, ==,
                   0xfee00000);
}

static void
test_iommu (void)
{
  g_autoptr (IommudSimulatedHost) host =
      parse ("<simulated-host iommufd='no' kernel='6.13'>"
             "<iommu name='a' dirty-tracking='yes' nesting='yes' cache-coherency='no'"
             " enforced-coherency='yes' isolated-msi='no' hw-info='none' pasid-bits='20'>"
             "<reserved first='0x10' last='0xffffffffffffffff' type='direct'/>"
             "<aperture first='0x1000' last='0xFFFF'/>"
             "<reserved first='0x0' last='0x0'/></iommu><iommu name='b'/></simulated-host>");
  const IommudSimulatedIommu *iommu = find_iommu (host, "a");
  const IommudSimulatedRegion *region = &g_array_index (iommu->regions, IommudSimulatedRegion, 0);

  g_assert_false (host->iommufd);
  g_assert_cmpint (host->kernel, ==, IOMMUD_SIMULATED_LINUX_6_13);
  g_assert_true (iommu->dirty_tracking && iommu->nesting && iommu->enforced_coherency);
  g_assert_false (iommu->cache_coherency || iommu->isolated_msi);
  g_assert_cmpuint (iommu->hw_info_type, ==, 0);
  g_assert_cmpuint (iommu->pasid_bits, ==, 20);
  g_assert_cmphex (iommu->aperture_first, ==, 0x1000);
  g_assert_cmphex (iommu->aperture_last, ==, 0xffff);
  g_assert_cmpuint (iommu->regions->len, ==, 2);
  g_assert_cmphex (region->first, ==, 0x10);
  g_assert_cmphex (region->last, ==, G_MAXUINT64);
  g_assert_cmpint (region->type, ==, IOMMUD_SIMULATED_RESERVED_DIRECT);

  /* The manual page promises these defaults. */
  iommu = find_iommu (host, "b");
  g_assert_false (iommu->dirty_tracking || iommu->nesting || iommu->enforced_coherency);
  g_assert_true (iommu->cache_coherency && iommu->isolated_msi);
  g_assert_cmpuint (iommu->hw_info_type, ==, 1);
  g_assert_cmphex (iommu->aperture_first, ==, 0);
  g_assert_cmphex (iommu->aperture_last, ==, 0xffffffffffff);
  g_assert_cmpuint (iommu->regions->len, ==, 0);
}

static void
test_device (void)
{
  g_autoptr (IommudSimulatedHost) host = parse (
      "<simulated-host><iommu name='a'/><iommu name='b'/>"
      "<device name='0000:01:00.0' iommu='b' group='7' driver='other' numa-node='1'"
      " vendor='A &amp; B &lt;&#246;&gt;' vendor-id='0xfFfF' product='P' product-id='0x1'"
      " plugged='no' cdev='no' dirty-tracking='yes' nesting='no' enforced-coherency='yes'"
      " pasid-bits='3' address-width='39' nest-excludes-dirty='yes' regions='1' irqs='0'>"
      "<dma-logging max-ranges='3' page-bits='16'/><reserved first='0x1' last='0x2' type='msi'/>"
      "</device></simulated-host>");
  const IommudSimulatedDevice *device = find_device (host, "0000:01:00.0");
  const IommudDeviceInfo *info = device->info;

  g_assert_cmpstr (info->bus, ==, "pci");
  g_assert_cmpstr (info->sysfs_path, ==, "/sys/devices/pci0000:00/0000:01:00.0");
  g_assert_cmpstr (info->iommu, ==, "b");
  g_assert_cmpint (info->iommu_group, ==, 7);
  g_assert_cmpstr (info->driver, ==, "other");
  g_assert_cmpint (info->numa_node, ==, 1);
  g_assert_cmpstr (info->vendor, ==, "A & B <ö>");
  g_assert_cmphex (info->vendor_id, ==, 0xffff);
  g_assert_cmpstr (info->product, ==, "P");
  g_assert_cmphex (info->product_id, ==, 1);
  g_assert_false (device->plugged || device->cdev);
  g_assert_cmpint (device->dirty_tracking, ==, TRUE);
  g_assert_cmpint (device->nesting, ==, FALSE);
  g_assert_cmpint (device->enforced_coherency, ==, TRUE);
  g_assert_cmpint (device->pasid_bits, ==, 3);
  g_assert_cmpuint (device->address_width, ==, 39);
  g_assert_true (device->nest_excludes_dirty && device->dma_logging);
  g_assert_cmpuint (device->regions_count, ==, 1);
  g_assert_cmpuint (device->irqs_count, ==, 0);
  g_assert_cmpuint (device->max_logged_ranges, ==, 3);
  g_assert_cmpuint (device->log_page_bits, ==, 16);
  g_assert_cmpuint (device->regions->len, ==, 1);
}

static void
test_device_defaults (void)
{
  g_autoptr (IommudSimulatedHost) host =
      parse ("<simulated-host><device name='00010000:e1:00.0' group='0'/><iommu name='only'/>"
             "<device name='serial@1' bus='platform' group='1'/>"
             "<device name='0.0.1234' bus='ccw' group='2'/></simulated-host>");
  const IommudSimulatedDevice *device = find_device (host, "00010000:e1:00.0");

  g_assert_cmpstr (device->info->iommu, ==, "only");
  g_assert_cmpstr (device->info->driver, ==, "vfio-pci");
  g_assert_cmpstr (device->info->vfio_name, ==, "");
  g_assert_cmpint (device->info->numa_node, ==, -1);
  g_assert_true (device->plugged && device->cdev);
  g_assert_false (device->dma_logging || device->nest_excludes_dirty);
  g_assert_cmpint (device->dirty_tracking, ==, IOMMUD_SIMULATED_AS_IOMMU);
  g_assert_cmpuint (device->max_logged_ranges, ==, 256);
  g_assert_cmpuint (device->log_page_bits, ==, 12);
  g_assert_cmpuint (device->regions_count, ==, 9);
  g_assert_cmpuint (device->irqs_count, ==, 5);
  device = find_device (host, "serial@1");
  g_assert_cmpstr (device->info->driver, ==, "vfio-platform");
  g_assert_cmpstr (device->info->sysfs_path, ==, "/sys/devices/platform/serial@1");
  device = find_device (host, "0.0.1234");
  g_assert_cmpstr (device->info->sysfs_path, ==, "/sys/devices/css0/0.0.1234");
}

/* Devices that ask for a number are plugged before one could take it from them. */
static void
test_vfio_numbers (void)
{
  static const char *const expected[] = { "vfio1", "vfio7", "", "" };
  g_autoptr (IommudSimulatedHost) host =
      parse ("<simulated-host><iommu name='a'/><device name='0000:01:00.0' group='1'/>"
             "<device name='0000:02:00.0' group='2' vfio='1'/>"
             "<device name='0000:03:00.0' group='3' vfio='7'/>"
             "<device name='0000:04:00.0' group='4'/></simulated-host>");

  g_assert_cmpuint (host->devices->len, ==, G_N_ELEMENTS (expected));
  for (guint i = 0; i < host->devices->len; i++)
    {
      const IommudSimulatedDevice *device = g_ptr_array_index (host->devices, i);

      g_assert_cmpstr (device->info->vfio_name, ==, expected[i]);
    }
}

static void
test_mdev (void)
{
  g_autoptr (IommudSimulatedHost) host =
      parse ("<simulated-host>"
             "<mdev name='83b8f4f2-509f-382f-3c1e-e6bfe0fa1001' parent='mtty' type='mtty-1'/>"
             "<host-device name='mtty' bus='virtual' driver='mtty'/>"
             "<host-device name='0000:01:00.1' group='3'/></simulated-host>");
  const IommudSimulatedDevice *mdev = g_ptr_array_index (host->devices, 0);
  const IommudSimulatedHostDevice *sibling = g_ptr_array_index (host->host_devices, 1);

  g_assert_true (iommud_device_info_is_mdev (mdev->info));
  g_assert_cmpstr (mdev->info->parent, ==, "mtty");
  g_assert_cmpstr (mdev->info->mdev_type, ==, "mtty-1");
  g_assert_cmpstr (mdev->info->driver, ==, "mtty");
  g_assert_cmpstr (mdev->info->iommu, ==, "");
  g_assert_cmpint (mdev->info->iommu_group, ==, -1);
  g_assert_cmpstr (mdev->info->sysfs_path, ==,
                   "/sys/devices/virtual/mtty/83b8f4f2-509f-382f-3c1e-e6bfe0fa1001");
  g_assert_cmpstr (sibling->bus, ==, "pci");
  g_assert_cmpint (sibling->iommu_group, ==, 3);
}

static void
test_faults (void)
{
  g_autoptr (IommudSimulatedHost) host =
      parse ("<simulated-host><fault operation='bind' errno='EPERM'/>"
             "<fault operation='attach' call='3' delay='10'/></simulated-host>");
  const IommudSimulatedFault *faults = (gconstpointer) host->faults->data;

  g_assert_cmpuint (host->faults->len, ==, 2);
  g_assert_cmpstr (faults[0].operation, ==, "bind");
  g_assert_cmpuint (faults[0].nth, ==, 1);
  g_assert_cmpint (faults[0].errnum, ==, EPERM);
  g_assert_cmpuint (faults[0].delay_ms, ==, 0);
  g_assert_cmpuint (faults[1].nth, ==, 3);
  g_assert_cmpint (faults[1].errnum, ==, 0);
  g_assert_cmpuint (faults[1].delay_ms, ==, 10);
}

static void
test_many_devices (void)
{
  g_autoptr (GString) xml = g_string_new ("<simulated-host><iommu name='dmar0'/>\n");
  g_autoptr (IommudSimulatedHost) host = NULL;

  for (int i = 0; i < 10000; i++)
    g_string_append_printf (xml, "<device name='%04x:%02x:00.0' group='%d' vendor-id='0x8086'/>\n",
                            i / 256, i % 256, i);
  g_string_append (xml, "</simulated-host>");
  host = parse (xml->str);
  g_assert_cmpuint (host->devices->len, ==, 10000);
}

static char *
read_data_file (const char *name)
{
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "data", name, NULL);
  g_autoptr (GError) error = NULL;
  char *content = NULL;

  g_file_get_contents (path, &content, NULL, &error);
  g_assert_no_error (error);
  return content;
}

/* The manual page names every attribute and every word that the schema allows. */
static void
test_manual_is_complete (void)
{
  g_autofree char *manual = read_data_file ("iommud-simulated-host.5.rst");
  g_autofree char *schema = read_data_file ("simulated-host.rng");
  g_autoptr (GRegex) word =
      g_regex_new ("(?:<attribute name=\"|<value type=\"string\">)([a-z-]+)", 0, 0, NULL);
  g_autoptr (GMatchInfo) match = NULL;
  guint count = 0;

  for (g_regex_match (word, schema, 0, &match); g_match_info_matches (match);
       g_match_info_next (match, NULL))
    {
      g_autofree char *name = g_match_info_fetch (match, 1);

      g_test_message ("%s", name);
      g_assert_nonnull (strstr (manual, name));
      count++;
    }
  g_assert_cmpuint (count, >, 50);
}

static void
test_manual_example (void)
{
  g_autofree char *manual = read_data_file ("iommud-simulated-host.5.rst");
  const char *start = strstr (manual, "    <simulated-host>\n");
  const char *end = strstr (manual, "    </simulated-host>\n");
  g_autofree char *xml = NULL;
  g_autoptr (IommudSimulatedHost) host = NULL;

  g_assert_true (start != NULL && end != NULL);
  xml = g_strndup (start, (gsize) (end - start) + strlen ("    </simulated-host>\n"));
  host = parse (g_strstrip (xml));
  g_assert_cmpuint (host->devices->len, ==, 3);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/host-description/default", test_default);
  g_test_add_func ("/host-description/iommu", test_iommu);
  g_test_add_func ("/host-description/device", test_device);
  g_test_add_func ("/host-description/device-defaults", test_device_defaults);
  g_test_add_func ("/host-description/vfio-numbers", test_vfio_numbers);
  g_test_add_func ("/host-description/mdev", test_mdev);
  g_test_add_func ("/host-description/faults", test_faults);
  g_test_add_func ("/host-description/many-devices", test_many_devices);
  g_test_add_func ("/host-description/manual-is-complete", test_manual_is_complete);
  g_test_add_func ("/host-description/manual-example", test_manual_example);
  return g_test_run ();
}
