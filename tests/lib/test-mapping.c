/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Mapping files in a container and unmapping them, with a kernel that maps files itself and with
 * one that does not. */
#include "config.h"

#include "mapping-fixture.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define OLD "6.12"
#define NEW "6.13"

static void
test_map_and_unmap (MappingFixture *fixture, gconstpointer unused)
{
  guint64 iova = mapping_fixture_map (fixture, fixture->container, PAGE, 2 * PAGE, 16 * MIB, FIXED);

  g_assert_cmphex (iova, ==, 16 * MIB);
  mapping_fixture_assert_mapped (fixture->container, "[(0x1000000, 0x2000, 0x1000, 3)]");
  model_fixture_attach (&fixture->model, fixture->container, DIRTY_A);
  mapping_fixture_write (fixture, DIRTY_A, 16 * MIB + PAGE, 1, 'x');
  g_assert_cmpint (mapping_fixture_read (fixture, 2 * PAGE), ==, 'x');
  mapping_fixture_unmap (fixture->container, 16 * MIB, 2 * PAGE);
  mapping_fixture_assert_mapped (fixture->container, "[]");
  g_assert_cmpuint (mapping_fixture_count_memory (), ==, 0);
}

static void
count_notification (IommudMemory *memory, GParamSpec *pspec, gpointer count)
{
  ++*(guint *) count;
}

/* How many there are is told when one comes and when one goes. */
static void
test_count_is_notified (MappingFixture *fixture, gconstpointer unused)
{
  IommudMemory *memory = iommud_container_get_memory (fixture->container);
  guint count = 0;

  g_signal_connect (memory, "notify::mapping-count", G_CALLBACK (count_notification), &count);
  mapping_fixture_map (fixture, fixture->container, 0, 3 * GIB, 0, FIXED);
  g_assert_cmpuint (count, ==, 1);
  mapping_fixture_unmap (fixture->container, 0, 3 * GIB);
  g_assert_cmpuint (count, ==, 2);
  g_signal_handlers_disconnect_by_data (memory, &count);
}

/* Asking for a feature is a call, too. */
static guint
count_calls (MappingFixture *fixture, const char *operation)
{
  return iommud_simulator_count_calls (fixture->model.simulator, operation);
}

static void
test_which_call (MappingFixture *fixture, gconstpointer kernel)
{
  gboolean new = g_str_equal (kernel, NEW);
  guint by_file = count_calls (fixture, "ioas-map-file");
  guint by_address = count_calls (fixture, "ioas-map");

  g_assert_cmpint (g_strv_contains (iommud_host_get_features (fixture->model.host), "map-file"), ==,
                   new);
  mapping_fixture_map (fixture, fixture->container, 0, PAGE, 0, FIXED);
  g_assert_cmpuint (count_calls (fixture, "ioas-map-file"), ==, by_file + (new ? 1 : 0));
  g_assert_cmpuint (count_calls (fixture, "ioas-map"), ==, by_address + (new ? 0 : 1));
}

/* A kernel that was asked for its features and then does not know the call after all. */
static void
test_fall_back (MappingFixture *fixture, gconstpointer unused)
{
  guint by_file = count_calls (fixture, "ioas-map-file");

  model_fixture_inject (&fixture->model, "ioas-map-file", 1, ENOTTY, 0);
  mapping_fixture_map (fixture, fixture->container, 0, 3 * GIB, 0, FIXED);
  g_assert_cmpuint (count_calls (fixture, "ioas-map-file"), ==, by_file + 1);
  g_assert_cmpuint (count_calls (fixture, "ioas-map"), ==, 3);
}

static void
test_kernel_chooses (MappingFixture *fixture, gconstpointer unused)
{
  guint64 a = mapping_fixture_map (fixture, fixture->container, 0, 3 * GIB, 7, READ_WRITE);
  guint64 b =
      mapping_fixture_map (fixture, fixture->container, 0, PAGE, 0, IOMMUD_MAP_FLAGS_READABLE);
  g_autofree char *mappings = NULL;

  g_assert_cmphex (a, !=, 0);
  g_assert_cmphex (a % PAGE, ==, 0);
  g_assert_true (b + PAGE <= a || b >= a + 3 * GIB);
  mappings = a < b ? g_strdup_printf ("[(%" G_GUINT64_FORMAT ", 0xc0000000, 0, 3), "
                                      "(%" G_GUINT64_FORMAT ", 0x1000, 0, 1)]",
                                      a, b)
                   : g_strdup_printf ("[(%" G_GUINT64_FORMAT ", 0x1000, 0, 1), "
                                      "(%" G_GUINT64_FORMAT ", 0xc0000000, 0, 3)]",
                                      b, a);
  mapping_fixture_assert_mapped (fixture->container, mappings);
  mapping_fixture_unmap (fixture->container, a, 3 * GIB);
  mapping_fixture_unmap (fixture->container, b, PAGE);
}

static void
test_ranges (MappingFixture *fixture, gconstpointer unused)
{
  static const struct
  {
    guint64 offset, length, iova;
    IommudMapFlags flags;
    const char *text;
  } bad[] = {
    { 0, 0, 0, FIXED, "length is 0" },
    { 0, 0, 0, READ_WRITE, "length is 0" },
    { 0, 1, 0, FIXED, "multiple of the page size, 0x1000" },
    { 0, PAGE + 512, 0, READ_WRITE, "multiple of the page size, 0x1000" },
    { 0, PAGE, 1, FIXED, "multiple of the page size, 0x1000" },
    { 1, PAGE, 0, FIXED, "multiples of the file's page size, 0x1000" },
    { 0, 2 * PAGE, G_MAXUINT64 - PAGE + 1, FIXED, "beyond the last 64-bit address" },
    { 0, G_MAXUINT64 - PAGE + 1, 2 * PAGE, FIXED, "beyond the last 64-bit address" },
    { 0, G_MAXUINT64 - PAGE + 1, 0, FIXED, "past the end of the file, 0x10000000000" },
    { TIB, PAGE, 0, FIXED, "past the end of the file, 0x10000000000" },
    { TIB - PAGE, 2 * PAGE, 0, FIXED, "past the end of the file, 0x10000000000" },
    { G_MAXUINT64 - PAGE + 1, PAGE, 0, FIXED, "past the end of the file, 0x10000000000" },
    { 0, PAGE, 0, IOMMUD_MAP_FLAGS_FIXED, "readable or writable" },
  };

  guint calls = count_calls (fixture, "ioas-map") + count_calls (fixture, "ioas-map-file");

  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    mapping_fixture_map_fails (fixture, fixture->file, bad[i].offset, bad[i].length, bad[i].iova,
                               bad[i].flags, IOMMUD_ERROR_INVALID_ARGUMENT, bad[i].text);
  g_assert_cmpuint (count_calls (fixture, "ioas-map") + count_calls (fixture, "ioas-map-file"), ==,
                    calls);
  /* The last page of the file, and of the address space. */
  mapping_fixture_map (fixture, fixture->container, TIB - PAGE, PAGE, G_MAXUINT64 - PAGE + 1,
                       FIXED);
  mapping_fixture_assert_mapped (fixture->container,
                                 "[(0xfffffffffffff000, 0x1000, 0xfffffff000, 3)]");
  mapping_fixture_unmap (fixture->container, G_MAXUINT64 - PAGE + 1, PAGE);
}

static void
test_collisions (MappingFixture *fixture, gconstpointer unused)
{
  guint calls;

  mapping_fixture_map (fixture, fixture->container, 0, 2 * PAGE, MIB, FIXED);
  model_fixture_attach (&fixture->model, fixture->container, DIRTY_A);
  calls = count_calls (fixture, "ioas-map") + count_calls (fixture, "ioas-map-file");
  mapping_fixture_map_fails (fixture, fixture->file, 0, PAGE, MIB, FIXED, IOMMUD_ERROR_EXISTS,
                             "IOVAs 0x100000 to 0x101fff are mapped already");
  mapping_fixture_map_fails (fixture, fixture->file, 0, 2 * PAGE, MIB - PAGE, FIXED,
                             IOMMUD_ERROR_EXISTS, "IOVAs 0x100000 to 0x101fff are mapped already");
  mapping_fixture_map_fails (fixture, fixture->file, 0, 2 * PAGE, MIB + PAGE, FIXED,
                             IOMMUD_ERROR_EXISTS, "IOVAs 0x100000 to 0x101fff are mapped already");
  mapping_fixture_map_fails (fixture, fixture->file, 0, PAGE, 0xfee00000, FIXED,
                             IOMMUD_ERROR_ADDRESS_IN_USE, "IOVAs 0xfee00000 to 0xfeefffff");
  mapping_fixture_map_fails (fixture, fixture->file, 0, 2 * GIB, 0xc0000000, FIXED,
                             IOMMUD_ERROR_ADDRESS_IN_USE, "IOVAs 0xfee00000 to 0xfeefffff");
  g_assert_cmpuint (count_calls (fixture, "ioas-map") + count_calls (fixture, "ioas-map-file"), ==,
                    calls);
  mapping_fixture_map (fixture, fixture->container, 0, MIB, 0xfef00000, FIXED);
  mapping_fixture_map (fixture, fixture->container, 0, MIB, 0xfed00000, FIXED);
  mapping_fixture_unmap (fixture->container, 0xfed00000, MIB);
  mapping_fixture_unmap (fixture->container, 0xfef00000, MIB);
}

static void
test_unmap_ranges (MappingFixture *fixture, gconstpointer unused)
{
  guint calls;

  mapping_fixture_map (fixture, fixture->container, 0, 2 * PAGE, 0, FIXED);
  mapping_fixture_map (fixture, fixture->container, 0, 2 * PAGE, 4 * PAGE, FIXED);
  mapping_fixture_map (fixture, fixture->container, 0, 2 * PAGE, 6 * PAGE, FIXED);
  calls = count_calls (fixture, "ioas-unmap");
  mapping_fixture_unmap_fails (fixture, 0, 0, IOMMUD_ERROR_INVALID_ARGUMENT, "length is 0");
  mapping_fixture_unmap_fails (fixture, 1, PAGE, IOMMUD_ERROR_INVALID_ARGUMENT, "multiple of");
  mapping_fixture_unmap_fails (fixture, 0, G_MAXUINT64, IOMMUD_ERROR_INVALID_ARGUMENT,
                               "multiple of");
  mapping_fixture_unmap_fails (fixture, 2 * PAGE, G_MAXUINT64 - PAGE + 1,
                               IOMMUD_ERROR_INVALID_ARGUMENT, "beyond");
  mapping_fixture_unmap_fails (fixture, 2 * PAGE, 2 * PAGE, IOMMUD_ERROR_NOT_FOUND,
                               "nothing is mapped there");
  mapping_fixture_unmap_fails (fixture, 8 * PAGE, 2 * PAGE, IOMMUD_ERROR_NOT_FOUND,
                               "nothing is mapped there");
  mapping_fixture_unmap_fails (fixture, 0, PAGE, IOMMUD_ERROR_INVALID_ARGUMENT,
                               "split the mapping of IOVAs 0 to 0x1fff");
  mapping_fixture_unmap_fails (fixture, PAGE, PAGE, IOMMUD_ERROR_INVALID_ARGUMENT, "split");
  mapping_fixture_unmap_fails (fixture, 0, 7 * PAGE, IOMMUD_ERROR_INVALID_ARGUMENT,
                               "split the mapping of IOVAs 0x6000 to 0x7fff");
  g_assert_cmpuint (count_calls (fixture, "ioas-unmap"), ==, calls);
  mapping_fixture_assert_mapped (
      fixture->container, "[(0, 0x2000, 0, 3), (0x4000, 0x2000, 0, 3), (0x6000, 0x2000, 0, 3)]");
}

/* Holes in the range are no error, as they are none for the kernel. */
static void
test_unmap_several (MappingFixture *fixture, gconstpointer unused)
{
  g_autoptr (GError) error = NULL;
  guint64 bytes = 0;
  guint64 dirty_pages = 1;
  int bitmap = 0;

  for (guint64 i = 0; i < 1000; i++)
    mapping_fixture_map (fixture, fixture->container, i * PAGE, PAGE, 2 * i * PAGE, FIXED);
  g_assert_true (call_unmap (fixture->container, 10 * PAGE, 800 * PAGE, 0, NULL, &bytes, &bitmap,
                             &dirty_pages, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (bytes, ==, 400 * PAGE);
  g_assert_cmpint (bitmap, ==, -1);
  g_assert_cmpuint (dirty_pages, ==, 0);
  g_object_get (iommud_container_get_memory (fixture->container), "mapping-count", &bytes, NULL);
  g_assert_cmpuint (bytes, ==, 600);
}

static void
test_unmap_all (MappingFixture *fixture, gconstpointer unused)
{
  g_autoptr (GError) error = NULL;
  guint64 bytes = 1;

  g_assert_true (call_unmap_all (fixture->container, NULL, &bytes, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (bytes, ==, 0);
  mapping_fixture_map (fixture, fixture->container, 0, 3 * GIB, MIB, FIXED);
  mapping_fixture_map (fixture, fixture->container, 0, 3 * GIB, 0, READ_WRITE);
  mapping_fixture_map (fixture, fixture->container, 0, PAGE, G_MAXUINT64 - PAGE + 1, FIXED);
  g_assert_true (call_unmap_all (fixture->container, NULL, &bytes, &error));
  g_assert_no_error (error);
  g_assert_cmphex (bytes, ==, 6 * GIB + PAGE);
  mapping_fixture_assert_mapped (fixture->container, "[]");
}

/* There are more mappings than are listed. */
static void
test_many (MappingFixture *fixture, gconstpointer unused)
{
  g_autoptr (GVariant) mappings = NULL;
  guint64 count, bytes;

  for (guint64 i = 300; i > 0; i--)
    mapping_fixture_map (fixture, fixture->container, 0, PAGE, i * PAGE, FIXED);
  g_object_get (iommud_container_get_memory (fixture->container), "mappings", &mappings,
                "mapping-count", &count, "mapped-bytes", &bytes, NULL);
  g_assert_cmpuint (g_variant_n_children (mappings), ==, 256);
  g_assert_cmpuint (count, ==, 300);
  g_assert_cmpuint (bytes, ==, 300 * PAGE);
}

static void
test_free_container (MappingFixture *fixture, gconstpointer unused)
{
  g_autoptr (IommudContainer) other = NULL;
  g_autoptr (GError) error = NULL;
  guint64 bytes = 1;

  other = model_fixture_container (&fixture->model, "b", IOMMUD_DIRTY_TRACKING_POLICY_OFF);
  mapping_fixture_map (fixture, other, 0, 2 * GIB, 0, FIXED);
  g_assert_true (iommud_container_free (other, FALSE, NULL, &error));
  g_assert_no_error (error);
  g_object_get (iommud_container_get_memory (other), "mapped-bytes", &bytes, NULL);
  g_assert_cmpuint (bytes, ==, 0);
  g_assert_cmpuint (mapping_fixture_count_memory (), ==, 0);
  g_assert_false (call_map_file (other, fixture->file, 0, PAGE, 0, FIXED, NULL, NULL, &error));
  mapping_fixture_assert_refused (error, IOMMUD_ERROR_NOT_FOUND, "container b is gone");
  g_clear_error (&error);
  g_assert_false (call_unmap_all (other, NULL, NULL, &error));
  mapping_fixture_assert_refused (error, IOMMUD_ERROR_NOT_FOUND, "container b is gone");
}

/* What could not be freed is listed, and can be freed later. */
static void
test_free_container_fails (MappingFixture *fixture, gconstpointer unused)
{
  g_autoptr (GError) error = NULL;

  mapping_fixture_map (fixture, fixture->container, 0, 2 * PAGE, 0, FIXED);
  model_fixture_inject (&fixture->model, "destroy", 1, EBUSY, 0);
  g_assert_false (iommud_container_free (fixture->container, FALSE, NULL, &error));
  mapping_fixture_assert_refused (error, IOMMUD_ERROR_BUSY, "IOAS");
  mapping_fixture_assert_mapped (fixture->container, "[(0, 0x2000, 0, 3)]");
  model_fixture_attach (&fixture->model, fixture->container, DIRTY_A);
  mapping_fixture_write (fixture, DIRTY_A, 0, 1, 'z');
  g_assert_cmpint (mapping_fixture_read (fixture, 0), ==, 'z');
}

static void
test_huge_pages (MappingFixture *fixture, gconstpointer unused)
{
  g_autoptr (IommudContainerOptions) options = iommud_container_options_new ();
  g_autoptr (GError) error = NULL;
  IommudContainer *container;
  gboolean huge = FALSE;

  g_object_get (iommud_container_get_memory (fixture->container), "huge-pages", &huge, NULL);
  g_assert_true (huge);
  g_assert_cmpuint (count_calls (fixture, "option"), ==, 0);
  g_object_set (options, "huge-pages", FALSE, NULL);
  container = iommud_host_create_container (fixture->model.host, options, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (count_calls (fixture, "option"), ==, 1);
  g_object_get (iommud_container_get_memory (container), "huge-pages", &huge, NULL);
  g_assert_false (huge);
  model_fixture_free_container (container);
}

static void
set_allowed (MappingFixture *fixture, const char *ranges, IommudError code, const char *text)
{
  g_autoptr (GError) error = NULL;
  gboolean ok =
      call_set_allowed_iovas (fixture->container, g_variant_new_parsed (ranges), NULL, &error);

  if (ok)
    g_assert_null (text);
  else
    mapping_fixture_assert_refused (error, code, text);
}

static void
assert_allowed (MappingFixture *fixture, const char *ranges)
{
  g_autoptr (GVariant) expected = g_variant_ref_sink (g_variant_new_parsed (ranges));
  g_autoptr (GVariant) actual = NULL;

  g_object_get (iommud_container_get_memory (fixture->container), "allowed-iovas", &actual, NULL);
  g_assert_cmpvariant (actual, expected);
}

static void
test_allowed_iovas (MappingFixture *fixture, gconstpointer unused)
{
  guint64 iova;

  assert_allowed (fixture, "@a(tt) []");
  set_allowed (fixture, "[(@t 0x9000, @t 0xffff), (0x2000, 0x3fff)]", 0, NULL);
  assert_allowed (fixture, "[(@t 0x2000, @t 0x3fff), (0x9000, 0xffff)]");
  iova = mapping_fixture_map (fixture, fixture->container, 0, 4 * PAGE, 0, READ_WRITE);
  g_assert_cmphex (iova, >=, 0x9000);
  g_assert_cmphex (iova, <=, 0xc000);
  mapping_fixture_map_fails (fixture, fixture->file, 0, 8 * PAGE, 0, READ_WRITE,
                             IOMMUD_ERROR_NO_SPACE, "there is no room of that length");
  /* Fixed mappings may lie outside the allowed ranges. */
  mapping_fixture_map (fixture, fixture->container, 0, PAGE, 0x20000, FIXED);
  set_allowed (fixture, "[(@t 0x2000, @t 0x2000)]", IOMMUD_ERROR_INVALID_ARGUMENT, "0x2000");
  set_allowed (fixture, "[(@t 0x3000, @t 0x2000)]", IOMMUD_ERROR_INVALID_ARGUMENT, "0x3000");
  set_allowed (fixture, "[(@t 0, @t 0x2000), (0x2000, 0x3000)]", IOMMUD_ERROR_INVALID_ARGUMENT,
               "overlap");
  model_fixture_attach (&fixture->model, fixture->container, DIRTY_A);
  set_allowed (fixture, "[(@t 0xfe000000, @t 0xfeefffff)]", IOMMUD_ERROR_ADDRESS_IN_USE,
               "IOVAs 0xfee00000 to 0xfeefffff");
  assert_allowed (fixture, "[(@t 0x2000, @t 0x3fff), (0x9000, 0xffff)]");
  for (int i = 0; i < 2; i++) /* twice: an empty list may replace an empty one */
    set_allowed (fixture, "@a(tt) []", 0, NULL);
  assert_allowed (fixture, "@a(tt) []");
  mapping_fixture_map (fixture, fixture->container, 0, 8 * PAGE, 0, READ_WRITE);
}

static void
test_too_many_allowed (MappingFixture *fixture, gconstpointer unused)
{
  g_autoptr (GError) error = NULL;
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("a(tt)"));
  for (guint64 i = 0; i < 4097; i++)
    g_variant_builder_add (&builder, "(tt)", i * PAGE, i * PAGE + 1);
  g_assert_false (
      call_set_allowed_iovas (fixture->container, g_variant_builder_end (&builder), NULL, &error));
  mapping_fixture_assert_refused (error, IOMMUD_ERROR_LIMITS_EXCEEDED, "4096 ranges");
}

/* A file of holes can be as long as its owner likes. */
static void
test_limit (MappingFixture *fixture, gconstpointer unused)
{
  int file = mapping_fixture_new_file (128 * TIB);

  mapping_fixture_map_fails (fixture, file, 0, 64 * TIB + PAGE, 0, READ_WRITE,
                             IOMMUD_ERROR_LIMITS_EXCEEDED, "64 TiB");
  g_assert_true (
      call_map_file (fixture->container, file, 0, 63 * TIB, 0, READ_WRITE, NULL, NULL, NULL));
  mapping_fixture_map_fails (fixture, file, 0, TIB + PAGE, 0, FIXED, IOMMUD_ERROR_LIMITS_EXCEEDED,
                             "64 TiB");
  g_assert_true (call_map_file (fixture->container, file, 0, TIB, 0, READ_WRITE, NULL, NULL, NULL));
  mapping_fixture_map_fails (fixture, file, 0, PAGE, 0, READ_WRITE, IOMMUD_ERROR_LIMITS_EXCEEDED,
                             "64 TiB");
  g_assert_true (call_unmap_all (fixture->container, NULL, NULL, NULL));
  /* All of it at once. */
  g_assert_true (
      call_map_file (fixture->container, file, 0, 64 * TIB, 0, READ_WRITE, NULL, NULL, NULL));
  g_assert_true (call_unmap_all (fixture->container, NULL, NULL, NULL));
  close (file);
}

#define ADD(path, kernel, function)                                                                \
  g_test_add ("/mapping/" kernel "/" path, MappingFixture, kernel, mapping_fixture_set_up,         \
              function, mapping_fixture_tear_down)
#define ADD_BOTH(path, function)                                                                   \
  ADD (path, OLD, function);                                                                       \
  ADD (path, NEW, function)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD_BOTH ("map-and-unmap", test_map_and_unmap);
  ADD_BOTH ("count-is-notified", test_count_is_notified);
  ADD_BOTH ("which-call", test_which_call);
  ADD ("fall-back", NEW, test_fall_back);
  ADD_BOTH ("kernel-chooses", test_kernel_chooses);
  ADD_BOTH ("ranges", test_ranges);
  ADD_BOTH ("collisions", test_collisions);
  ADD_BOTH ("unmap-ranges", test_unmap_ranges);
  ADD_BOTH ("unmap-several", test_unmap_several);
  ADD_BOTH ("unmap-all", test_unmap_all);
  ADD ("many", OLD, test_many);
  ADD_BOTH ("free-container", test_free_container);
  ADD_BOTH ("free-container-fails", test_free_container_fails);
  ADD ("huge-pages", OLD, test_huge_pages);
  ADD ("allowed-iovas", OLD, test_allowed_iovas);
  ADD ("too-many-allowed", OLD, test_too_many_allowed);
  ADD ("limit", NEW, test_limit);
  return g_test_run ();
}
