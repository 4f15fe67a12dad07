/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Simulated hosts from XML: the schema agrees with what is accepted, and each bad host gets an
 * answer that says what is wrong. */
#include "config.h"

#include "refusal.h"

#include "sim/description/operations.h"
#include "xml/host-description.h"
#include "xml/input.h"

#include <errno.h>
#include <libxml/parser.h>
#include <libxml/relaxng.h>
#include <string.h>

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
      host = iommud_xml_load_simulated_host (path, NULL, &error);
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
  { "<host-device name='000000000:01:00.0'/>",
    "hosts.xml:1: <host-device> has name=\"000000000:01:00.0\": expected a PCI address such as "
    "0000:01:00.0" },
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
  { IOMMUS "<device name='0000:01:00.0' iommu='a' group='1' product='&#x202e;evil'/>",
    "hosts.xml:2: <device> has product=\"&#x202e;evil\": expected at most 128 printable "
    "characters" },
  { IOMMUS "<device name='0000:01:00.0' iommu='a' group='1' product='a\u200b\u2066b'/>",
    "hosts.xml:2: <device> has product=\"a&#x200b;&#x2066;b\": expected at most 128 printable "
    "characters" },
  { IOMMUS "<device name='0000:01:00.0' iommu='a' group='1' product='&#x85;'/>",
    "hosts.xml:2: <device> has product=\"&#x85;\": expected at most 128 printable characters" },
  { IOMMUS "<device name='0000:01:00.0' iommu='a' group='1' product='&#x378;'/>",
    "hosts.xml:2: <device> has product=\"&#x378;\": expected at most 128 printable characters",
    TRUE },
  { IOMMUS "<device name='&#x202e;' iommu='a' group='1'/>",
    "hosts.xml:2: <device> has name=\"&#x202e;\": expected " NAME_RULE },
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
  { IOMMUS "<host-device name='0000:00:02.0'/>"
           "<mdev name='83b8f4f2-509f-382f-3c1e-e6bfe0fa1001' parent='0000:00:02.0' type='t'"
           " group='1'/>\n<device name='0000:01:00.0' iommu='a' group='1'/>",
    "hosts.xml:3: <device> \"0000:01:00.0\" is in group 1 with "
    "\"83b8f4f2-509f-382f-3c1e-e6bfe0fa1001\" (line 2): an mdev has a group of its own",
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

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/host-schema/examples", test_examples);
  g_test_add_func ("/host-schema/fault-names-in-schema", test_fault_names_in_schema);
  g_test_add_func ("/host-schema/bad-hosts", test_bad_hosts);
  return g_test_run ();
}
