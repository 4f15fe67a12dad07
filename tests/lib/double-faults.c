/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Runs an operation with each pair of its kernel calls failing, and compares the model with the
 * simulated kernel afterwards. */
#include "config.h"

#include "double-faults.h"

#include <errno.h>

#include "model/container.h"
#include "model/hwpt.h"
#include "operations/operation.h"
#include "sim/kernel-testing.h"
#include "simulator/simulator-testing.h"

/* The nth call of an operation of the kernel's, counted from the start of ours. */
typedef struct
{
  const char *operation;
  int errnum;
  guint nth;
} Fault;

static const struct
{
  const char *operation;
  int errnum;
} kinds[] = {
  { "open-cdev", EMFILE },
  { "close-cdev", EIO },
  { "bind", EBUSY },
  { "get-hw-info", ENOMEM },
  { "feature", ENOMEM },
  { "hwpt-alloc", ENOMEM },
  { "attach", EIO },
  { "attach", EINVAL },
  { "detach", EIO },
  { "destroy", EBUSY },
  { "ioas-alloc", ENOMEM },
  { "ioas-iova-ranges", ENOMEM },
  { "ioas-copy", ENOMEM },
  { "ioas-unmap", EBUSY },
  { "set-dirty-tracking", ENOMEM },
  { "get-dirty-bitmap", ENOMEM },
};

typedef struct
{
  guint counts[G_N_ELEMENTS (kinds)];
} Counts;

static IommudSimulatedKernel *
get_kernel (DirtyLedger *ledger)
{
  return iommud_simulator_get_kernel (ledger->fixture.model.simulator);
}

/* --- What the kernel holds -------------------------------------------------------------------- */

static guint32
get_table (DirtyLedger *ledger, IommudDevice *device)
{
  IommudHwpt *hwpt = iommud_device_get_hwpt (device);

  return hwpt != NULL ? iommud_hwpt_get_id (hwpt)
                      : iommud_container_get_ioas_id (ledger->fixture.container);
}

static void
compare_device (DirtyLedger *ledger, IommudDevice *device)
{
  gboolean attached = iommud_device_get_state (device) == IOMMUD_DEVICE_STATE_ATTACHED;
  gboolean bound = iommud_device_get_container (device) != NULL;
  IommudSimulatedDeviceState state;

  iommud_simulated_kernel_get_state (get_kernel (ledger), iommud_device_get_name (device), &state);
  if (bound != state.bound || attached != state.attached)
    g_error ("%s is %sbound and %sattached, and the model says %sbound and %sattached",
             iommud_device_get_name (device), state.bound ? "" : "not ",
             state.attached ? "" : "not ", bound ? "" : "not ", attached ? "" : "not ");
  if (attached)
    g_assert_cmpuint (state.table, ==, get_table (ledger, device));
}

/* IOASes, HWPTs and bound devices, and the descriptors of these and of the context. */
static void
compare_objects (DirtyLedger *ledger)
{
  ModelFixture *model = &ledger->fixture.model;
  g_autoptr (GArray) orphans = g_array_new (FALSE, FALSE, sizeof (guint32));
  guint bound = g_list_model_get_n_items (iommud_container_get_devices (ledger->fixture.container));

  iommud_container_copy_orphans (ledger->fixture.container, orphans);
  g_assert_cmpuint (iommud_simulator_count_objects (model->simulator), ==,
                    model_fixture_count_objects (model) + orphans->len);
  g_assert_cmpuint (iommud_simulated_kernel_count_files (get_kernel (ledger)), ==, bound + 1);
}

static gboolean
is_within (const IommudIovaRange *inner, const GArray *ranges)
{
  for (guint i = 0; i < ranges->len; i++)
    {
      const IommudIovaRange *range = &g_array_index (ranges, IommudIovaRange, i);

      if (inner->first >= range->first && inner->last <= range->last)
        return TRUE;
    }
  return FALSE;
}

/* The model may offer less than the kernel has, if it could not ask, and never more. */
static void
compare_ranges (DirtyLedger *ledger)
{
  IommudContainer *container = ledger->fixture.container;
  IommudKernelAccess access = { 0 };
  IommudIovaSpace space = { 0 };
  g_autoptr (GVariant) ranges = NULL;

  iommud_operation_fill_access (&access, container, g_strdup ("compare ranges"), NULL);
  g_assert_true (
      iommud_iova_space_read (&space, &access, iommud_container_get_ioas_id (container), NULL));
  g_object_get (iommud_container_get_memory (container), "iova-ranges", &ranges, NULL);
  for (gsize i = 0; i < g_variant_n_children (ranges); i++)
    {
      IommudIovaRange range;

      g_variant_get_child (ranges, i, "(tt)", &range.first, &range.last);
      g_assert_true (is_within (&range, space.ranges));
    }
  iommud_iova_space_clear (&space);
  iommud_kernel_access_clear (&access);
}

static void
compare_with_kernel (DirtyLedger *ledger)
{
  GListModel *devices = iommud_host_get_devices (ledger->fixture.model.host);

  for (guint i = 0; i < g_list_model_get_n_items (devices); i++)
    {
      g_autoptr (IommudDevice) device = g_list_model_get_item (devices, i);

      compare_device (ledger, device);
    }
  compare_objects (ledger);
  compare_ranges (ledger);
  dirty_ledger_check (ledger);
}

/* --- One run ---------------------------------------------------------------------------------- */

void
double_faults_write (DirtyLedger *ledger, guint64 page)
{
  static const char *const devices[] = { DIRTY_A, DIRTY_A_SIBLING, DIRTY_B, BOTH, LOGGING };

  for (gsize i = 0; i < G_N_ELEMENTS (devices); i++)
    {
      dirty_ledger_write (ledger, devices[i], (page + i) * PAGE);
      dirty_ledger_write (ledger, devices[i], MIB + (page + i) * PAGE);
    }
}

/* All that was written is delivered, once nothing fails. */
static void
assert_nothing_lost (DirtyLedger *ledger)
{
  if (!ledger->tracking)
    return;
  double_faults_write (ledger, 16);
  dirty_ledger_read (ledger, 0, 2 * MIB, FALSE);
  g_assert_cmpuint (g_hash_table_size (ledger->pending), ==, 0);
  dirty_ledger_stop (ledger);
}

static void
count_calls (DirtyLedger *ledger, Counts *counts)
{
  for (gsize i = 0; i < G_N_ELEMENTS (kinds); i++)
    counts->counts[i] = dirty_fixture_count (&ledger->fixture, kinds[i].operation);
}

static void
arm (DirtyLedger *ledger, const Fault *fault)
{
  if (fault != NULL)
    model_fixture_inject (&ledger->fixture.model, fault->operation, fault->nth, fault->errnum, 0);
}

/* Either fault may be NULL. @calls: out, how often the operation made each call. */
static void
run (const DoubleFaultsScenario *scenario, const Fault *first, const Fault *second, Counts *calls)
{
  DirtyLedger ledger;
  Counts before;

  dirty_ledger_set_up (&ledger, FALSE);
  scenario->prepare (&ledger);
  count_calls (&ledger, &before);
  arm (&ledger, first);
  arm (&ledger, second);
  scenario->perform (&ledger);
  count_calls (&ledger, calls);
  for (gsize i = 0; i < G_N_ELEMENTS (kinds); i++)
    calls->counts[i] -= before.counts[i];
  iommud_simulated_kernel_clear_faults (get_kernel (&ledger));
  compare_with_kernel (&ledger);
  assert_nothing_lost (&ledger);
  dirty_ledger_tear_down (&ledger);
}

/* --- All pairs -------------------------------------------------------------------------------- */

/* The calls that were made, by the name of each fault that they can have. */
static GArray *
list_faults (const Counts *calls)
{
  GArray *faults = g_array_new (FALSE, FALSE, sizeof (Fault));

  for (gsize i = 0; i < G_N_ELEMENTS (kinds); i++)
    for (guint nth = 1; nth <= calls->counts[i]; nth++)
      {
        Fault fault = { kinds[i].operation, kinds[i].errnum, nth };

        g_array_append_val (faults, fault);
      }
  return faults;
}

static gboolean
contains (const GArray *faults, const Fault *fault)
{
  for (guint i = 0; i < faults->len; i++)
    {
      const Fault *other = &g_array_index (faults, Fault, i);

      if (other->operation == fault->operation && other->errnum == fault->errnum
          && other->nth == fault->nth)
        return TRUE;
    }
  return FALSE;
}

static guint
fail_second (const DoubleFaultsScenario *scenario, const Fault *first, const Counts *calls,
             const GArray *done)
{
  g_autoptr (GArray) faults = list_faults (calls);
  guint pairs = 0;

  for (guint i = 0; i < faults->len; i++)
    {
      const Fault *second = &g_array_index (faults, Fault, i);
      Counts unused;

      if (contains (done, second)
          || (second->operation == first->operation && second->nth == first->nth))
        continue;
      g_test_message ("%s %u: %s, then %s %u: %s", first->operation, first->nth,
                      g_strerror (first->errnum), second->operation, second->nth,
                      g_strerror (second->errnum));
      run (scenario, first, second, &unused);
      pairs++;
    }
  return pairs;
}

/* Both faults of a pair are armed from the start, so the order of their names does not matter. */
void
double_faults_test (gconstpointer data)
{
  const DoubleFaultsScenario *scenario = data;
  g_autoptr (GArray) done = g_array_new (FALSE, FALSE, sizeof (Fault));
  g_autoptr (GArray) faults = NULL;
  Counts calls;
  guint pairs = 0;

  run (scenario, NULL, NULL, &calls);
  faults = list_faults (&calls);
  for (guint i = 0; i < faults->len; i++)
    {
      const Fault *first = &g_array_index (faults, Fault, i);

      run (scenario, first, NULL, &calls);
      pairs += fail_second (scenario, first, &calls, done);
      g_array_append_val (done, *first);
    }
  g_assert_cmpuint (pairs, >, 0);
  g_test_message ("%u pairs of faults", pairs);
}
