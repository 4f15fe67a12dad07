/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Two or three kernel calls of one operation fail: the model shows exactly what is left behind. */
#include "config.h"

#include "double-faults.h"

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
start_tracking (DirtyLedger *ledger)
{
  dirty_ledger_map (ledger, 0, MIB);
  dirty_ledger_map (ledger, MIB, MIB);
  dirty_ledger_start (ledger);
}

static void
attach (DirtyLedger *ledger, const char *device)
{
  dirty_ledger_attach (ledger, device, IOMMUD_TRACKER_CHOICE_AUTO);
}

static void
attach_to_ioas (DirtyLedger *ledger, const char *device)
{
  call_attach_device (ledger->fixture.container, get_device (ledger, device),
                      IOMMUD_ATTACH_MODE_KERNEL, IOMMUD_TRACKER_CHOICE_AUTO, NULL, NULL, NULL);
}

static IommudHwpt *
alloc (DirtyLedger *ledger, const char *device)
{
  g_autoptr (GError) error = NULL;
  IommudHwpt *hwpt = call_alloc_hwpt (ledger->fixture.container, get_device (ledger, device),
                                      IOMMUD_HWPT_FLAGS_DIRTY_TRACKING, NULL, &error);

  g_assert_no_error (error);
  return hwpt;
}

/* Attaches the device to the only HWPT that a caller made. */
static void
replace (DirtyLedger *ledger, const char *device)
{
  GListModel *hwpts = iommud_container_get_hwpts (ledger->fixture.container);

  for (guint i = 0; i < g_list_model_get_n_items (hwpts); i++)
    {
      g_autoptr (IommudHwpt) hwpt = g_list_model_get_item (hwpts, i);

      if (iommud_hwpt_get_management (hwpt) != IOMMUD_HWPT_MANAGEMENT_MANUAL)
        continue;
      dirty_ledger_replace (ledger, device, hwpt);
      return;
    }
  g_assert_not_reached ();
}

/* The next move of the device fails in its IOMMU's driver, so that the kernel forgets its reserved
 * ranges and the move is undone by DETACH and ATTACH. */
static void
fail_driver (DirtyLedger *ledger, const char *device)
{
  g_assert_cmpint (iommud_simulated_kernel_fail_driver (
                       iommud_simulator_get_kernel (ledger->fixture.model.simulator), device,
                       "attach", ENOMEM, 1),
                   ==, 0);
}

/* A device that a failed move has left bound and no longer attached. */
static void
leave_bound (DirtyLedger *ledger, const char *device)
{
  g_autoptr (IommudHwpt) hwpt = alloc (ledger, device);

  attach (ledger, device);
  fail_driver (ledger, device);
  model_fixture_inject (&ledger->fixture.model, "attach", 2, EIO, 0);
  dirty_ledger_replace (ledger, device, hwpt);
  g_assert_cmpint (iommud_device_get_state (get_device (ledger, device)), ==,
                   IOMMUD_DEVICE_STATE_BOUND);
}

static void
prepare_sibling (DirtyLedger *ledger)
{
  start_tracking (ledger);
  attach (ledger, DIRTY_A);
  double_faults_write (ledger, 0);
}

static void
prepare_foreign (DirtyLedger *ledger)
{
  attach (ledger, PLAIN_A);
  attach (ledger, BOTH);
  start_tracking (ledger);
}

static void
prepare_bound (DirtyLedger *ledger)
{
  leave_bound (ledger, DIRTY_A);
  start_tracking (ledger);
}

static void
prepare_bound_with_log (DirtyLedger *ledger)
{
  leave_bound (ledger, BOTH);
  start_tracking (ledger);
}

/* A device that could not be moved back from the twin of its HWPT: its log runs on. */
static void
prepare_bound_that_logs (DirtyLedger *ledger)
{
  attach (ledger, BOTH);
  attach (ledger, DIRTY_A);
  start_tracking (ledger);
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
  attach (ledger, DIRTY_A);
}

static void
attach_sibling (DirtyLedger *ledger)
{
  attach (ledger, DIRTY_A_SIBLING);
}

static void
attach_both (DirtyLedger *ledger)
{
  attach (ledger, BOTH);
}

static void
attach_kernel (DirtyLedger *ledger)
{
  attach_to_ioas (ledger, LOGGING);
}

static void
attach_mdev (DirtyLedger *ledger)
{
  attach (ledger, MDEV);
}

static void
prepare_hwpt (DirtyLedger *ledger)
{
  g_autoptr (IommudHwpt) hwpt G_GNUC_UNUSED = alloc (ledger, DIRTY_B);

  start_tracking (ledger);
}

static void
prepare_move (DirtyLedger *ledger)
{
  prepare_hwpt (ledger);
  attach (ledger, DIRTY_A);
  double_faults_write (ledger, 0);
}

static void
prepare_move_with_log (DirtyLedger *ledger)
{
  prepare_hwpt (ledger);
  attach (ledger, BOTH);
  double_faults_write (ledger, 0);
}

static void
prepare_repair (DirtyLedger *ledger)
{
  prepare_move (ledger);
  fail_driver (ledger, DIRTY_A);
}

static void
prepare_repair_with_log (DirtyLedger *ledger)
{
  prepare_move_with_log (ledger);
  fail_driver (ledger, BOTH);
}

/* On a HWPT that the kernel made. */
static void
prepare_repair_of_kernels (DirtyLedger *ledger)
{
  prepare_hwpt (ledger);
  attach_to_ioas (ledger, DIRTY_A);
  fail_driver (ledger, DIRTY_A);
}

static void
replace_dirty_a (DirtyLedger *ledger)
{
  replace (ledger, DIRTY_A);
}

static void
replace_both (DirtyLedger *ledger)
{
  replace (ledger, BOTH);
}

static void
prepare_detach (DirtyLedger *ledger)
{
  prepare_sibling (ledger);
  attach (ledger, DIRTY_A_SIBLING);
  attach (ledger, BOTH);
  attach_to_ioas (ledger, LOGGING);
  attach (ledger, MDEV);
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
  attach (ledger, DIRTY_A_SIBLING);
  attach (ledger, BOTH);
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
  attach (ledger, DIRTY_A);
  attach (ledger, BOTH);
  attach (ledger, LOGGING);
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
  { "attach/tracked-by-iommu", start_tracking, attach_dirty_a },
  { "attach/logging", start_tracking, attach_both },
  { "attach/to-kernel-hwpt", start_tracking, attach_kernel },
  { "attach/mdev", prepare_nothing, attach_mdev },
  { "attach/sibling", prepare_sibling, attach_sibling },
  { "attach/candidates", prepare_foreign, attach_dirty_a },
  { "attach/bound", prepare_bound, attach_dirty_a },
  { "attach/bound-logging", prepare_bound_with_log, attach_both },
  { "attach/bound-that-logs", prepare_bound_that_logs, attach_both },
  { "replace/unbound", prepare_hwpt, replace_dirty_a },
  { "replace/unbound-logging", prepare_hwpt, replace_both },
  { "replace/bound", prepare_bound, replace_dirty_a },
  { "replace/bound-logging", prepare_bound_with_log, replace_both },
  { "replace/move", prepare_move, replace_dirty_a },
  { "replace/move-logging", prepare_move_with_log, replace_both },
  { "replace/repair", prepare_repair, replace_dirty_a },
  { "replace/repair-logging", prepare_repair_with_log, replace_both },
  { "replace/repair-kernel-hwpt", prepare_repair_of_kernels, replace_dirty_a },
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
