/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Devices that write anywhere while devices come and go, memory is mapped and unmapped, and bitmaps
 * are read: all in an order that the seed of the test decides, first without and then with calls
 * that fail. */
#include "config.h"

#include "dirty-ledger.h"

#include <errno.h>

#include "sim/kernel-testing.h"
#include "simulator/simulator-testing.h"

#define ROUNDS 12
#define STEPS 150
#define SLOT_PAGES 48

static const char *const devices[] = { DIRTY_A, DIRTY_A_SIBLING, DIRTY_B, BOTH, LOGGING, PLAIN_A };

/* The first four stay mapped, so that no log has to be started anew. */
static const guint64 slots[] = {
  0,
  3 * GIB,
  4 * GIB,
  7 * GIB - SLOT_PAGES *PAGE,
  SLOT_PAGES *PAGE,
  2 * SLOT_PAGES *PAGE,
  GIB - 5 * PAGE,
  2 * GIB + 7 * PAGE,
  5 * GIB - 20 * PAGE,
  6 * GIB,
};
#define N_FIXED_SLOTS 4

typedef struct
{
  DirtyLedger ledger;
  GRand *random;
} Run;

static guint
pick (Run *self, guint n)
{
  return (guint) g_rand_int_range (self->random, 0, (gint32) n);
}

static gboolean
is_mapped (Run *self, guint64 iova)
{
  g_autoptr (GVariant) mappings = NULL;

  g_object_get (iommud_container_get_memory (self->ledger.fixture.container), "mappings", &mappings,
                NULL);
  for (gsize i = 0; i < g_variant_n_children (mappings); i++)
    {
      guint64 start;

      g_variant_get_child (mappings, i, "(tttu)", &start, NULL, NULL, NULL);
      if (start == iova)
        return TRUE;
    }
  return FALSE;
}

static void
toggle_device (Run *self)
{
  const char *name = devices[pick (self, G_N_ELEMENTS (devices))];
  IommudDevice *device = model_fixture_device (&self->ledger.fixture.model, name);
  IommudTrackerChoice tracker = g_str_equal (name, BOTH) && pick (self, 2) == 0
                                    ? IOMMUD_TRACKER_CHOICE_IOMMU
                                    : IOMMUD_TRACKER_CHOICE_AUTO;

  if (iommud_device_get_state (device) != IOMMUD_DEVICE_STATE_ATTACHED)
    dirty_ledger_attach (&self->ledger, name, tracker);
  else
    dirty_ledger_detach (&self->ledger, name);
}

static void
toggle_slot (Run *self)
{
  guint first = self->ledger.exact ? N_FIXED_SLOTS : 0;
  guint64 iova = slots[first + pick (self, G_N_ELEMENTS (slots) - first)];

  if (is_mapped (self, iova))
    dirty_ledger_unmap (&self->ledger, iova, SLOT_PAGES * PAGE, pick (self, 4) != 0);
  else
    dirty_ledger_map (&self->ledger, iova, SLOT_PAGES * PAGE);
}

static void
read_some (Run *self)
{
  gboolean no_clear = pick (self, 4) == 0;
  guint64 iova, length;

  if (pick (self, 3) == 0)
    {
      dirty_ledger_read (&self->ledger, 0, 7 * GIB, no_clear);
      return;
    }
  iova = slots[pick (self, G_N_ELEMENTS (slots))] + pick (self, SLOT_PAGES) * PAGE;
  length = (1 + pick (self, 3 * SLOT_PAGES)) * PAGE;
  dirty_ledger_read (&self->ledger, iova, length, no_clear);
}

static void
write_some (Run *self)
{
  const char *device = devices[pick (self, G_N_ELEMENTS (devices))];

  for (guint i = 0; i < 5; i++)
    dirty_ledger_write (&self->ledger, device,
                        slots[pick (self, G_N_ELEMENTS (slots))] + pick (self, SLOT_PAGES) * PAGE);
}

static void
fail_something (Run *self)
{
  static const char *const calls[] = {
    "feature",    "set-dirty-tracking", "get-dirty-bitmap", "ioas-map", "ioas-map-file",
    "ioas-unmap", "ioas-copy",          "ioas-alloc",       "attach",   "detach",
    "destroy",    "hwpt-alloc",         "ioas-iova-ranges", "bind",     "close-cdev",
  };
  static const int errnums[] = { EIO, ENOMEM, EINVAL, ENODEV };

  model_fixture_inject (&self->ledger.fixture.model, calls[pick (self, G_N_ELEMENTS (calls))],
                        1 + pick (self, 4), errnums[pick (self, G_N_ELEMENTS (errnums))], 0);
}

static void
toggle_tracking (Run *self)
{
  if (dirty_fixture_is_active (&self->ledger.fixture))
    dirty_ledger_stop (&self->ledger);
  else
    dirty_ledger_start (&self->ledger);
}

static void
step (Run *self)
{
  guint kind = pick (self, 24);

  if (kind < 5)
    toggle_device (self);
  else if (kind < 9)
    toggle_slot (self);
  else if (kind < 13)
    read_some (self);
  else if (kind == 13 && !self->ledger.exact)
    toggle_tracking (self);
  else if (kind < 17 && !self->ledger.exact)
    fail_something (self);
  else
    write_some (self);
  dirty_ledger_check (&self->ledger);
}

static void
run (gboolean exact)
{
  Run self = { .random = g_rand_new_with_seed ((guint32) g_test_rand_int ()) };

  dirty_ledger_set_up (&self.ledger, exact);
  for (guint i = 0; i < N_FIXED_SLOTS; i++)
    dirty_ledger_map (&self.ledger, slots[i], SLOT_PAGES * PAGE);
  dirty_ledger_start (&self.ledger);
  for (guint i = 0; i < STEPS; i++)
    step (&self);
  iommud_simulated_kernel_clear_faults (
      iommud_simulator_get_kernel (self.ledger.fixture.model.simulator));
  dirty_ledger_read (&self.ledger, 0, 7 * GIB, FALSE);
  if (dirty_fixture_is_active (&self.ledger.fixture))
    dirty_ledger_stop (&self.ledger);
  dirty_ledger_check (&self.ledger);
  dirty_ledger_tear_down (&self.ledger);
  g_rand_free (self.random);
}

static void
test_exact (void)
{
  for (guint i = 0; i < ROUNDS; i++)
    run (TRUE);
}

static void
test_with_faults (void)
{
  for (guint i = 0; i < ROUNDS; i++)
    run (FALSE);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/dirty-random/exact", test_exact);
  g_test_add_func ("/dirty-random/with-faults", test_with_faults);
  return g_test_run ();
}
