/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Another tracker for an attached device: no page is lost, whatever fails. */
#include "config.h"

#include "dirty-ledger.h"

#include <errno.h>
#include <string.h>

#include "model/dirty-tracking.h"
#include "sim/kernel-testing.h"
#include "simulator/simulator-testing.h"

static gboolean
set_tracker (MappingFixture *self, const char *device, IommudTrackerChoice tracker, GError **error)
{
  return iommud_device_set_tracker (model_fixture_device (&self->model, device), tracker, NULL,
                                    error);
}

static void
set_ok (MappingFixture *self, const char *device, IommudTrackerChoice tracker)
{
  g_autoptr (GError) error = NULL;

  set_tracker (self, device, tracker, &error);
  g_assert_no_error (error);
}

static void
set_fails (MappingFixture *self, const char *device, IommudTrackerChoice tracker, IommudError code,
           const char *text)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (set_tracker (self, device, tracker, &error));
  mapping_fixture_assert_refused (error, code, text);
}

/* What records, in the model and in the kernel. */
static void
assert_tracker (MappingFixture *self, const char *name, IommudTrackerKind kind, gboolean active)
{
  IommudSimulatedDeviceState state;
  IommudTrackerKind actual;

  g_object_get (model_fixture_device (&self->model, name), "dirty-tracker", &actual, NULL);
  g_assert_cmpint (actual, ==, kind);
  g_assert_cmpint (iommud_simulated_kernel_get_state (
                       iommud_simulator_get_kernel (self->model.simulator), name, &state),
                   ==, 0);
  g_assert_true (state.logging == (active && kind == IOMMUD_TRACKER_KIND_DEVICE));
  g_assert_true (state.tracking == (active && kind == IOMMUD_TRACKER_KIND_IOMMU));
}

static void
test_inactive (MappingFixture *self, gconstpointer unused)
{
  dirty_fixture_attach (self, BOTH, IOMMUD_TRACKER_CHOICE_AUTO);
  assert_tracker (self, BOTH, IOMMUD_TRACKER_KIND_DEVICE, FALSE);
  set_ok (self, BOTH, IOMMUD_TRACKER_CHOICE_IOMMU);
  assert_tracker (self, BOTH, IOMMUD_TRACKER_KIND_IOMMU, FALSE);
  dirty_fixture_map (self, 0, MIB);
  dirty_fixture_start (self);
  assert_tracker (self, BOTH, IOMMUD_TRACKER_KIND_IOMMU, TRUE);
  dirty_fixture_stop (self);
  set_ok (self, BOTH, IOMMUD_TRACKER_CHOICE_AUTO);
  assert_tracker (self, BOTH, IOMMUD_TRACKER_KIND_DEVICE, FALSE);
}

static void
count_notification (IommudDevice *device, GParamSpec *pspec, gpointer count)
{
  ++*(guint *) count;
}

/* Of a change, and only of one. */
static void
test_notified (MappingFixture *self, gconstpointer unused)
{
  IommudDevice *device = model_fixture_device (&self->model, BOTH);
  guint count = 0;

  dirty_fixture_attach (self, BOTH, IOMMUD_TRACKER_CHOICE_AUTO);
  g_signal_connect (device, "notify::dirty-tracker", G_CALLBACK (count_notification), &count);
  set_ok (self, BOTH, IOMMUD_TRACKER_CHOICE_IOMMU);
  g_assert_cmpuint (count, ==, 1);
  set_ok (self, BOTH, IOMMUD_TRACKER_CHOICE_IOMMU);
  g_assert_cmpuint (count, ==, 1);
  set_ok (self, BOTH, IOMMUD_TRACKER_CHOICE_DEVICE);
  g_assert_cmpuint (count, ==, 2);
  set_ok (self, BOTH, IOMMUD_TRACKER_CHOICE_AUTO);
  g_assert_cmpuint (count, ==, 2);
  g_signal_handlers_disconnect_by_data (device, &count);
}

static void
test_active (MappingFixture *self, gconstpointer unused)
{
  dirty_fixture_map (self, 0, MIB);
  dirty_fixture_attach (self, BOTH, IOMMUD_TRACKER_CHOICE_AUTO);
  dirty_fixture_start (self);
  dirty_fixture_write (self, BOTH, PAGE, 1);
  set_ok (self, BOTH, IOMMUD_TRACKER_CHOICE_IOMMU);
  assert_tracker (self, BOTH, IOMMUD_TRACKER_KIND_IOMMU, TRUE);
  dirty_fixture_write (self, BOTH, 3 * PAGE, 1);
  set_ok (self, BOTH, IOMMUD_TRACKER_CHOICE_DEVICE);
  assert_tracker (self, BOTH, IOMMUD_TRACKER_KIND_DEVICE, TRUE);
  dirty_fixture_write (self, BOTH, 5 * PAGE, 1);
  dirty_fixture_assert_dirty (self, 0, MIB, "1 3 5");
  dirty_fixture_assert_dirty (self, 0, MIB, "");
  dirty_fixture_stop (self);
}

/* The HWPT goes on to record for the other device. */
static void
test_shared_hwpt (MappingFixture *self, gconstpointer unused)
{
  dirty_fixture_map (self, 0, MIB);
  dirty_fixture_attach (self, DIRTY_A, IOMMUD_TRACKER_CHOICE_AUTO);
  dirty_fixture_attach (self, BOTH, IOMMUD_TRACKER_CHOICE_IOMMU);
  dirty_fixture_start (self);
  dirty_fixture_write (self, DIRTY_A, PAGE, 1);
  set_ok (self, BOTH, IOMMUD_TRACKER_CHOICE_DEVICE);
  dirty_fixture_write (self, DIRTY_A, 3 * PAGE, 1);
  assert_tracker (self, DIRTY_A, IOMMUD_TRACKER_KIND_IOMMU, TRUE);
  set_ok (self, BOTH, IOMMUD_TRACKER_CHOICE_IOMMU);
  dirty_fixture_assert_dirty (self, 0, MIB, "1 3");
  dirty_fixture_stop (self);
}

static void
test_refused (MappingFixture *self, gconstpointer unused)
{
  IommudContainer *off =
      model_fixture_container (&self->model, "off", IOMMUD_DIRTY_TRACKING_POLICY_OFF);
  g_autoptr (GError) error = NULL;

  set_fails (self, BOTH, IOMMUD_TRACKER_CHOICE_AUTO, IOMMUD_ERROR_INVALID_ARGUMENT, "not attached");
  dirty_fixture_attach (self, DIRTY_A, IOMMUD_TRACKER_CHOICE_AUTO);
  set_fails (self, DIRTY_A, IOMMUD_TRACKER_CHOICE_DEVICE, IOMMUD_ERROR_NOT_SUPPORTED, "no log");
  dirty_fixture_attach (self, LOGGING, IOMMUD_TRACKER_CHOICE_AUTO);
  set_fails (self, LOGGING, IOMMUD_TRACKER_CHOICE_IOMMU, IOMMUD_ERROR_NOT_SUPPORTED,
             "its IOMMU cannot track");
  call_attach_device (self->container, model_fixture_device (&self->model, BOTH),
                      IOMMUD_ATTACH_MODE_KERNEL, IOMMUD_TRACKER_CHOICE_AUTO, NULL, NULL, &error);
  g_assert_no_error (error);
  set_fails (self, BOTH, IOMMUD_TRACKER_CHOICE_IOMMU, IOMMUD_ERROR_NOT_SUPPORTED,
             "made without dirty tracking");
  call_attach_device (off, model_fixture_device (&self->model, DIRTY_B), IOMMUD_ATTACH_MODE_AUTO,
                      IOMMUD_TRACKER_CHOICE_AUTO, NULL, NULL, &error);
  g_assert_no_error (error);
  set_fails (self, DIRTY_B, IOMMUD_TRACKER_CHOICE_IOMMU, IOMMUD_ERROR_NOT_SUPPORTED,
             "dirty-tracking off");
  model_fixture_free_container (off);
}

typedef struct
{
  const char *operation;
  int errnum;
} Fault;

static const Fault faults[] = {
  { "dma-logging-start", EIO },  { "dma-logging-stop", EIO },    { "dma-logging-report", EIO },
  { "set-dirty-tracking", EIO }, { "get-dirty-bitmap", ENOMEM }, { "madvise", ENOMEM },
};

/* There and back. Each of the calls may fail. */
static void
set_and_write (DirtyLedger *ledger)
{
  static const IommudTrackerChoice choices[] = { IOMMUD_TRACKER_CHOICE_IOMMU,
                                                 IOMMUD_TRACKER_CHOICE_DEVICE,
                                                 IOMMUD_TRACKER_CHOICE_IOMMU };

  for (guint i = 0; i < G_N_ELEMENTS (choices); i++)
    {
      dirty_ledger_write (ledger, BOTH, i * PAGE);
      set_tracker (&ledger->fixture, BOTH, choices[i], NULL);
      dirty_ledger_check (ledger);
      dirty_ledger_write (ledger, BOTH, (8 + i) * PAGE);
    }
}

static guint
do_job (const Fault *fault, guint nth)
{
  DirtyLedger ledger;
  guint n_calls;

  dirty_ledger_set_up (&ledger, FALSE);
  dirty_ledger_map (&ledger, 0, MIB);
  dirty_ledger_attach (&ledger, BOTH, IOMMUD_TRACKER_CHOICE_AUTO);
  dirty_ledger_start (&ledger);
  n_calls = dirty_fixture_count (&ledger.fixture, fault->operation);
  if (nth > 0)
    model_fixture_inject (&ledger.fixture.model, fault->operation, nth, fault->errnum, 0);
  set_and_write (&ledger);
  n_calls = dirty_fixture_count (&ledger.fixture, fault->operation) - n_calls;
  iommud_simulated_kernel_clear_faults (
      iommud_simulator_get_kernel (ledger.fixture.model.simulator));
  dirty_ledger_read (&ledger, 0, MIB, FALSE);
  dirty_ledger_read (&ledger, 0, MIB, FALSE);
  g_assert_cmpuint (g_hash_table_size (ledger.pending), ==, 0);
  dirty_ledger_stop (&ledger);
  dirty_ledger_tear_down (&ledger);
  return n_calls;
}

static void
test_faults (gconstpointer data)
{
  guint n_calls = do_job (data, 0);

  g_assert_cmpuint (n_calls, >, 0);
  for (guint nth = 1; nth <= n_calls; nth++)
    do_job (data, nth);
}

static void
count_change (GObject *object, GParamSpec *pspec, guint *n_changes)
{
  (*n_changes)++;
}

/* A sentence that changes is told of, and the number of them only if that changes. */
static void
test_blocker_changes (MappingFixture *self, gconstpointer unused)
{
  IommudDirtyTracking *tracking = iommud_container_get_dirty_tracking (self->container);
  IommudDeviceCoverage coverage = { .attached = TRUE, .blocker = g_strdup ("Another sentence.") };
  guint n_sentences = 0;
  guint n_numbers = 0;
  g_auto (GStrv) blockers = NULL;

  model_fixture_attach (&self->model, self->container, PLAIN_A);
  g_signal_connect (tracking, "notify::blockers", G_CALLBACK (count_change), &n_sentences);
  g_signal_connect (tracking, "notify::n-blockers", G_CALLBACK (count_change), &n_numbers);
  iommud_dirty_tracking_set_device (tracking, model_fixture_device (&self->model, PLAIN_A),
                                    &coverage);
  g_object_get (tracking, "blockers", &blockers, NULL);
  g_assert_cmpstr (blockers[0], ==, "Another sentence.");
  g_assert_cmpuint (n_sentences, ==, 1);
  g_assert_cmpuint (n_numbers, ==, 0);
  g_signal_handlers_disconnect_by_data (tracking, &n_sentences);
  g_signal_handlers_disconnect_by_data (tracking, &n_numbers);
}

#define ADD(path, function)                                                                        \
  g_test_add ("/set-tracker/" path, MappingFixture, NULL, mapping_fixture_set_up, function,        \
              mapping_fixture_tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("inactive", test_inactive);
  ADD ("notified", test_notified);
  ADD ("active", test_active);
  ADD ("shared-hwpt", test_shared_hwpt);
  ADD ("refused", test_refused);
  ADD ("blocker-changes", test_blocker_changes);
  for (gsize i = 0; i < G_N_ELEMENTS (faults); i++)
    {
      g_autofree char *path = g_strdup_printf ("/set-tracker/faults/%s", faults[i].operation);

      g_test_add_data_func (path, &faults[i], test_faults);
    }
  return g_test_run ();
}
