/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a description may cost: it is refused as soon as it is out of bounds, and not read to its
 * end. UTF-8 is the only encoding. A large host is within the bounds. */
#include "config.h"

#include "refusal.h"

#include "xml/host-description.h"

#include <glib/gstdio.h>
#include <gio/gio.h>
#include <string.h>

/* The parser holds some of what it got back, and blanks do not count. */
#define SOON (2 * IOMMUD_XML_MAX_TAG + 4 * IOMMUD_XML_READ_AHEAD)

#define HOST "<simulated-host/>"

static void
assert_refused (const char *xml, gssize length, const char *message, gsize max_read)
{
  IommudXmlText text = { .xml = xml,
                         .length = length < 0 ? strlen (xml) : (gsize) length,
                         .source = "hosts.xml" };
  g_autoptr (GError) error = NULL;

  g_assert_null (iommud_xml_read_simulated_host (&text, &error));
  refusal_assert_one_line (error);
  if (message != NULL)
    g_assert_cmpstr (error->message, ==, message);
  g_assert_cmpuint (text.n_read, <=, max_read);
}

static void
assert_accepted (const char *xml, gssize length)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (IommudSimulatedHost) host =
      iommud_xml_parse_simulated_host (xml, length, "hosts.xml", &error);

  g_assert_no_error (error);
  g_assert_nonnull (host);
}

/* In @piece, # stands for a number that counts from 1. */
static char *
repeat (const char *start, const char *piece, guint count, const char *end)
{
  g_auto (GStrv) parts = g_strsplit (piece, "#", -1);
  GString *text = g_string_new (start);

  for (guint i = 1; i <= count; i++)
    for (guint part = 0; parts[part] != NULL; part++)
      {
        if (part > 0)
          g_string_append_printf (text, "%u", i);
        g_string_append (text, parts[part]);
      }
  g_string_append (text, end);
  return g_string_free (text, FALSE);
}

static void
test_attributes (void)
{
  g_autofree char *one = repeat ("<simulated-host\n", " a#=''", 400000, "/>");
  g_autofree char *prefixed = repeat ("<simulated-host xmlns:x='urn:x'", " x:a#=''", 400000, "/>");
  g_autofree char *deep = repeat ("<simulated-host>\n<iommu", " a#='1'", 400000, "/>");

  assert_refused (one, -1, "hosts.xml:2: a tag or comment is longer than 32768 bytes", SOON);
  assert_refused (prefixed, -1, NULL, SOON);
  assert_refused (deep, -1, NULL, SOON);
}

static void
test_namespaces (void)
{
  g_autofree char *one = repeat ("<simulated-host", " xmlns:n#='urn:n'", 150000, "/>");
  g_autofree char *many = repeat ("<simulated-host", " xmlns:n#='urn:n'", 9, "/>");
  g_autofree char *few = repeat ("<simulated-host", " xmlns:n#='urn:n'", 8, "/>");

  assert_refused (one, -1, NULL, SOON);
  assert_refused (many, -1, "hosts.xml:1: an element declares more than 8 namespaces", SOON);
  assert_accepted (few, -1);
}

/* A quarter of a million elements at most, and those of one element even fewer. */
static void
test_elements (void)
{
  const char *fault = "<fault operation='bind' call='#' delay='1'/>\n";
  const gsize one = strlen ("<fault operation='bind' call='123456' delay='1'/>\n");
  g_autofree char *wide = repeat ("<simulated-host>", fault, 900000, "</simulated-host>");
  g_autofree char *iommu =
      repeat ("<iommu name='i#'>", "<reserved first='0x1' last='0x2'/>", 65536, "</iommu>\n");
  g_autofree char *deep = repeat ("<simulated-host>\n", iommu, 6, "</simulated-host>");

  assert_refused (wide, -1, "hosts.xml:65537: <simulated-host> has more than 65536 children",
                  one * 65536 + SOON);
  assert_refused (deep, -1, "hosts.xml:5: the document has more than 262144 elements",
                  4 * strlen (iommu) + SOON);
}

static void
test_depth (void)
{
  g_autofree char *nested = repeat ("<simulated-host>", "<iommu name='a#'>", 400000, "");

  assert_refused (nested, -1, "hosts.xml:1: unknown element \"iommu\" in <iommu>",
                  2 * IOMMUD_XML_READ_AHEAD);
}

static void
test_text (void)
{
  g_autofree char *text = repeat ("<simulated-host>", "text # ", 1000000, "</simulated-host>");
  g_autofree char *section =
      repeat ("<simulated-host><![CDATA[", "text#", 1000000, "]]></simulated-host>");
  g_autofree char *value = repeat ("<simulated-host><iommu name='", "text#", 1000000, "'/>");
  g_autofree char *blank = repeat ("<simulated-host>", " \n\t ", 1000000, "</simulated-host>");
  g_autofree char *padded = repeat ("<simulated-host", " \n\t ", 1000000, "iommufd='yes'/>");

  assert_refused (text, -1, NULL, 2 * IOMMUD_XML_READ_AHEAD);
  assert_refused (section, -1, NULL, SOON);
  assert_refused (value, -1, NULL, SOON);
  assert_accepted ("<simulated-host> <![CDATA[ \n ]]>&#10;</simulated-host>", -1);
  assert_accepted (blank, -1);
  assert_accepted (padded, -1);
}

static void
test_comments (void)
{
  g_autofree char *text = g_strnfill (IOMMUD_XML_MAX_TAG + SOON, 'c');
  g_autofree char *comment =
      g_strconcat ("<simulated-host><!--", text, "-->\n</simulated-host>", NULL);
  g_autofree char *instruction = g_strconcat (HOST "<?", text, "?>", NULL);
  g_autofree char *end = g_strconcat (HOST "<!--", text, NULL);
  g_autofree char *many = repeat (HOST, "<!-- comment # --><?with instruction?>\n", 100000, "");

  assert_refused (comment, -1, "hosts.xml:1: a tag or comment is longer than 32768 bytes", SOON);
  assert_refused (instruction, -1, NULL, SOON);
  assert_refused (end, -1, NULL, SOON);
  text[IOMMUD_XML_MAX_TAG / 2] = '\0';
  g_free (comment);
  comment = g_strconcat ("<simulated-host><!--", text, "--></simulated-host>", NULL);
  assert_accepted (comment, -1);
  assert_accepted (many, -1);
}

/* What comes after the document. */
static void
test_rest (void)
{
#define ZERO_MESSAGE "hosts.xml:1: there is a zero byte: only XML in UTF-8 is read"
  assert_refused (HOST "\0\0\0", sizeof HOST + 2, ZERO_MESSAGE, 0);
  assert_refused (HOST "\0garbage", sizeof HOST + 7, ZERO_MESSAGE, 0);
  assert_refused (HOST "\n\xff", -1, "hosts.xml:2: this is not UTF-8: only XML in UTF-8 is read",
                  0);
  assert_refused (HOST "\ngarbage", -1, NULL, SOON);
  assert_refused (HOST "\x01", -1, NULL, SOON);
  assert_refused (HOST HOST, -1, NULL, SOON);
  assert_refused (HOST "<", -1, NULL, SOON);
  assert_refused (HOST "<!-- comment", -1, NULL, SOON);
  assert_accepted (HOST " \r\n\t<!-- comment --><?instruction?>\n", -1);
}

static void
assert_encoding_refused (const char *name, const char *xml)
{
  gsize length;
  g_autofree char *encoded = g_convert (xml, -1, name, "UTF-8", NULL, &length, NULL);

  g_test_message ("%s", name);
  g_assert_nonnull (encoded);
  assert_refused (encoded, (gssize) length, NULL, IOMMUD_XML_READ_AHEAD);
}

static void
test_encodings (void)
{
  static const char *const all[] = { "UTF-16",      "UTF-16LE",  "UTF-16BE", "UTF-32",
                                     "UTF-7",       "IBM037",    "IBM1047",  "EBCDICUS",
                                     "ISO-2022-JP", "SHIFT_JIS", "US-ASCII", "ISO-8859-1",
                                     "GB18030",     "UTF-32BE" };

  for (gsize i = 0; i < G_N_ELEMENTS (all); i++)
    {
      g_autofree char *xml = g_strdup_printf ("<?xml version='1.0' encoding='%s'?>\n" HOST, all[i]);

      assert_encoding_refused (all[i], xml);
    }
  assert_refused ("<?xml version=\"1.0\"\n encoding = \"UTF-7\" ?>+ADw-simulated-host/+AD4-", -1,
                  "hosts.xml:1: the declared encoding is UTF-7: only XML in UTF-8 is read", 0);
  assert_refused ("\xef\xbb\xbf<?xml version='1.0' encoding='UTF-16'?>" HOST, -1,
                  "hosts.xml:1: the declared encoding is UTF-16: only XML in UTF-8 is read", 0);
  assert_encoding_refused ("UTF-16", HOST);
  assert_encoding_refused ("UTF-16LE", HOST);
  assert_encoding_refused ("UTF-32", HOST);
  assert_encoding_refused ("IBM1047", HOST);
  assert_accepted (HOST, -1);
  assert_accepted ("\xef\xbb\xbf" HOST, -1);
  assert_accepted ("<?xml version='1.0'?>" HOST, -1);
  assert_accepted ("<?xml version='1.0' encoding='utf-8' standalone='yes'?>" HOST, -1);
  assert_accepted ("\xef\xbb\xbf<?xml version=\"1.0\" encoding=\"UTF-8\"?>" HOST, -1);
}

/* libxml2 expands what the XML standard has without a DTD, and nothing else. */
static void
test_references (void)
{
  const char *xml = "<simulated-host><iommu name='a'/><device name='0000:01:00.0' group='&#49;'"
                    " vendor='&#38;amp;&amp;&lt;&#x3e;&quot;&apos;&#x1F600;'/></simulated-host>";
  g_autoptr (IommudSimulatedHost) host = iommud_xml_parse_simulated_host (xml, -1, "a", NULL);
  const IommudSimulatedDevice *device;

  g_assert_nonnull (host);
  device = host->devices->pdata[0];
  g_assert_cmpstr (device->info->vendor, ==, "&amp;&<>\"'\xf0\x9f\x98\x80");
  g_assert_cmpint (device->info->iommu_group, ==, 1);
}

/* A file's name may hold anything. */
static void
test_file_name (void)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (iommud_xml_parse_simulated_host ("<a/>", -1, "two\nlines\xff", &error));
  refusal_assert_one_line (error);
  g_clear_error (&error);
  g_assert_null (iommud_xml_load_simulated_host ("/no\nsuch\tfile", NULL, &error));
  refusal_assert_one_line (error);
}

static void
assert_program_prints_one_line (const char *program, const char *path, const char *xml,
                                gsize length)
{
  g_autofree char *option = g_strconcat ("--simulate=", path, NULL);
  g_autofree char *start = g_strdup_printf ("iommud: %s:", path);
  g_autofree char *output = NULL;
  g_autoptr (GSubprocess) process = NULL;

  g_assert_true (g_file_set_contents (path, xml, (gssize) length, NULL));
  process = g_subprocess_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_MERGE,
                              NULL, program, option, "--address=unix:path=/nowhere", NULL);
  g_assert_true (g_subprocess_communicate_utf8 (process, NULL, NULL, &output, NULL, NULL));
  g_assert_cmpint (g_subprocess_get_exit_status (process), ==, 1);
  g_test_message ("%s", output);
  g_assert_true (g_str_has_prefix (output, start));
  g_assert_true (strchr (output, '\n') == output + strlen (output) - 1);
}

/* libxml2's converters would write to standard error. */
static void
test_program (void)
{
  static const char japanese[] =
      "<?xml version='1.0' encoding='ISO-2022-JP'?>\n<simulated-host>\x1b$Bzz\xff\xff";
  static const char zeros[] = HOST "\0\0\0\n\0\ngarbage";
  g_autofree char *program = g_test_build_filename (G_TEST_BUILT, "iommud", NULL);
  g_autofree char *path = NULL;
  int fd = g_file_open_tmp ("iommud-host-XXXXXX.xml", &path, NULL);

  g_assert_cmpint (fd, >=, 0);
  g_close (fd, NULL);
  assert_program_prints_one_line (program, path, japanese, sizeof japanese - 1);
  assert_program_prints_one_line (program, path, zeros, sizeof zeros - 1);
  assert_program_prints_one_line (program, path, "\xff\xfe<\0s\0\0\xd8", 8);
  assert_program_prints_one_line (program, path, "<a xmlns='b'/>", 14);
  g_unlink (path);
}

static void
append_device (GString *xml, guint i, const char *text)
{
  g_string_append_printf (
      xml,
      "<device bus='pci' name='%04x:%02x:%02x.0' iommu='iommu%u' group='%u' driver='vfio-pci'"
      " numa-node='1' vendor='%s' product='%s' vendor-id='0x12345678' product-id='0x12345678'"
      " plugged='yes' cdev='yes' regions='9' irqs='5' vfio='%u' dirty-tracking='yes'"
      " nesting='yes' nest-excludes-dirty='yes' enforced-coherency='yes' pasid-bits='20'"
      " address-width='48'><dma-logging max-ranges='9'/>"
      "<reserved first='0x0000000000000001' last='0x0000000000000002' type='reserved'/>"
      "<reserved first='0x0000000000000003' last='0x0000000000000004' type='msi'/></device>\n",
      i / 8192, i / 32 % 256, i % 32, i % 1000, i, text, text, i);
}

static void
test_large_host (void)
{
  g_autoptr (GString) xml = g_string_new ("<simulated-host>");
  g_autoptr (GString) text = g_string_new (NULL);
  g_autoptr (IommudSimulatedHost) host = NULL;
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < 128; i++)
    g_string_append (text, "\xf0\x9f\x98\x80");
  for (guint i = 0; i < 1000; i++)
    g_string_append_printf (
        xml,
        "<iommu name='iommu%u'><aperture last='0xffff'/><reserved first='0x1' last='0x2'/></iommu>"
        "<host-device bus='virtual' name='parent%u'/><fault operation='bind' delay='1'/>"
        "<mdev name='83b8f4f2-509f-382f-3c1e-e6bfe0fa%04x' parent='parent%u' type='a'/>",
        i, i, i, i);
  for (guint i = 0; i < 40000; i++)
    append_device (xml, i, text->str);
  g_string_append (xml, "</simulated-host>");
  host = iommud_xml_parse_simulated_host (xml->str, (gssize) xml->len, "hosts.xml", &error);
  g_assert_no_error (error);
  g_assert_cmpuint (host->devices->len, ==, 41000);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/host-bounds/attributes", test_attributes);
  g_test_add_func ("/host-bounds/namespaces", test_namespaces);
  g_test_add_func ("/host-bounds/elements", test_elements);
  g_test_add_func ("/host-bounds/depth", test_depth);
  g_test_add_func ("/host-bounds/text", test_text);
  g_test_add_func ("/host-bounds/comments", test_comments);
  g_test_add_func ("/host-bounds/rest", test_rest);
  g_test_add_func ("/host-bounds/encodings", test_encodings);
  g_test_add_func ("/host-bounds/references", test_references);
  g_test_add_func ("/host-bounds/file-name", test_file_name);
  g_test_add_func ("/host-bounds/program", test_program);
  g_test_add_func ("/host-bounds/large-host", test_large_host);
  return g_test_run ();
}
