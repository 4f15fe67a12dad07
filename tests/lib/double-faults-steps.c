/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the scenarios of failing kernel calls are made of. */
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

void
double_faults_start_tracking (DirtyLedger *ledger)
{
  dirty_ledger_map (ledger, 0, MIB);
  dirty_ledger_map (ledger, MIB, MIB);
  dirty_ledger_start (ledger);
}

void
double_faults_attach (DirtyLedger *ledger, const char *device)
{
  dirty_ledger_attach (ledger, device, IOMMUD_TRACKER_CHOICE_AUTO);
}

void
double_faults_attach_to_ioas (DirtyLedger *ledger, const char *device)
{
  call_attach_device (ledger->fixture.container, get_device (ledger, device),
                      IOMMUD_ATTACH_MODE_KERNEL, IOMMUD_TRACKER_CHOICE_AUTO, NULL, NULL, NULL);
}

IommudHwpt *
double_faults_alloc (DirtyLedger *ledger, const char *device)
{
  g_autoptr (GError) error = NULL;
  IommudHwpt *hwpt = call_alloc_hwpt (ledger->fixture.container, get_device (ledger, device),
                                      IOMMUD_HWPT_FLAGS_DIRTY_TRACKING, NULL, &error);

  g_assert_no_error (error);
  return hwpt;
}

void
double_faults_fail_driver (DirtyLedger *ledger, const char *device)
{
  g_assert_cmpint (iommud_simulated_kernel_fail_driver (
                       iommud_simulator_get_kernel (ledger->fixture.model.simulator), device,
                       "attach", ENOMEM, 1),
                   ==, 0);
}

void
double_faults_leave_bound (DirtyLedger *ledger, const char *device)
{
  g_autoptr (IommudHwpt) hwpt = double_faults_alloc (ledger, device);

  double_faults_attach (ledger, device);
  double_faults_fail_driver (ledger, device);
  model_fixture_inject (&ledger->fixture.model, "attach", 2, EIO, 0);
  dirty_ledger_replace (ledger, device, hwpt);
  g_assert_cmpint (iommud_device_get_state (get_device (ledger, device)), ==,
                   IOMMUD_DEVICE_STATE_BOUND);
}

void
double_faults_prepare_bound (DirtyLedger *ledger)
{
  double_faults_leave_bound (ledger, DIRTY_A);
  double_faults_start_tracking (ledger);
}

void
double_faults_prepare_bound_with_log (DirtyLedger *ledger)
{
  double_faults_leave_bound (ledger, BOTH);
  double_faults_start_tracking (ledger);
}
