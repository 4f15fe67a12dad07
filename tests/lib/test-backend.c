/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What backends say about moving devices, and an unmap if a move would stop the DMA for a
 * moment. */
#include "config.h"

#include "dirty-fixture.h"

#include "backend/backend.h"

static void
test_kernel (void)
{
  g_autoptr (IommudBackend) backend = IOMMUD_BACKEND (iommud_kernel_backend_new ());

  g_assert_false (iommud_backend_moves_without_gap (backend, "dmar0"));
  g_assert_false (iommud_backend_moves_without_gap (backend, "dmar12"));
  g_assert_false (iommud_backend_moves_without_gap (backend, "ivhd1"));
  /* Nothing is known of it. */
  g_assert_false (iommud_backend_moves_without_gap (backend, "smmu3.0x0000000009050000"));
  g_assert_false (iommud_backend_moves_without_gap (backend, "iommu0"));
  g_assert_true (iommud_backend_moves_without_gap (backend, "vmock-iommu0"));
}

static void
test_simulated (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (IommudSimulator) simulator = iommud_simulator_new (NULL, &error);

  g_assert_no_error (error);
  g_assert_true (iommud_backend_moves_without_gap (IOMMUD_BACKEND (simulator), "dmar0"));
}

static gboolean
leave_gap (IommudBackend *backend, const char *iommu)
{
  return FALSE;
}

/* No device is moved; what is not known to be clean counts as dirty. */
static void
test_unmap_with_gap (MappingFixture *self, gconstpointer unused)
{
  IommudBackendClass *klass = IOMMUD_BACKEND_GET_CLASS (self->model.simulator);
  gboolean (*moves_without_gap) (IommudBackend *, const char *) = klass->moves_without_gap;
  g_autofree char *dirty = NULL;
  g_autoptr (GError) error = NULL;
  guint64 dirty_pages = 0;
  guint attached;
  int fd = -1;

  dirty_fixture_map (self, 0, MIB);
  dirty_fixture_map (self, MIB, 4 * PAGE);
  dirty_fixture_attach (self, DIRTY_A, IOMMUD_TRACKER_CHOICE_AUTO);
  dirty_fixture_start (self);
  dirty_fixture_write (self, DIRTY_A, PAGE, 1);
  dirty_fixture_write (self, DIRTY_A, MIB, 1);
  attached = dirty_fixture_count (self, "attach");
  klass->moves_without_gap = leave_gap;
  call_unmap (self->container, MIB, 4 * PAGE, PAGE, NULL, NULL, &fd, &dirty_pages, &error);
  klass->moves_without_gap = moves_without_gap;
  g_assert_no_error (error);
  g_assert_cmpuint (dirty_fixture_count (self, "attach"), ==, attached);
  dirty = dirty_fixture_describe (fd, 4, dirty_pages);
  g_assert_cmpstr (dirty, ==, "0-3");
  dirty_fixture_assert_dirty (self, 0, 2 * MIB, "1");
  dirty_fixture_stop (self);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/backend/kernel", test_kernel);
  g_test_add_func ("/backend/simulated", test_simulated);
  g_test_add ("/backend/unmap-with-gap", MappingFixture, NULL, mapping_fixture_set_up,
              test_unmap_with_gap, mapping_fixture_tear_down);
  return g_test_run ();
}
