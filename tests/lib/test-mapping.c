/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Mapping files in a container and unmapping them, on a simulated host. */
#include "mapping-fixture.h"

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
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(path, function)                                                                        \
  g_test_add (path, MappingFixture, NULL, mapping_fixture_set_up, function,                        \
              mapping_fixture_tear_down)
  ADD ("/mapping/map-and-unmap", test_map_and_unmap);
  return g_test_run ();
}
