/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Runs an operation with each pair of its kernel calls failing, and with each three of them or
 * those of which the third undoes something, and compares the model with the simulated kernel
 * afterwards. */
#include "config.h"

#include "double-faults.h"

#include <errno.h>

#include "model/container.h"
#include "model/hwpt.h"
#include "operations/operation.h"
#include "sim/kernel-testing.h"
#include "simulator/simulator-testing.h"

#define MAX_FAULTS 3

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
  gboolean undoes; /* what was done */
} kinds[] = {
  { "open-cdev", EMFILE },
  { "close-cdev", EIO, TRUE },
  { "bind", EBUSY },
  { "get-hw-info", ENOMEM },
  { "feature", ENOMEM },
  { "hwpt-alloc", ENOMEM },
  { "attach", EIO, TRUE },
  { "attach", EINVAL },
  { "detach", EIO, TRUE },
  { "destroy", EBUSY, TRUE },
  { "open-iommufd", EMFILE },
  { "close-iommufd", EIO },
  { "option", EPERM },
  { "ioas-alloc", ENOMEM },
  { "ioas-allow-iovas", EADDRINUSE },
  { "ioas-map", ENOMEM },
  { "ioas-iova-ranges", ENOMEM },
  { "ioas-copy", ENOMEM },
  { "ioas-unmap", EBUSY, TRUE },
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
get_table (IommudDevice *device)
{
  IommudHwpt *hwpt = iommud_device_get_hwpt (device);

  return hwpt != NULL ? iommud_hwpt_get_id (hwpt)
                      : iommud_container_get_ioas_id (iommud_device_get_container (device));
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
  if (!attached)
    return;
  g_assert_cmpuint (state.table, ==, get_table (device));
  if (iommud_device_get_hwpt (device) != NULL)
    g_assert_cmpuint (state.pages * PAGE, ==,
                      mapping_fixture_get_mapped_bytes (iommud_device_get_container (device)));
}

/* What @function says of each container, together. */
static guint
sum_containers (DirtyLedger *ledger, guint (*function) (IommudContainer *container))
{
  GListModel *containers = iommud_host_get_containers (ledger->fixture.model.host);
  guint sum = 0;

  for (guint i = 0; i < g_list_model_get_n_items (containers); i++)
    {
      g_autoptr (IommudContainer) container = g_list_model_get_item (containers, i);

      sum += function (container);
    }
  return sum;
}

static guint
count_devices (IommudContainer *container)
{
  return g_list_model_get_n_items (iommud_container_get_devices (container));
}

/* IOASes, HWPTs and bound devices, and the descriptors of these and of the contexts. */
static void
compare_objects (DirtyLedger *ledger)
{
  ModelFixture *model = &ledger->fixture.model;

  g_assert_cmpuint (iommud_simulator_count_objects (model->simulator), ==,
                    model_fixture_count_objects (model)
                        + sum_containers (ledger, model_fixture_count_orphans));
  g_assert_cmpuint (iommud_simulated_kernel_count_files (get_kernel (ledger)), ==,
                    sum_containers (ledger, count_devices)
                        + iommud_simulator_count_contexts (model->simulator));
}

/* The contexts of the containers, each once. */
static void
compare_contexts (DirtyLedger *ledger)
{
  GListModel *containers = iommud_host_get_containers (ledger->fixture.model.host);
  g_autoptr (GHashTable) contexts = g_hash_table_new (NULL, NULL);

  for (guint i = 0; i < g_list_model_get_n_items (containers); i++)
    {
      g_autoptr (IommudContainer) container = g_list_model_get_item (containers, i);

      g_hash_table_add (contexts, iommud_container_get_context (container));
    }
  g_assert_cmpuint (iommud_simulator_count_contexts (ledger->fixture.model.simulator), ==,
                    g_hash_table_size (contexts));
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
  compare_contexts (ledger);
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

/* The ledger frees its own container. */
static void
free_others (DirtyLedger *ledger)
{
  GListModel *containers = iommud_host_get_containers (ledger->fixture.model.host);

  while (g_list_model_get_n_items (containers) > 1)
    model_fixture_free_container (g_list_model_get_item (containers, 1));
}

static void
count_calls (DirtyLedger *ledger, Counts *counts)
{
  for (gsize i = 0; i < G_N_ELEMENTS (kinds); i++)
    counts->counts[i] = dirty_fixture_count (&ledger->fixture, kinds[i].operation);
}

static void
require_tracking (DirtyLedger *ledger)
{
  model_fixture_free_container (ledger->fixture.container);
  ledger->fixture.container = model_fixture_container (&ledger->fixture.model, "strict",
                                                       IOMMUD_DIRTY_TRACKING_POLICY_REQUIRED);
}

/* @faults: armed from the start. @calls: out, how often the operation made each call. */
static void
run (const DoubleFaultsScenario *scenario, const GArray *faults, Counts *calls)
{
  DirtyLedger ledger;
  Counts before;

  dirty_ledger_set_up (&ledger, FALSE);
  if (scenario->required)
    require_tracking (&ledger);
  scenario->prepare (&ledger);
  count_calls (&ledger, &before);
  for (guint i = 0; i < faults->len; i++)
    {
      const Fault *fault = &g_array_index (faults, Fault, i);

      model_fixture_inject (&ledger.fixture.model, fault->operation, fault->nth, fault->errnum, 0);
    }
  scenario->perform (&ledger);
  count_calls (&ledger, calls);
  for (gsize i = 0; i < G_N_ELEMENTS (kinds); i++)
    calls->counts[i] -= before.counts[i];
  iommud_simulated_kernel_clear_faults (get_kernel (&ledger));
  compare_with_kernel (&ledger);
  assert_nothing_lost (&ledger);
  free_others (&ledger);
  dirty_ledger_tear_down (&ledger);
}

/* --- All pairs, and threes that hit an undo ----------------------------------------------------
 */

typedef struct
{
  const DoubleFaultsScenario *scenario;
  GArray *armed; /* of Fault */
  guint counts[MAX_FAULTS + 1];
} Search;

/* Two faults of one call cannot both hit. */
static gboolean
is_armed (const Search *self, const Fault *fault)
{
  for (guint i = 0; i < self->armed->len; i++)
    {
      const Fault *other = &g_array_index (self->armed, Fault, i);

      if (other->operation == fault->operation && other->nth == fault->nth)
        return TRUE;
    }
  return FALSE;
}

static void
tell (const Search *self)
{
  g_autoptr (GString) text = g_string_new (NULL);

  for (guint i = 0; i < self->armed->len; i++)
    {
      const Fault *fault = &g_array_index (self->armed, Fault, i);

      g_string_append_printf (text, "%s%s %u: %s", i > 0 ? ", then " : "", fault->operation,
                              fault->nth, g_strerror (fault->errnum));
    }
  g_test_message ("%s", text->str);
}

/* Whether the fault's kind is listed before @kind, or is that one. */
static gboolean
is_before (const Fault *fault, guint kind)
{
  for (guint i = 0; i <= kind; i++)
    if (kinds[i].operation == fault->operation && kinds[i].errnum == fault->errnum)
      return TRUE;
  return FALSE;
}

static void fail_next (Search *self, const Counts *calls, const Counts *before);

/* The calls of @kind after the first @from. */
static void
fail_each (Search *self, guint kind, guint from, const Counts *calls)
{
  for (guint nth = from + 1; nth <= calls->counts[kind]; nth++)
    {
      Fault fault = { kinds[kind].operation, kinds[kind].errnum, nth };
      Counts made;

      if (is_armed (self, &fault))
        continue;
      g_array_append_val (self->armed, fault);
      tell (self);
      run (self->scenario, self->armed, &made);
      self->counts[self->armed->len]++;
      fail_next (self, &made, calls);
      g_array_set_size (self->armed, self->armed->len - 1);
    }
}

/* One more of the calls that are made with the faults that are armed. A second fault may hit any of
 * them; both of a pair are armed from the start, so the order of their kinds does not matter,
 * unless the call is made only because of the first. */
static void
fail_next (Search *self, const Counts *calls, const Counts *before)
{
  gboolean is_first = self->armed->len == 0;
  Fault last = { 0 };

  if (self->armed->len == MAX_FAULTS)
    return;
  if (!is_first)
    last = g_array_index (self->armed, Fault, self->armed->len - 1);
  for (guint kind = 0; kind < G_N_ELEMENTS (kinds); kind++)
    {
      gboolean is_after = is_first || is_before (&last, kind);

      if (self->armed->len == 2 && !kinds[kind].undoes && !self->scenario->all_threes)
        continue;
      fail_each (self, kind, is_after ? 0 : before->counts[kind], calls);
    }
}

void
double_faults_test (gconstpointer data)
{
  Search search = { .scenario = data };
  g_autoptr (GArray) armed = g_array_new (FALSE, FALSE, sizeof (Fault));
  const Counts none = { { 0 } };
  Counts calls;

  search.armed = armed;
  run (search.scenario, armed, &calls);
  fail_next (&search, &calls, &none);
  g_assert_cmpuint (search.counts[2], >, 0);
  g_test_message ("%u faults, %u pairs, %u threes", search.counts[1], search.counts[2],
                  search.counts[3]);
}
