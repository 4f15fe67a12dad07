/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copies of mappings: they live as long as they are mapped, and have no rights that the source
 * lacks. */
#include "config.h"

#include "mapping-fixture.h"

#include <errno.h>

#define OLD "6.12"
#define NEW "6.13"

static void
copy_fails (IommudContainer *container, IommudContainer *source, guint64 source_iova,
            guint64 length, guint64 iova, IommudMapFlags flags, IommudError code, const char *text)
{
  guint64 bytes = mapping_fixture_get_mapped_bytes (container);
  g_autoptr (GError) error = NULL;

  g_assert_false (
      call_copy_mapping (container, source, source_iova, length, iova, flags, NULL, NULL, &error));
  mapping_fixture_assert_refused (error, code, text);
  g_assert_cmphex (mapping_fixture_get_mapped_bytes (container), ==, bytes);
}

/* The source goes, then a copy of it: the last copy has the memory still, until it goes too. */
static void
test_copies_live_on (MappingFixture *fixture, gconstpointer kernel)
{
  guint in_process = g_str_equal (kernel, NEW) ? 0 : 1;
  IommudContainer *b = mapping_fixture_share (fixture, "b");
  IommudContainer *c = mapping_fixture_share (fixture, "c");

  mapping_fixture_map (fixture, fixture->container, PAGE, 4 * PAGE, 0, FIXED);
  mapping_fixture_copy (b, fixture->container, PAGE, 2 * PAGE, 16 * PAGE, FIXED);
  mapping_fixture_assert_mapped (b, "[(0x10000, 0x2000, 0x2000, 3)]");
  mapping_fixture_unmap (fixture->container, 0, 4 * PAGE);
  mapping_fixture_copy (c, b, 17 * PAGE, PAGE, 0, FIXED);
  mapping_fixture_assert_mapped (c, "[(0, 0x1000, 0x3000, 3)]");
  model_fixture_free_container (b);
  model_fixture_attach (&fixture->model, c, DIRTY_A);
  mapping_fixture_write (fixture, DIRTY_A, 0, 1, 'c');
  g_assert_cmpint (mapping_fixture_read (fixture, 3 * PAGE), ==, 'c');
  if (in_process == 1)
    g_assert_cmpuint (mapping_fixture_count_memory (), ==, 1);
  mapping_fixture_unmap (c, 0, PAGE);
  g_assert_cmpuint (mapping_fixture_count_memory (), ==, 0);
  model_fixture_free_container (c);
}

static void
test_copy_of_several (MappingFixture *fixture, gconstpointer unused)
{
  IommudContainer *b = mapping_fixture_share (fixture, "b");
  guint64 iova;

  mapping_fixture_map (fixture, fixture->container, 0, 2 * PAGE, 0, FIXED);
  mapping_fixture_map (fixture, fixture->container, 8 * PAGE, 2 * PAGE, 2 * PAGE, FIXED);
  mapping_fixture_map (fixture, fixture->container, 16 * PAGE, PAGE, 5 * PAGE, FIXED);
  iova = mapping_fixture_copy (b, fixture->container, PAGE, 2 * PAGE, 0, READ_WRITE);
  {
    g_autofree char *mappings = g_strdup_printf (
        "[(%" G_GUINT64_FORMAT ", 0x1000, 0x1000, 3), (%" G_GUINT64_FORMAT ", 0x1000, 0x8000, 3)]",
        iova, iova + PAGE);

    mapping_fixture_assert_mapped (b, mappings);
  }
  /* They are mappings of their own. */
  mapping_fixture_unmap (b, iova + PAGE, PAGE);
  copy_fails (b, fixture->container, 0, 6 * PAGE, 16 * MIB, FIXED, IOMMUD_ERROR_NOT_FOUND,
              "nothing is mapped at IOVA 0x4000 in container a");
  copy_fails (b, fixture->container, 4 * PAGE, 2 * PAGE, 16 * MIB, FIXED, IOMMUD_ERROR_NOT_FOUND,
              "nothing is mapped at IOVA 0x4000 in container a");
  copy_fails (b, fixture->container, 5 * PAGE, 2 * PAGE, 16 * MIB, FIXED, IOMMUD_ERROR_NOT_FOUND,
              "nothing is mapped at IOVA 0x6000 in container a");
  copy_fails (fixture->container, fixture->container, 0, PAGE, PAGE, FIXED, IOMMUD_ERROR_EXISTS,
              "IOVAs 0 to 0x1fff");
  /* Within one container. */
  mapping_fixture_copy (fixture->container, fixture->container, 0, PAGE, 4 * PAGE, FIXED);
  model_fixture_free_container (b);
}

static void
test_copy_of_long (MappingFixture *fixture, gconstpointer unused)
{
  IommudContainer *b = mapping_fixture_share (fixture, "b");
  IommudContainer *c = mapping_fixture_share (fixture, "c");
  guint64 iova = mapping_fixture_map (fixture, fixture->container, 0, 16 * GIB, 0, READ_WRITE);

  mapping_fixture_map (fixture, fixture->container, PAGE, 8 * GIB, G_GUINT64_CONSTANT (1) << 50,
                       FIXED);
  /* One of the kernel's mappings becomes several, but several never become one. */
  mapping_fixture_copy (b, fixture->container, iova + PAGE, 8 * GIB, 3 * PAGE, FIXED);
  mapping_fixture_copy (b, fixture->container, (G_GUINT64_CONSTANT (1) << 50) + PAGE, 4 * GIB,
                        G_GUINT64_CONSTANT (1) << 40, FIXED);
  iova = mapping_fixture_copy (c, b, 4 * PAGE, 4 * GIB, 0, READ_WRITE);
  mapping_fixture_unmap (b, 3 * PAGE, 8 * GIB);
  mapping_fixture_unmap (b, G_GUINT64_CONSTANT (1) << 40, 4 * GIB);
  g_assert_true (call_unmap_all (fixture->container, NULL, NULL, NULL));
  mapping_fixture_unmap (c, iova, 4 * GIB);
  model_fixture_free_container (b);
  model_fixture_free_container (c);
}

static void
test_copy_rights (MappingFixture *fixture, gconstpointer unused)
{
  IommudMapFlags read = IOMMUD_MAP_FLAGS_READABLE | IOMMUD_MAP_FLAGS_FIXED;
  IommudContainer *b = mapping_fixture_share (fixture, "b");
  IommudContainer *c =
      model_fixture_container (&fixture->model, "c", IOMMUD_DIRTY_TRACKING_POLICY_OFF);
  guint calls = iommud_simulator_count_calls (fixture->model.simulator, "ioas-copy");

  mapping_fixture_map (fixture, fixture->container, 0, PAGE, 0, read);
  mapping_fixture_map (fixture, fixture->container, 0, PAGE, PAGE, FIXED);
  copy_fails (b, fixture->container, 0, PAGE, 0, FIXED, IOMMUD_ERROR_PERMISSION_DENIED,
              "mapped read-only");
  copy_fails (b, fixture->container, 0, 2 * PAGE, 0, READ_WRITE, IOMMUD_ERROR_PERMISSION_DENIED,
              "mapped read-only");
  copy_fails (c, fixture->container, 0, PAGE, 0, read, IOMMUD_ERROR_INVALID_ARGUMENT,
              "another IOMMUFD context");
  copy_fails (b, fixture->container, 0, PAGE, 0, IOMMUD_MAP_FLAGS_FIXED,
              IOMMUD_ERROR_INVALID_ARGUMENT, "readable or writable");
  copy_fails (b, fixture->container, 1, PAGE, 0, read, IOMMUD_ERROR_INVALID_ARGUMENT,
              "multiple of the page size");
  copy_fails (b, fixture->container, 0, 0, 0, read, IOMMUD_ERROR_INVALID_ARGUMENT, "length is 0");
  g_assert_cmpuint (iommud_simulator_count_calls (fixture->model.simulator, "ioas-copy"), ==,
                    calls);
  mapping_fixture_copy (b, fixture->container, 0, PAGE, 0, read);
  /* As in the kernel, the rights are those of the memory and not those of another copy. */
  mapping_fixture_copy (b, fixture->container, PAGE, PAGE, PAGE, read);
  mapping_fixture_copy (b, b, PAGE, PAGE, 2 * PAGE, FIXED);
  mapping_fixture_assert_mapped (b, "[(0, 0x1000, 0, 1), (0x1000, 0x1000, 0, 1),"
                                    " (0x2000, 0x1000, 0, 3)]");
  model_fixture_free_container (b);
  model_fixture_free_container (c);
}

static void
test_copy_fails_half_way (MappingFixture *fixture, gconstpointer unused)
{
  IommudContainer *b = mapping_fixture_share (fixture, "b");
  guint objects = iommud_simulator_count_objects (fixture->model.simulator);

  mapping_fixture_map (fixture, fixture->container, 0, 4 * GIB, 0, FIXED);
  mapping_fixture_map (fixture, fixture->container, 0, 4 * GIB, 4 * GIB, FIXED);
  model_fixture_inject (&fixture->model, "ioas-copy", 6, ENOMEM, 0);
  copy_fails (b, fixture->container, 0, 8 * GIB, 0, FIXED, IOMMUD_ERROR_NO_MEMORY,
              "IOMMU_IOAS_COPY");
  mapping_fixture_assert_mapped (b, "[]");
  g_assert_cmpuint (iommud_simulator_count_objects (fixture->model.simulator), ==, objects);
  mapping_fixture_copy (b, fixture->container, 0, 8 * GIB, 0, FIXED);
  model_fixture_free_container (b);
}

#define ADD(path, kernel, function)                                                                \
  g_test_add ("/mapping-copies/" kernel "/" path, MappingFixture, kernel, mapping_fixture_set_up,  \
              function, mapping_fixture_tear_down)
#define ADD_BOTH(path, function)                                                                   \
  ADD (path, OLD, function);                                                                       \
  ADD (path, NEW, function)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD_BOTH ("live-on", test_copies_live_on);
  ADD_BOTH ("of-several", test_copy_of_several);
  ADD_BOTH ("of-long", test_copy_of_long);
  ADD_BOTH ("rights", test_copy_rights);
  ADD_BOTH ("fails-half-way", test_copy_fails_half_way);
  return g_test_run ();
}
