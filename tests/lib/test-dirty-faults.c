/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Every kernel call that dirty tracking makes fails at its n-th use: no page that was written is
 * lost, no tracker runs that the properties do not show, and nothing is left in the end. */
#include "config.h"

#include "dirty-ledger.h"

#include <errno.h>

#include "sim/kernel.h"
#include "simulator/simulator-testing.h"

#define ALL (7 * GIB)

typedef struct
{
  const char *operation;
  int errnums[3];
} Fault;

static const Fault faults[] = {
  { "feature", { ENOMEM, EIO, EINVAL } },
  { "set-dirty-tracking", { ENOMEM, EOPNOTSUPP } },
  { "get-dirty-bitmap", { ENOMEM, EIO } },
  { "madvise", { ENOMEM, EFAULT } },
  { "ioas-map", { ENOMEM } },
  { "ioas-unmap", { EBUSY, ENOENT } },
  { "ioas-copy", { ENOMEM, EFAULT } },
  { "ioas-alloc", { ENOMEM } },
  { "ioas-iova-ranges", { ENOMEM } },
  { "hwpt-alloc", { ENOMEM, EADDRINUSE } },
  { "attach", { ENOMEM, EINVAL, EIO } },
  { "detach", { EIO } },
  { "destroy", { EBUSY } },
  { "bind", { ENOMEM } },
  { "close-cdev", { EIO } },
};

static void
write_with_all (DirtyLedger *ledger, guint64 page)
{
  static const char *const devices[] = { DIRTY_A, DIRTY_B, BOTH, LOGGING };

  for (gsize i = 0; i < G_N_ELEMENTS (devices); i++)
    {
      dirty_ledger_write (ledger, devices[i], (page + i) * PAGE);
      dirty_ledger_write (ledger, devices[i], 3 * GIB + (page + 4 + i) * PAGE);
    }
  dirty_ledger_check (ledger);
}

static void
move_a_device (DirtyLedger *ledger)
{
  g_autoptr (IommudHwpt) hwpt = NULL;

  hwpt = call_alloc_hwpt (ledger->fixture.container,
                          model_fixture_device (&ledger->fixture.model, DIRTY_B),
                          IOMMUD_HWPT_FLAGS_DIRTY_TRACKING, NULL, NULL);
  write_with_all (ledger, 8);
  if (hwpt != NULL)
    dirty_ledger_replace (ledger, DIRTY_B, hwpt);
  write_with_all (ledger, 12);
}

/* Uses all that dirty tracking has. */
static void
do_job (DirtyLedger *ledger)
{
  dirty_ledger_map (ledger, 0, 64 * PAGE);
  dirty_ledger_map (ledger, 3 * GIB, 64 * PAGE);
  dirty_ledger_attach (ledger, DIRTY_A, IOMMUD_TRACKER_CHOICE_AUTO);
  dirty_ledger_attach (ledger, LOGGING, IOMMUD_TRACKER_CHOICE_AUTO);
  dirty_ledger_start (ledger);
  write_with_all (ledger, 0);
  dirty_ledger_attach (ledger, DIRTY_B, IOMMUD_TRACKER_CHOICE_AUTO);
  dirty_ledger_attach (ledger, BOTH, IOMMUD_TRACKER_CHOICE_AUTO);
  write_with_all (ledger, 1);
  dirty_ledger_read (ledger, 0, ALL, TRUE);
  dirty_ledger_read (ledger, PAGE, 2 * PAGE, FALSE);
  dirty_ledger_map (ledger, 5 * GIB, 64 * PAGE);
  dirty_ledger_write (ledger, LOGGING, 5 * GIB);
  dirty_ledger_read (ledger, 0, ALL, FALSE);
  move_a_device (ledger);
  dirty_ledger_unmap (ledger, 3 * GIB, 64 * PAGE, TRUE);
  write_with_all (ledger, 16);
  dirty_ledger_detach (ledger, DIRTY_A);
  dirty_ledger_detach (ledger, LOGGING);
  write_with_all (ledger, 20);
  dirty_ledger_read (ledger, 0, ALL, FALSE);
  write_with_all (ledger, 24);
}

static void
end_job (DirtyLedger *ledger)
{
  if (dirty_fixture_is_active (&ledger->fixture))
    dirty_ledger_stop (ledger);
  dirty_ledger_check (ledger);
  /* What failed has failed once. */
  if (dirty_fixture_is_active (&ledger->fixture))
    dirty_ledger_stop (ledger);
  g_assert_false (dirty_fixture_is_active (&ledger->fixture));
  dirty_ledger_check (ledger);
}

static guint
count_calls (const char *operation)
{
  DirtyLedger ledger;
  guint count;

  dirty_ledger_set_up (&ledger, FALSE);
  count = dirty_fixture_count (&ledger.fixture, operation);
  do_job (&ledger);
  end_job (&ledger);
  count = dirty_fixture_count (&ledger.fixture, operation) - count;
  dirty_ledger_tear_down (&ledger);
  return count;
}

static void
fail_nth (const char *operation, guint nth, int errnum)
{
  DirtyLedger ledger;

  g_test_message ("%s, call %u: %s", operation, nth, g_strerror (errnum));
  dirty_ledger_set_up (&ledger, FALSE);
  model_fixture_inject (&ledger.fixture.model, operation, nth, errnum, 0);
  do_job (&ledger);
  /* Once more without a fault: nothing may be missing by then. */
  dirty_ledger_read (&ledger, 0, ALL, FALSE);
  dirty_ledger_read (&ledger, 0, ALL, FALSE);
  g_assert_cmpuint (g_hash_table_size (ledger.pending), ==, 0);
  end_job (&ledger);
  dirty_ledger_tear_down (&ledger);
}

static void
test_operation (gconstpointer data)
{
  const Fault *fault = data;
  guint calls = count_calls (fault->operation);

  g_assert_cmpuint (calls, >, 0);
  for (guint i = 0; i < G_N_ELEMENTS (fault->errnums) && fault->errnums[i] != 0; i++)
    for (guint nth = 1; nth <= calls; nth++)
      fail_nth (fault->operation, nth, fault->errnums[i]);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (faults); i++)
    {
      g_autofree char *path = g_strdup_printf ("/dirty-faults/%s", faults[i].operation);

      g_test_add_data_func (path, &faults[i], test_operation);
    }
  return g_test_run ();
}
