/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Two or three kernel calls fail while a device goes to another HWPT: the model shows exactly where
 * it is then, in containers that prefer dirty tracking and in those that require it. */
#include "config.h"

#include "double-faults-steps.h"

static IommudDevice *
get_device (DirtyLedger *ledger, const char *name)
{
  return model_fixture_device (&ledger->fixture.model, name);
}

static void
prepare_hwpt (DirtyLedger *ledger)
{
  g_autoptr (IommudHwpt) hwpt G_GNUC_UNUSED = double_faults_alloc (ledger, DIRTY_B);

  double_faults_start_tracking (ledger);
}

static void
prepare_move (DirtyLedger *ledger)
{
  prepare_hwpt (ledger);
  double_faults_attach (ledger, DIRTY_A);
  double_faults_write (ledger, 0);
}

static void
prepare_move_with_log (DirtyLedger *ledger)
{
  prepare_hwpt (ledger);
  double_faults_attach (ledger, BOTH);
  double_faults_write (ledger, 0);
}

static void
attach_two (DirtyLedger *ledger)
{
  double_faults_attach (ledger, DIRTY_A);
  double_faults_attach (ledger, BOTH);
}

/* The other one stays on the HWPT. */
static void
prepare_move_of_two (DirtyLedger *ledger)
{
  prepare_hwpt (ledger);
  attach_two (ledger);
  double_faults_write (ledger, 0);
}

/* From its IOMMU's tracker to its own log, since the other HWPT cannot track. */
static void
prepare_move_to_log (DirtyLedger *ledger)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (IommudHwpt) hwpt G_GNUC_UNUSED =
      call_alloc_hwpt (ledger->fixture.container, get_device (ledger, DIRTY_B),
                       IOMMUD_HWPT_FLAGS_NONE, NULL, &error);

  g_assert_no_error (error);
  double_faults_start_tracking (ledger);
  dirty_ledger_attach (ledger, BOTH, IOMMUD_TRACKER_CHOICE_IOMMU);
  double_faults_write (ledger, 0);
}

static void
prepare_repair (DirtyLedger *ledger)
{
  prepare_move (ledger);
  double_faults_fail_driver (ledger, DIRTY_A);
}

static void
prepare_repair_with_log (DirtyLedger *ledger)
{
  prepare_move_with_log (ledger);
  double_faults_fail_driver (ledger, BOTH);
}

/* On a HWPT that the kernel made. Its next one gets another id, since a lower one is free. */
static void
prepare_repair_of_kernels (DirtyLedger *ledger)
{
  g_autoptr (IommudHwpt) freed = double_faults_alloc (ledger, DIRTY_B);

  prepare_hwpt (ledger);
  double_faults_attach_to_ioas (ledger, BOTH);
  g_assert_true (iommud_hwpt_free (freed, NULL, NULL));
  double_faults_fail_driver (ledger, BOTH);
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

#define SCENARIOS(required)                                                                        \
  { "unbound", prepare_hwpt, replace_dirty_a, required, TRUE },                                    \
      { "unbound-logging", prepare_hwpt, replace_both, required, TRUE },                           \
      { "bound", double_faults_prepare_bound, replace_dirty_a, required, TRUE },                   \
      { "bound-logging", double_faults_prepare_bound_with_log, replace_both, required, TRUE },     \
      { "move", prepare_move, replace_dirty_a, required, TRUE },                                   \
      { "move-logging", prepare_move_with_log, replace_both, required, TRUE },                     \
      { "move-one-of-two", prepare_move_of_two, replace_dirty_a, required, TRUE },                 \
      { "move-to-log", prepare_move_to_log, replace_both, required, TRUE },                        \
      { "repair", prepare_repair, replace_dirty_a, required, TRUE },                               \
      { "repair-logging", prepare_repair_with_log, replace_both, required, TRUE },                 \
  {                                                                                                \
    "repair-kernel-hwpt", prepare_repair_of_kernels, replace_both, required                        \
  }

static const DoubleFaultsScenario scenarios[] = { SCENARIOS (FALSE), SCENARIOS (TRUE) };

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (scenarios); i++)
    {
      g_autofree char *path =
          g_strdup_printf ("/double-faults-replace/%s/%s",
                           scenarios[i].required ? "required" : "preferred", scenarios[i].name);

      g_test_add_data_func (path, &scenarios[i], double_faults_test);
    }
  return g_test_run ();
}
