/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Input that is not a description of a simulated host at all: other documents, damaged and hostile
 * ones, and files that are not documents. */
#include "config.h"

#include "refusal.h"

#include "xml/host-description.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void
assert_refused (const char *xml, gssize length, const char *message)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (iommud_xml_parse_simulated_host (xml, length, "hosts.xml", &error));
  refusal_assert_one_line (error);
  g_assert_cmpstr (error->message, ==, message);
}

/* For mistakes that libxml2 words, in each of its versions as it likes. */
static void
assert_refused_on_line (const char *xml, gssize length, int line)
{
  g_autofree char *prefix = g_strdup_printf ("hosts.xml:%d: ", line);
  g_autoptr (GError) error = NULL;

  g_assert_null (iommud_xml_parse_simulated_host (xml, length, "hosts.xml", &error));
  refusal_assert_one_line (error);
  g_test_message ("%s", error->message);
  g_assert_true (g_str_has_prefix (error->message, prefix));
  g_assert_cmpuint (strlen (error->message), >, strlen (prefix));
}

/* What is no document of ours at all. */
static void
test_bad_documents (void)
{
  assert_refused ("", 0, "hosts.xml:1: the file is empty");
  assert_refused ("\x1f\x8b\x08", 3, "hosts.xml:1: not XML but a gzip archive: unpack it first");
  assert_refused ("<domain/>", -1,
                  "hosts.xml:1: the document starts with element \"domain\": expected "
                  "<simulated-host>");
  assert_refused ("<simulated-host xmlns='urn:x'/>", -1,
                  "hosts.xml:1: the document starts with element \"simulated-host\": expected "
                  "<simulated-host>");
  assert_refused ("<simulated-host colour='red'/>", -1,
                  "hosts.xml:1: unknown attribute \"colour\" in <simulated-host>");
  assert_refused_on_line ("hello", -1, 1);
  assert_refused_on_line ("   ", -1, 1);
  assert_refused_on_line ("<simulated-host>\n&bomb;\n</simulated-host>", -1, 2);
  assert_refused_on_line ("<simulated-host>\n<iommu name='a'/>\n", -1, 3);
  assert_refused_on_line ("<simulated-host>\n<iommu name='a' name='b'/></simulated-host>", -1, 2);
  assert_refused_on_line ("<simulated-host>\n</simulated-host>\n<simulated-host/>", -1, 3);
  assert_refused_on_line ("<simulated-host>\n<iommu name='\xff'/></simulated-host>", -1, 2);
}

static void
test_binary (void)
{
  char bytes[4096];
  g_autoptr (GError) error = NULL;

  for (gsize i = 0; i < sizeof bytes; i++)
    bytes[i] = (char) (i * 7 % 256);
  g_assert_null (iommud_xml_parse_simulated_host (bytes, sizeof bytes, "hosts.xml", &error));
  refusal_assert_one_line (error);
  g_clear_error (&error);
  g_assert_null (iommud_xml_parse_simulated_host ("<simulated-host>\0</simulated-host>", 34,
                                                  "hosts.xml", &error));
  refusal_assert_one_line (error);
}

/* A DTD is refused where it starts, so that its entities never cost anything: each of these would
 * take gigabytes. */
static void
test_dtd (void)
{
  static const char message[] = "hosts.xml:2: a document type declaration (DTD) is not allowed";
  g_autoptr (GString) laughs = g_string_new ("<?xml version='1.0'?>\n<!DOCTYPE simulated-host [\n"
                                             "<!ENTITY a0 'ha'>\n");
  g_autoptr (GString) quadratic = g_string_new ("<?xml version='1.0'?>\n<!DOCTYPE h [<!ENTITY a '");

  assert_refused ("<?xml version='1.0'?>\n<!DOCTYPE simulated-host><simulated-host/>", -1, message);
  assert_refused ("<?xml version='1.0'?>\n<!DOCTYPE h SYSTEM 'file:///etc/passwd'><h/>", -1,
                  message);
  assert_refused (
      "<?xml version='1.0'?>\n<!DOCTYPE h [<!ENTITY x SYSTEM '/etc/passwd'>]><h>&x;</h>", -1,
      message);
  for (int i = 1; i < 40; i++)
    g_string_append_printf (laughs, "<!ENTITY a%d '&a%d;&a%d;&a%d;&a%d;'>\n", i, i - 1, i - 1,
                            i - 1, i - 1);
  g_string_append (laughs, "]>\n<simulated-host>&a39;</simulated-host>");
  assert_refused (laughs->str, -1, message);
  for (int i = 0; i < 100000; i++)
    g_string_append (quadratic, "0123456789");
  g_string_append (quadratic, "'>]><h>");
  for (int i = 0; i < 100000; i++)
    g_string_append (quadratic, "&a;");
  g_string_append (quadratic, "</h>");
  assert_refused (quadratic->str, -1, message);
}

static void
test_deep_nesting (void)
{
  g_autoptr (GString) xml = g_string_new ("<simulated-host>");
  g_autoptr (GError) error = NULL;

  for (int i = 0; i < 100000; i++)
    g_string_append (xml, "<iommu>");
  g_assert_null (iommud_xml_parse_simulated_host (xml->str, -1, "hosts.xml", &error));
  refusal_assert_one_line (error);
}

/* Names as long as the parser allows stay out of the message. */
static void
test_long_name (void)
{
  g_autofree char *name = g_strnfill (40000, 'n');
  g_autofree char *xml = g_strdup_printf ("<simulated-host><%s/></simulated-host>", name);
  g_autofree char *open = g_strdup_printf ("<simulated-host><%s></simulated-host>", name);
  g_autoptr (GError) error = NULL;

  g_assert_null (iommud_xml_parse_simulated_host (xml, -1, "hosts.xml", &error));
  refusal_assert_one_line (error);
  g_clear_error (&error);
  g_assert_null (iommud_xml_parse_simulated_host (open, -1, "hosts.xml", &error));
  refusal_assert_one_line (error);
}

/* libxml2 keeps 16 bits of a node's line. */
static void
test_far_line (void)
{
  g_autofree char *lines = g_strnfill (99998, '\n');
  g_autofree char *xml = g_strdup_printf ("<simulated-host>%s<iommu name='a'/>\n<iommu name='a'/>\n"
                                          "</simulated-host>",
                                          lines);

  assert_refused (xml, -1,
                  "hosts.xml:100000: <iommu> \"a\" is defined twice (first on line 99999)");
}

typedef struct
{
  char *folder;
  char *path;
} Folder;

static void
folder_set_up (Folder *folder, gconstpointer data)
{
  folder->folder = g_dir_make_tmp ("iommud-hosts-XXXXXX", NULL);
  g_assert_nonnull (folder->folder);
  folder->path = g_build_filename (folder->folder, "hosts.xml", NULL);
}

static void
folder_tear_down (Folder *folder, gconstpointer data)
{
  g_remove (folder->path);
  g_assert_cmpint (g_rmdir (folder->folder), ==, 0);
  g_free (folder->path);
  g_free (folder->folder);
}

static void
assert_file_refused (const Folder *folder, const char *cause)
{
  g_autofree char *message = g_strconcat (folder->path, cause, NULL);
  g_autoptr (GError) error = NULL;

  g_assert_null (iommud_xml_load_simulated_host (folder->path, NULL, &error));
  refusal_assert_one_line (error);
  g_assert_cmpstr (error->message, ==, message);
}

static void
write_file (const Folder *folder, const char *content, gssize length)
{
  g_autoptr (GError) error = NULL;

  g_file_set_contents (folder->path, content, length, &error);
  g_assert_no_error (error);
}

static void
test_file (Folder *folder, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (IommudSimulatedHost) host = NULL;

  write_file (folder, "<simulated-host>\n<iommu name='a'/>\n</simulated-host>\n", -1);
  host = iommud_xml_load_simulated_host (folder->path, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (host->iommus->len, ==, 1);

  write_file (folder, "<simulated-host>\n<iommu/>\n</simulated-host>\n", -1);
  assert_file_refused (folder, ":2: <iommu> lacks the attribute \"name\"");
  write_file (folder, "", 0);
  assert_file_refused (folder, ":1: the file is empty");
}

static void
test_file_size (Folder *folder, gconstpointer data)
{
  const gsize limit = IOMMUD_XML_MAX_BYTES;
  g_autofree char *big = g_strnfill (limit + 1024 * 1024, ' ');
  g_autoptr (IommudSimulatedHost) host = NULL;

  /* libxml2 does not skip 10 MB of blanks at once. */
  for (gsize i = 0; i < limit; i += 1024 * 1024)
    memcpy (big + i, "<!---->", strlen ("<!---->"));
  memcpy (big, "<simulated-host/>", strlen ("<simulated-host/>"));
  write_file (folder, big, (gssize) limit + 1024 * 1024);
  assert_file_refused (folder, ": cannot read: the file is larger than 64 MiB");
  write_file (folder, big, (gssize) limit + 1);
  assert_file_refused (folder, ": cannot read: the file is larger than 64 MiB");
  write_file (folder, big, (gssize) limit);
  host = iommud_xml_load_simulated_host (folder->path, NULL, NULL);
  g_assert_nonnull (host);
  g_assert_null (iommud_xml_parse_simulated_host (big, (gssize) limit + 1, "hosts.xml", NULL));
}

static void
test_no_file (Folder *folder, gconstpointer data)
{
  assert_file_refused (folder, ": cannot open: No such file or directory (ENOENT)");
}

/* Opening must not wait for a writer. */
static void
test_fifo (Folder *folder, gconstpointer data)
{
  g_assert_cmpint (mkfifo (folder->path, 0600), ==, 0);
  assert_file_refused (folder, ": cannot read: it is a FIFO, not a file");
}

static void
test_directory (Folder *folder, gconstpointer data)
{
  g_assert_cmpint (g_mkdir (folder->path, 0700), ==, 0);
  assert_file_refused (folder, ": cannot read: it is a directory, not a file");
}

static void
test_device_file (Folder *folder, gconstpointer data)
{
  g_assert_cmpint (symlink ("/dev/zero", folder->path), ==, 0);
  assert_file_refused (folder, ": cannot read: it is a device, not a file");
}

static void
test_unreadable (Folder *folder, gconstpointer data)
{
  if (geteuid () == 0)
    {
      g_test_skip ("root reads every file");
      return;
    }
  write_file (folder, "<simulated-host/>", -1);
  g_assert_cmpint (g_chmod (folder->path, 0), ==, 0);
  assert_file_refused (folder, ": cannot open: Permission denied (EACCES)");
}

/* Damaged files are accepted or refused, but never anything else. The steps are primes, so that the
 * damage falls everywhere; the same on every run. */
static void
test_damage (void)
{
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "data", "hosts", "faults.xml", NULL);
  g_autofree char *original = NULL;
  gsize length;
  guint refused = 0;

  g_assert_true (g_file_get_contents (path, &original, &length, NULL));
  for (guint i = 0; i < 6000; i++)
    {
      g_autofree char *damaged = g_memdup2 (original, length);
      gsize end = i % 3 == 0 ? i * 31 % length : length;
      g_autoptr (IommudSimulatedHost) host = NULL;
      g_autoptr (GError) error = NULL;

      damaged[i * 13 % length] ^= (char) (1 << (i % 8));
      damaged[i * 1009 % length] ^= (char) (1 << (i / 8 % 8));
      host = iommud_xml_parse_simulated_host (damaged, (gssize) end, "hosts.xml", &error);
      g_assert_true ((host == NULL) == (error != NULL));
      if (host != NULL)
        continue;
      refusal_assert_one_line (error);
      refused++;
    }
  g_assert_cmpuint (refused, >, 1000);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/host-document/bad-documents", test_bad_documents);
  g_test_add_func ("/host-document/binary", test_binary);
  g_test_add_func ("/host-document/dtd", test_dtd);
  g_test_add_func ("/host-document/deep-nesting", test_deep_nesting);
  g_test_add_func ("/host-document/long-name", test_long_name);
  g_test_add_func ("/host-document/far-line", test_far_line);
  g_test_add_func ("/host-document/damage", test_damage);
#define ADD_FILE_TEST(name, function)                                                              \
  g_test_add ("/host-document/" name, Folder, NULL, folder_set_up, function, folder_tear_down)
  ADD_FILE_TEST ("file", test_file);
  ADD_FILE_TEST ("file-size", test_file_size);
  ADD_FILE_TEST ("no-file", test_no_file);
  ADD_FILE_TEST ("fifo", test_fifo);
  ADD_FILE_TEST ("directory", test_directory);
  ADD_FILE_TEST ("device-file", test_device_file);
  ADD_FILE_TEST ("unreadable", test_unreadable);
  return g_test_run ();
}
