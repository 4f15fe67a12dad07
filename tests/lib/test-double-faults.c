/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Two or three kernel calls of one operation fail: the model shows exactly what is left behind. */
#include "config.h"

#include "double-faults-steps.h"

#include <errno.h>

#include "sim/kernel-testing.h"
#include "simulator/simulator-testing.h"

static IommudDevice *
get_device (DirtyLedger *ledger, const char *name)
{
  return model_fixture_device (&ledger->fixture.model, name);
}

static void
prepare_nothing (DirtyLedger *ledger)
{
}

static void
prepare_sibling (DirtyLedger *ledger)
{
  double_faults_start_tracking (ledger);
  double_faults_attach (ledger, DIRTY_A);
  double_faults_write (ledger, 0);
}

static void
prepare_foreign (DirtyLedger *ledger)
{
  double_faults_attach (ledger, PLAIN_A);
  double_faults_attach (ledger, BOTH);
  double_faults_start_tracking (ledger);
}

/* A device that could not be moved back from the twin of its HWPT: its log runs on. */
static void
prepare_bound_that_logs (DirtyLedger *ledger)
{
  double_faults_attach (ledger, BOTH);
  double_faults_attach (ledger, DIRTY_A);
  double_faults_start_tracking (ledger);
  double_faults_write (ledger, 0);
  model_fixture_inject (&ledger->fixture.model, "attach", 3, EIO, 0);
  model_fixture_inject (&ledger->fixture.model, "attach", 5, EIO, 0);
  model_fixture_inject (&ledger->fixture.model, "attach", 6, EIO, 0);
  dirty_ledger_unmap (ledger, MIB, MIB, TRUE);
  g_assert_cmpint (iommud_device_get_state (get_device (ledger, BOTH)), ==,
                   IOMMUD_DEVICE_STATE_BOUND);
}

static void
attach_dirty_a (DirtyLedger *ledger)
{
  double_faults_attach (ledger, DIRTY_A);
}

static void
attach_sibling (DirtyLedger *ledger)
{
  double_faults_attach (ledger, DIRTY_A_SIBLING);
}

static void
attach_both (DirtyLedger *ledger)
{
  double_faults_attach (ledger, BOTH);
}

static void
attach_kernel (DirtyLedger *ledger)
{
  double_faults_attach_to_ioas (ledger, LOGGING);
}

static void
attach_mdev (DirtyLedger *ledger)
{
  double_faults_attach (ledger, MDEV);
}

static void
prepare_detach (DirtyLedger *ledger)
{
  prepare_sibling (ledger);
  double_faults_attach (ledger, DIRTY_A_SIBLING);
  double_faults_attach (ledger, BOTH);
  double_faults_attach_to_ioas (ledger, LOGGING);
  double_faults_attach (ledger, MDEV);
  double_faults_write (ledger, 4);
}

static void
detach_dirty_a (DirtyLedger *ledger)
{
  dirty_ledger_detach (ledger, DIRTY_A);
}

static void
detach_both (DirtyLedger *ledger)
{
  dirty_ledger_detach (ledger, BOTH);
}

static void
detach_logging (DirtyLedger *ledger)
{
  dirty_ledger_detach (ledger, LOGGING);
}

static void
detach_mdev (DirtyLedger *ledger)
{
  dirty_ledger_detach (ledger, MDEV);
}

static void
prepare_unmap (DirtyLedger *ledger)
{
  prepare_sibling (ledger);
  double_faults_attach (ledger, DIRTY_A_SIBLING);
  double_faults_attach (ledger, BOTH);
  double_faults_write (ledger, 4);
}

static void
unmap (DirtyLedger *ledger)
{
  dirty_ledger_unmap (ledger, MIB, MIB, TRUE);
}

static void
prepare_start (DirtyLedger *ledger)
{
  dirty_ledger_map (ledger, 0, MIB);
  double_faults_attach (ledger, DIRTY_A);
  double_faults_attach (ledger, BOTH);
  double_faults_attach (ledger, LOGGING);
}

static void
start (DirtyLedger *ledger)
{
  dirty_ledger_start (ledger);
}

static void
prepare_stop (DirtyLedger *ledger)
{
  prepare_start (ledger);
  dirty_ledger_start (ledger);
}

static void
stop (DirtyLedger *ledger)
{
  dirty_ledger_stop (ledger);
}

static void
alloc_hwpt (DirtyLedger *ledger)
{
  g_autoptr (IommudHwpt) hwpt G_GNUC_UNUSED =
      call_alloc_hwpt (ledger->fixture.container, get_device (ledger, DIRTY_A),
                       IOMMUD_HWPT_FLAGS_DIRTY_TRACKING, NULL, NULL);
}

/* A second container of the same context, with devices, a HWPT of each management and memory. */
static void
prepare_free (DirtyLedger *ledger)
{
  g_autoptr (IommudContainer) second = mapping_fixture_share (&ledger->fixture, "second");
  g_autoptr (IommudHwpt) hwpt = NULL;

  mapping_fixture_map (&ledger->fixture, second, 0, MIB, 0, FIXED);
  model_fixture_attach (&ledger->fixture.model, second, DIRTY_A);
  call_attach_device (second, get_device (ledger, LOGGING), IOMMUD_ATTACH_MODE_KERNEL,
                      IOMMUD_TRACKER_CHOICE_AUTO, NULL, NULL, NULL);
  hwpt = call_alloc_hwpt (second, get_device (ledger, DIRTY_B), IOMMUD_HWPT_FLAGS_NONE, NULL, NULL);
  g_assert_nonnull (hwpt);
}

static void
prepare_free_alone (DirtyLedger *ledger)
{
  IommudContainer *second = model_fixture_container (&ledger->fixture.model, "second",
                                                     IOMMUD_DIRTY_TRACKING_POLICY_PREFERRED);

  model_fixture_attach (&ledger->fixture.model, second, DIRTY_A);
  g_object_unref (second);
}

static void
free_second (DirtyLedger *ledger)
{
  g_autoptr (IommudContainer) second =
      iommud_host_find_container (ledger->fixture.model.host, "second", NULL);

  g_object_ref (second);
  iommud_container_free (second, TRUE, NULL, NULL);
}

static void
create (DirtyLedger *ledger, IommudContainer *share_context)
{
  g_autoptr (IommudContainerOptions) options = iommud_container_options_new ();
  g_autoptr (IommudContainer) container = NULL;

  g_object_set (options, "huge-pages", FALSE, "share-context", share_context, NULL);
  container = iommud_host_create_container (ledger->fixture.model.host, options, NULL, NULL);
}

static void
create_shared (DirtyLedger *ledger)
{
  create (ledger, ledger->fixture.container);
}

static void
create_alone (DirtyLedger *ledger)
{
  create (ledger, NULL);
}

static void
prepare_map (DirtyLedger *ledger)
{
  prepare_start (ledger);
  dirty_ledger_start (ledger);
}

/* In pieces, behind what the logs cover. */
static void
map (DirtyLedger *ledger)
{
  call_map_file (ledger->fixture.container, ledger->fixture.file, 0, 2 * GIB + MIB, 8 * GIB, FIXED,
                 NULL, NULL, NULL);
}

/* Where the kernel may choose an address, and a mapping there. */
static void
allow (DirtyLedger *ledger)
{
  GVariant *ranges = g_variant_new_parsed ("[(@t 0x1000000, @t 0x1ffffff)]");

  call_set_allowed_iovas (ledger->fixture.container, ranges, NULL, NULL);
  call_map_file (ledger->fixture.container, ledger->fixture.file, 0, MIB, 0, READ_WRITE, NULL, NULL,
                 NULL);
}

static const DoubleFaultsScenario scenarios[] = {
  { "attach/first", prepare_nothing, attach_dirty_a },
  { "attach/tracked-by-iommu", double_faults_start_tracking, attach_dirty_a },
  { "attach/logging", double_faults_start_tracking, attach_both },
  { "attach/to-kernel-hwpt", double_faults_start_tracking, attach_kernel },
  { "attach/mdev", prepare_nothing, attach_mdev },
  { "attach/sibling", prepare_sibling, attach_sibling },
  { "attach/candidates", prepare_foreign, attach_dirty_a },
  { "attach/bound", double_faults_prepare_bound, attach_dirty_a },
  { "attach/bound-logging", double_faults_prepare_bound_with_log, attach_both },
  { "attach/bound-that-logs", prepare_bound_that_logs, attach_both },
  { "detach/one-of-group", prepare_detach, detach_dirty_a },
  { "detach/last", prepare_sibling, detach_dirty_a },
  { "detach/logging", prepare_detach, detach_both },
  { "detach/kernel-hwpt", prepare_detach, detach_logging },
  { "detach/mdev", prepare_detach, detach_mdev },
  { "alloc-hwpt", prepare_nothing, alloc_hwpt },
  { "start-tracking", prepare_start, start },
  { "stop-tracking", prepare_stop, stop },
  { "unmap", prepare_unmap, unmap },
  { "free/shared", prepare_free, free_second },
  { "free/alone", prepare_free_alone, free_second },
  { "create/shared", prepare_nothing, create_shared },
  { "create/alone", prepare_nothing, create_alone },
  { "map", prepare_map, map },
  { "allow", prepare_start, allow },
};

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (scenarios); i++)
    {
      g_autofree char *path = g_strdup_printf ("/double-faults/%s", scenarios[i].name);

      g_test_add_data_func (path, &scenarios[i], double_faults_test);
    }
  return g_test_run ();
}
