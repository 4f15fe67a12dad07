/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Simulated hosts from XML: what is accepted, what it becomes, and what each bad host answers. */
#include "config.h"

#include "refusal.h"

#include "sim/description/operations.h"
#include "xml/host-description.h"
#include "xml/input.h"

#include <errno.h>
#include <libxml/parser.h>
#include <libxml/relaxng.h>
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

static void
silence (void *data, const char *format, ...)
{
}

static xmlRelaxNG *
load_schema (void)
{
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "data", "simulated-host.rng", NULL);
  xmlRelaxNGParserCtxt *parser = xmlRelaxNGNewParserCtxt (path);
  xmlRelaxNG *schema = xmlRelaxNGParse (parser);

  g_assert_nonnull (schema);
  xmlRelaxNGFreeParserCtxt (parser);
  return schema;
}

static gboolean
schema_accepts (xmlRelaxNG *schema, const char *xml, gsize length)
{
  xmlDoc *document = xmlReadMemory (xml, (int) length, "hosts.xml", NULL,
                                    XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
  xmlRelaxNGValidCtxt *context = xmlRelaxNGNewValidCtxt (schema);
  int result;

  g_assert_nonnull (document);
  xmlRelaxNGSetValidErrors (context, silence, silence, NULL);
  result = xmlRelaxNGValidateDoc (context, document);
  xmlRelaxNGFreeValidCtxt (context);
  xmlFreeDoc (document);
  return result == 0;
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

/* The examples are for people to copy: the loader and the schema take each of them. */
static void
test_examples (void)
{
  g_autofree char *folder = g_test_build_filename (G_TEST_DIST, "data", "hosts", NULL);
  g_autoptr (GDir) directory = g_dir_open (folder, 0, NULL);
  xmlRelaxNG *schema = load_schema ();
  const char *name;
  guint count = 0;

  while ((name = g_dir_read_name (directory)) != NULL)
    {
      g_autofree char *path = g_build_filename (folder, name, NULL);
      g_autoptr (GError) error = NULL;
      g_autoptr (IommudSimulatedHost) host = NULL;
      g_autoptr (GBytes) content = NULL;

      if (!g_str_has_suffix (name, ".xml"))
        continue;
      host = iommud_xml_load_simulated_host (path, &error);
      g_assert_no_error (error);
      content = iommud_xml_read_file (path, &error);
      g_assert_no_error (error);
      g_assert_true (
          schema_accepts (schema, g_bytes_get_data (content, NULL), g_bytes_get_size (content)));
      count++;
    }
  g_assert_cmpuint (count, >=, 5);
  xmlRelaxNGFree (schema);
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
  g_autoptr (IommudSimulatedHost) host =
      parse ("<simulated-host><iommu name='a'/><iommu name='b'/>"
             "<device name='0000:01:00.0' iommu='b' group='7' driver='other' numa-node='1'"
             " vendor='A &amp; B &lt;&#246;&gt;' vendor-id='0xfFfF' product='P' product-id='0x1'"
             " plugged='no' cdev='no' dirty-tracking='yes' nesting='no' enforced-coherency='yes'"
             " pasid-bits='3' address-width='39' nest-excludes-dirty='yes' regions='1' irqs='0'>"
             "<dma-logging max-ranges='3'/><reserved first='0x1' last='0x2' type='msi'/>"
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

/* The schema lists every operation that the simulated kernel knows, and every errno it lists is
 * known here. */
static void
test_fault_names_in_schema (void)
{
  xmlRelaxNG *schema = load_schema ();

  for (guint i = 0; iommud_simulated_operations[i] != NULL; i++)
    {
      g_autofree char *xml =
          g_strdup_printf ("<simulated-host><fault operation='%s' errno='EIO'/></simulated-host>",
                           iommud_simulated_operations[i]);

      g_test_message ("%s", iommud_simulated_operations[i]);
      g_assert_true (schema_accepts (schema, xml, strlen (xml)));
    }
  for (int errnum = 1; errnum < 134; errnum++)
    {
      g_autofree char *xml =
          g_strdup_printf ("<simulated-host><fault operation='bind' errno='%s'/></simulated-host>",
                           strerrorname_np (errnum) != NULL ? strerrorname_np (errnum) : "E");
      g_autoptr (IommudSimulatedHost) host =
          iommud_xml_parse_simulated_host (xml, -1, "hosts.xml", NULL);

      g_test_message ("%s", xml);
      g_assert_cmpint (schema_accepts (schema, xml, strlen (xml)), ==, host != NULL);
      if (host != NULL)
        g_assert_cmpint (g_array_index (host->faults, IommudSimulatedFault, 0).errnum, ==, errnum);
    }
  xmlRelaxNGFree (schema);
}

typedef struct
{
  const char *body; /* of <simulated-host>, which starts on line 1 */
  const char *message;
  gboolean schema_accepts; /* the mistake lies in what elements say of each other */
} BadHost;

#define IOMMUS "<iommu name='a'/><iommu name='b'/>\n"
#define TEN "0123456789"
#define SIXTY TEN TEN TEN TEN TEN TEN
#define NAME_RULE "1 to 64 of the characters A-Z a-z 0-9 _ . : , @ + -, the first a letter or digit"

static const BadHost bad_hosts[] = {
  /* elements */
  { "\n<disk/>", "hosts.xml:2: unknown element \"disk\" in <simulated-host>" },
  { "<iommu name='a'>\n<disk/></iommu>", "hosts.xml:2: unknown element \"disk\" in <iommu>" },
  { "<x:iommu xmlns:x='urn:x' name='a'/>",
    "hosts.xml:1: unknown element \"iommu\" in <simulated-host>" },
  { "\nhello", "hosts.xml:1: unexpected text \" hello\" in <simulated-host>" },
  { "<iommu name='a'>\n<aperture last='0x1'/>\n<aperture last='0x1'/></iommu>",
    "hosts.xml:3: <aperture> appears twice in one <iommu> (first on line 2)" },
  { IOMMUS "<device name='0000:01:00.0' iommu='a' group='1'>\n<dma-logging/>\n<dma-logging/>"
           "</device>",
    "hosts.xml:4: <dma-logging> appears twice in one <device> (first on line 3)" },
  { "<iommu name='a'><aperture last='0x1'><b/></aperture></iommu>",
    "hosts.xml:1: unknown element \"b\" in <aperture>" },
  { "<host-device name='0000:01:00.0'><reserved first='0x1' last='0x2'/></host-device>",
    "hosts.xml:1: unknown element \"reserved\" in <host-device>" },
  /* attributes */
  { "<iommu/>", "hosts.xml:1: <iommu> lacks the attribute \"name\"" },
  { "<iommu name='a' nmae='b'/>", "hosts.xml:1: unknown attribute \"nmae\" in <iommu>" },
  { "<iommu name='a' xml:lang='en'/>", "hosts.xml:1: unknown attribute \"lang\" in <iommu>" },
  { IOMMUS "<device name='0000:01:00.0' iommu='a'/>",
    "hosts.xml:2: <device> lacks the attribute \"group\"" },
  { "<mdev name='83b8f4f2-509f-382f-3c1e-e6bfe0fa1001' type='t'/>",
    "hosts.xml:1: <mdev> lacks the attribute \"parent\"" },
  { "<iommu name='a' nesting='true'/>",
    "hosts.xml:1: <iommu> has nesting=\"true\": expected yes or no" },
  { "<iommu name='a' nesting=' yes'/>",
    "hosts.xml:1: <iommu> has nesting=\" yes\": expected yes or no" },
  { "<iommu name='a' hw-info='amd'/>",
    "hosts.xml:1: <iommu> has hw-info=\"amd\": expected one of none, intel-vtd" },
  /* numbers */
  { "<iommu name='a' pasid-bits='21'/>",
    "hosts.xml:1: <iommu> has pasid-bits=\"21\": expected a number from 0 to 20" },
  { "<iommu name='a' pasid-bits='-1'/>",
    "hosts.xml:1: <iommu> has pasid-bits=\"-1\": expected a number from 0 to 20" },
  { "<iommu name='a' pasid-bits=''/>",
    "hosts.xml:1: <iommu> has pasid-bits=\"\": expected a number from 0 to 20" },
  { IOMMUS "<device name='0000:01:00.0' iommu='a' group='4294967297'/>",
    "hosts.xml:2: <device> has group=\"4294967297\": expected a number from 0 to 999999999" },
  { IOMMUS "<device name='0000:01:00.0' iommu='a' group='18446744073709551617'/>",
    "hosts.xml:2: <device> has group=\"18446744073709551617\": expected a number from 0 to "
    "999999999" },
  { IOMMUS "<device name='0000:01:00.0' iommu='a' group='1' address-width='12'/>",
    "hosts.xml:2: <device> has address-width=\"12\": expected a number from 13 to 64" },
  { "<iommu name='a'><aperture last='1000'/></iommu>",
    "hosts.xml:1: <aperture> has last=\"1000\": expected 0x and 1 to 16 hexadecimal digits" },
  { "<iommu name='a'><aperture last='0x1ffffffffffffffff'/></iommu>",
    "hosts.xml:1: <aperture> has last=\"0x1ffffffffffffffff\": expected 0x and 1 to 16 "
    "hexadecimal digits" },
  { "<iommu name='a'><aperture last='0x'/></iommu>",
    "hosts.xml:1: <aperture> has last=\"0x\": expected 0x and 1 to 16 hexadecimal digits" },
  { IOMMUS "<device name='0000:01:00.0' iommu='a' group='1' vendor-id='0x123456789'/>",
    "hosts.xml:2: <device> has vendor-id=\"0x123456789\": expected 0x and 1 to 8 hexadecimal "
    "digits" },
  { "<iommu name='a'>\n<aperture first='0x2' last='0x1'/></iommu>",
    "hosts.xml:2: <aperture> ends before it starts: first=0x2, last=0x1", TRUE },
  { "<iommu name='a'>\n<reserved first='0x2' last='0x1'/></iommu>",
    "hosts.xml:2: <reserved> ends before it starts: first=0x2, last=0x1", TRUE },
  /* names */
  { "<iommu name='../a'/>", "hosts.xml:1: <iommu> has name=\"../a\": expected " NAME_RULE },
  { "<iommu name=''/>", "hosts.xml:1: <iommu> has name=\"\": expected " NAME_RULE },
  { "<iommu name='" SIXTY "01234'/>",
    "hosts.xml:1: <iommu> has name=\"" SIXTY "01234\": expected " NAME_RULE },
  { IOMMUS "<device name='01:00.0' iommu='a' group='1'/>",
    "hosts.xml:2: <device> has name=\"01:00.0\": expected a PCI address such as 0000:01:00.0" },
  { "<host-device name='0000:01:00.8'/>",
    "hosts.xml:1: <host-device> has name=\"0000:01:00.8\": expected a PCI address such as "
    "0000:01:00.0" },
  { "<mdev name='mdev0' parent='p' type='t'/>",
    "hosts.xml:1: <mdev> has name=\"mdev0\": expected a UUID in lower case" },
  { IOMMUS "<device name='0000:01:00.0' iommu='a' group='1' vendor='a&#10;b'/>",
    "hosts.xml:2: <device> has vendor=\"a b\": expected at most 128 printable characters" },
  { IOMMUS "<device name='0000:01:00.0' iommu='a' group='1' vendor='" SIXTY SIXTY "012345678'/>",
    "hosts.xml:2: <device> has vendor=\"" SIXTY TEN TEN
    "...\": expected at most 128 printable characters" },
  /* faults */
  { "<fault operation='dance' errno='EIO'/>", NULL },
  { "<fault operation='bind' errno='EWHAT'/>",
    "hosts.xml:1: <fault> has the unknown errno \"EWHAT\"" },
  { "<fault operation='bind'/>",
    "hosts.xml:1: <fault> does nothing: it needs an errno, a delay or both" },
  { "<fault operation='bind' delay='0'/>",
    "hosts.xml:1: <fault> does nothing: it needs an errno, a delay or both" },
  { "<fault operation='bind' errno='EIO' call='0'/>",
    "hosts.xml:1: <fault> has call=\"0\": expected a number from 1 to 999999" },
  /* what elements say of each other */
  { "<iommu name='a'/>\n<iommu name='a'/>",
    "hosts.xml:2: <iommu> \"a\" is defined twice (first on line 1)", TRUE },
  { IOMMUS "<device name='0000:01:00.0' iommu='a' group='1'/>\n"
           "<device name='0000:01:00.0' iommu='a' group='1'/>",
    "hosts.xml:3: <device> \"0000:01:00.0\" is defined twice (first on line 2)", TRUE },
  { IOMMUS "<device name='0000:01:00.0' iommu='a' group='1'/>\n<host-device name='0000:01:00.0'/>",
    "hosts.xml:3: <host-device> \"0000:01:00.0\" is defined twice (first on line 2)", TRUE },
  { IOMMUS "<device name='0000:01:00.0' iommu='c' group='1'/>",
    "hosts.xml:2: <device> \"0000:01:00.0\" has the IOMMU \"c\", but no <iommu> has that name",
    TRUE },
  { "<host-device name='0000:01:00.0' iommu='c' group='1'/>",
    "hosts.xml:1: <host-device> \"0000:01:00.0\" has the IOMMU \"c\", but no <iommu> has that name",
    TRUE },
  { IOMMUS "<device name='0000:01:00.0' group='1'/>",
    "hosts.xml:2: <device> \"0000:01:00.0\" lacks the attribute \"iommu\": there are 2 IOMMUs",
    TRUE },
  { "<device name='0000:01:00.0' group='1'/>",
    "hosts.xml:1: <device> \"0000:01:00.0\" lacks the attribute \"iommu\": there are 0 IOMMUs",
    TRUE },
  { IOMMUS "<device name='0000:01:00.0' iommu='a' group='1'/>\n"
           "<device name='0000:01:00.1' iommu='b' group='1'/>",
    "hosts.xml:3: <device> \"0000:01:00.1\" is in group 1 behind \"b\", but \"0000:01:00.0\" (line "
    "2) of that group is behind \"a\"",
    TRUE },
  { IOMMUS "<device name='0000:01:00.0' iommu='a' group='1'/>\n"
           "<host-device name='0000:01:00.1' iommu='b' group='1'/>",
    "hosts.xml:3: <host-device> \"0000:01:00.1\" is in group 1 behind \"b\", but \"0000:01:00.0\" "
    "(line 2) of that group is behind \"a\"",
    TRUE },
  { IOMMUS "<device name='0000:01:00.0' iommu='a' group='1' vfio='3'/>\n"
           "<device name='0000:01:00.1' iommu='a' group='1' vfio='3'/>",
    "hosts.xml:3: <device> \"0000:01:00.1\" is vfio3, as \"0000:01:00.0\" (line 2) is", TRUE },
  { "<mdev name='83b8f4f2-509f-382f-3c1e-e6bfe0fa1001' parent='p' type='t'/>",
    "hosts.xml:1: <mdev> \"83b8f4f2-509f-382f-3c1e-e6bfe0fa1001\" has the parent \"p\", but no "
    "<host-device> has that name",
    TRUE },
  { IOMMUS "<device name='0000:01:00.0' iommu='a' group='1'/>"
           "<mdev name='83b8f4f2-509f-382f-3c1e-e6bfe0fa1001' parent='0000:01:00.0' type='t'/>",
    "hosts.xml:2: <mdev> \"83b8f4f2-509f-382f-3c1e-e6bfe0fa1001\" has the parent \"0000:01:00.0\", "
    "which is a VFIO device: only a <host-device> can have mdevs",
    TRUE },
  { IOMMUS "<device name='0000:01:00.0' iommu='a' group='1'/><host-device name='0000:00:02.0'/>\n"
           "<mdev name='83b8f4f2-509f-382f-3c1e-e6bfe0fa1001' parent='0000:00:02.0' type='t'"
           " group='1'/>",
    "hosts.xml:3: <mdev> \"83b8f4f2-509f-382f-3c1e-e6bfe0fa1001\" is in group 1 with "
    "\"0000:01:00.0\" (line 2): an mdev has a group of its own",
    TRUE },
};

static void
test_bad_hosts (void)
{
  xmlRelaxNG *schema = load_schema ();

  for (gsize i = 0; i < G_N_ELEMENTS (bad_hosts); i++)
    {
      g_autofree char *xml =
          g_strconcat ("<simulated-host>", bad_hosts[i].body, "</simulated-host>", NULL);
      g_autoptr (GError) error = NULL;

      g_test_message ("%s", bad_hosts[i].body);
      g_assert_null (iommud_xml_parse_simulated_host (xml, -1, "hosts.xml", &error));
      refusal_assert_one_line (error);
      if (bad_hosts[i].message != NULL)
        g_assert_cmpstr (error->message, ==, bad_hosts[i].message);
      g_assert_cmpint (schema_accepts (schema, xml, strlen (xml)), ==, bad_hosts[i].schema_accepts);
    }
  xmlRelaxNGFree (schema);
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

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/host-description/default", test_default);
  g_test_add_func ("/host-description/examples", test_examples);
  g_test_add_func ("/host-description/manual-is-complete", test_manual_is_complete);
  g_test_add_func ("/host-description/manual-example", test_manual_example);
  g_test_add_func ("/host-description/iommu", test_iommu);
  g_test_add_func ("/host-description/device", test_device);
  g_test_add_func ("/host-description/device-defaults", test_device_defaults);
  g_test_add_func ("/host-description/vfio-numbers", test_vfio_numbers);
  g_test_add_func ("/host-description/mdev", test_mdev);
  g_test_add_func ("/host-description/faults", test_faults);
  g_test_add_func ("/host-description/fault-names-in-schema", test_fault_names_in_schema);
  g_test_add_func ("/host-description/bad-hosts", test_bad_hosts);
  g_test_add_func ("/host-description/many-devices", test_many_devices);
  return g_test_run ();
}
