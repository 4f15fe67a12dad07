/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How much each user may have: what iommud.conf says, what is counted, and what is reserved. */
#include "access/counter.h"

#include <string.h>
#include <unistd.h>

#include "lanes.h"
#include "memory.h"

#define USER 1001
#define PCI_1 "0000:01:00.0"
#define PCI_2 "0000:02:00.0"

/* --- The file --------------------------------------------------------------------------------- */

static const IommudLimits usual = {
  .values = {
    [IOMMUD_LIMIT_LEASES] = 64,
    [IOMMUD_LIMIT_DEVICES] = 256,
    [IOMMUD_LIMIT_CONTAINERS] = 256,
    [IOMMUD_LIMIT_HWPTS] = 1024,
    [IOMMUD_LIMIT_MAPPINGS] = 65536,
    [IOMMUD_LIMIT_MAPPED_BYTES] = 16384 * GIBIBYTE,
    [IOMMUD_LIMIT_LOCKED_MEMORY] = 64 * GIBIBYTE,
    [IOMMUD_LIMIT_CALLS] = 4096,
    [IOMMUD_LIMIT_QUEUED_BYTES] = 8 << 20,
  },
};

static IommudLimits
read_limits (const char *text, IommudProblems *problems)
{
  IommudLimits limits;

  iommud_limits_init (&limits);
  iommud_limits_read (&limits, "iommud.conf", text, strlen (text), problems);
  return limits;
}

static void
check_limits (const IommudLimits *limits, IommudLimit changed, guint64 value)
{
  for (guint i = 0; i < IOMMUD_N_LIMITS; i++)
    g_assert_cmpuint (limits->values[i], ==, i == changed ? value : usual.values[i]);
}

/* Each key has its limit, and no other one. */
static void
test_keys (void)
{
  for (guint i = 0; i < IOMMUD_N_LIMITS; i++)
    {
      g_autoptr (IommudProblems) problems = iommud_problems_new ();
      g_autofree char *text =
          g_strdup_printf ("# all\n[quotas]\n%s = 2000000\n", iommud_limit_get_key (i));
      const IommudLimits limits = read_limits (text, problems);

      g_assert_cmpuint (iommud_problems_get (problems)->len, ==, 0);
      check_limits (&limits, i, 2000000);
    }
}

static const struct
{
  const char *line; /* the second one */
  const char *problem;
} wrong[] = {
  { "containers=many", "iommud.conf:2: containers: 'many' is no number, 256 is used" },
  { "containers=-1", "iommud.conf:2: containers: '-1' is no number, 256 is used" },
  { "containers=", "iommud.conf:2: containers: '' is no number, 256 is used" },
  { "containers=1K", "iommud.conf:2: containers: '1K' is no number, 256 is used" },
  { "containers=4294967296", "iommud.conf:2: containers: * is no number, 256 is used" },
  { "calls=0", "iommud.conf:2: calls: '0' is too small, 4096 is used" },
  { "queued-bytes=1000", "iommud.conf:2: queued-bytes: '1000' is too small, 8388608 is used" },
  { "mapped-bytes=1X", "iommud.conf:2: mapped-bytes: '1X' is no size*is used" },
  { "mapped-bytes=16777216T", "iommud.conf:2: mapped-bytes: * is no size*is used" },
  { "container=1", "iommud.conf:2: There is no key 'container' in section *quotas*" },
  { "nonsense", "iommud.conf:2: This is neither a section*" },
  { "[limits]\ncontainers=1", "iommud.conf:2: There is no section 'limits'" },
};

/* What is right beside it holds. */
static void
test_wrong (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (wrong); i++)
    {
      g_autoptr (IommudProblems) problems = iommud_problems_new ();
      g_autofree char *text = g_strdup_printf ("[quotas]\n%s\n[quotas]\nleases=7\n", wrong[i].line);
      const IommudLimits limits = read_limits (text, problems);
      const GPtrArray *texts = iommud_problems_get (problems);

      g_assert_cmpuint (texts->len, ==, 1);
      g_test_message ("%s", (char *) texts->pdata[0]);
      g_assert_true (g_pattern_match_simple (wrong[i].problem, texts->pdata[0]));
      check_limits (&limits, IOMMUD_LIMIT_LEASES, 7);
    }
}

/* --- Reserved --------------------------------------------------------------------------------- */

static IommudLimits
cost (IommudLimit limit, guint64 n)
{
  IommudLimits costs = { { 0 } };

  costs.values[limit] = n;
  return costs;
}

static gboolean
reserve (IommudQuotas *quotas, guint32 uid, IommudLimit limit, guint64 n)
{
  const IommudLimits costs = cost (limit, n);
  g_autoptr (GError) error = NULL;

  if (iommud_quotas_reserve (quotas, uid, &costs, &error))
    return TRUE;
  g_assert_error (error, IOMMUD_ERROR, IOMMUD_ERROR_LIMITS_EXCEEDED);
  return FALSE;
}

/* So many are used, and none is reserved. */
static void
assert_used (IommudQuotas *quotas, guint32 uid, IommudLimit limit, guint64 expected)
{
  const guint64 most = G_GUINT64_CONSTANT (1) << 50;
  const IommudLimits costs = cost (limit, most - expected);
  IommudLimits limits = usual;

  limits.values[limit] = most;
  iommud_quotas_set_limits (quotas, &limits);
  g_assert_false (reserve (quotas, uid, limit, most - expected + 1));
  g_assert_true (reserve (quotas, uid, limit, most - expected));
  iommud_quotas_release (quotas, uid, &costs);
  iommud_quotas_set_limits (quotas, &usual);
}

static void
assert_nothing_used (IommudQuotas *quotas)
{
  for (guint i = 0; i < IOMMUD_N_LIMITS; i++)
    {
      assert_used (quotas, USER, i, 0);
      assert_used (quotas, USER + 1, i, 0);
    }
}

static void
test_reserve (void)
{
  g_autoptr (IommudQuotas) quotas = iommud_quotas_new ();
  const IommudLimits one = cost (IOMMUD_LIMIT_LEASES, 1);

  g_assert_true (reserve (quotas, USER, IOMMUD_LIMIT_LEASES, 63));
  g_assert_false (reserve (quotas, USER, IOMMUD_LIMIT_LEASES, 2));
  g_assert_false (reserve (quotas, USER, IOMMUD_LIMIT_LEASES, G_MAXUINT64));
  g_assert_true (reserve (quotas, USER, IOMMUD_LIMIT_LEASES, 1));
  g_assert_false (reserve (quotas, USER, IOMMUD_LIMIT_LEASES, 1));
  g_assert_true (reserve (quotas, USER + 1, IOMMUD_LIMIT_LEASES, 64));
  iommud_quotas_release (quotas, USER, &one);
  iommud_quotas_add (quotas, USER, IOMMUD_LIMIT_LEASES, 1);
  g_assert_false (reserve (quotas, USER, IOMMUD_LIMIT_LEASES, 1));
  iommud_quotas_add (quotas, USER, IOMMUD_LIMIT_LEASES, -1);
  g_assert_true (reserve (quotas, USER, IOMMUD_LIMIT_LEASES, 1));
}

/* Who has more than a new limit keeps it, and what costs nothing is not refused. */
static void
test_new_limits (void)
{
  g_autoptr (IommudQuotas) quotas = iommud_quotas_new ();
  IommudLimits limits = usual;

  iommud_quotas_add (quotas, USER, IOMMUD_LIMIT_LEASES, 10);
  limits.values[IOMMUD_LIMIT_LEASES] = 5;
  iommud_quotas_set_limits (quotas, &limits);
  g_assert_false (reserve (quotas, USER, IOMMUD_LIMIT_LEASES, 1));
  g_assert_true (reserve (quotas, USER, IOMMUD_LIMIT_LEASES, 0));
  g_assert_true (reserve (quotas, USER, IOMMUD_LIMIT_DEVICES, 1));
  iommud_quotas_add (quotas, USER, IOMMUD_LIMIT_LEASES, -6);
  g_assert_true (reserve (quotas, USER, IOMMUD_LIMIT_LEASES, 1));
}

static void
test_all_or_nothing (void)
{
  g_autoptr (IommudQuotas) quotas = iommud_quotas_new ();
  IommudLimits costs = { { 0 } };
  g_autoptr (GError) error = NULL;

  costs.values[IOMMUD_LIMIT_LEASES] = 1;
  costs.values[IOMMUD_LIMIT_DEVICES] = 257;
  g_assert_false (iommud_quotas_reserve (quotas, USER, &costs, &error));
  g_assert_cmpstr (
      error->message, ==,
      "User 1001 has 0 of devices, and cannot have 257 more: 256 is the limit (devices "
      "in iommud.conf)");
  assert_nothing_used (quotas);
}

/* --- Counted ---------------------------------------------------------------------------------- */

typedef struct
{
  IommudSimulator *simulator;
  IommudHost *host;
  IommudQuotas *quotas;
  IommudCounter *counter;
} Fixture;

static void
set_up (Fixture *self, gconstpointer unused)
{
  g_autoptr (GError) error = NULL;

  self->simulator = iommud_simulator_new (NULL, &error);
  g_assert_no_error (error);
  self->host = iommud_host_new (IOMMUD_BACKEND (self->simulator), &error);
  g_assert_no_error (error);
  self->quotas = iommud_quotas_new ();
  self->counter = iommud_counter_new (self->host, self->quotas);
}

static void
tear_down (Fixture *self, gconstpointer unused)
{
  g_clear_pointer (&self->counter, iommud_counter_free);
  assert_nothing_used (self->quotas);
  iommud_quotas_free (self->quotas);
  g_object_unref (self->host);
  g_object_unref (self->simulator);
}

static IommudContainer *
create (Fixture *self, guint32 owner)
{
  g_autoptr (IommudContainerOptions) options = iommud_container_options_new ();
  g_autoptr (GError) error = NULL;
  IommudContainer *container = NULL;

  g_object_set (options, "owner", owner, NULL);
  container = iommud_host_create_container (self->host, options, NULL, &error);
  g_assert_no_error (error);
  return container;
}

static void
check_used (Fixture *self, IommudLimit limit, guint64 expected)
{
  assert_used (self->quotas, USER, limit, expected);
}

static void
attach (Fixture *self, IommudContainer *container, const char *name)
{
  g_assert_true (iommud_container_attach_device (
      container, iommud_host_find_device (self->host, name, NULL), NULL, NULL, NULL, NULL));
}

static void
map (IommudContainer *container, guint64 iova)
{
  int file = memory_new (2 * PAGE);

  g_assert_true (iommud_memory_map_file (iommud_container_get_memory (container), file, 0, 2 * PAGE,
                                         iova, NULL, NULL, NULL, NULL));
  close (file);
}

static void
test_container (Fixture *self, gconstpointer unused)
{
  g_autoptr (IommudContainer) container = create (self, USER);
  g_autoptr (IommudContainer) second = create (self, USER);
  g_autoptr (IommudContainer) others = create (self, USER + 1);

  check_used (self, IOMMUD_LIMIT_CONTAINERS, 2);
  attach (self, container, PCI_1);
  attach (self, others, PCI_2);
  check_used (self, IOMMUD_LIMIT_DEVICES, 1);
  check_used (self, IOMMUD_LIMIT_HWPTS, 1);
  map (container, 0);
  map (second, 0);
  map (second, 4 * PAGE);
  map (others, 0);
  check_used (self, IOMMUD_LIMIT_MAPPINGS, 3);
  check_used (self, IOMMUD_LIMIT_MAPPED_BYTES, 6 * PAGE);
  g_assert_true (iommud_memory_unmap_all (iommud_container_get_memory (second), NULL, NULL, NULL));
  check_used (self, IOMMUD_LIMIT_MAPPINGS, 1);
  check_used (self, IOMMUD_LIMIT_MAPPED_BYTES, 2 * PAGE);
  g_assert_true (
      iommud_device_detach (iommud_host_find_device (self->host, PCI_1, NULL), NULL, NULL));
  check_used (self, IOMMUD_LIMIT_DEVICES, 0);
  check_used (self, IOMMUD_LIMIT_HWPTS, 0);
  g_assert_true (iommud_container_free (container, TRUE, NULL, NULL));
  g_assert_true (iommud_container_free (second, TRUE, NULL, NULL));
  g_assert_true (iommud_container_free (others, TRUE, NULL, NULL));
  assert_nothing_used (self->quotas);
}

/* What is there when counting begins, as after a restart; and a device that is pulled out. */
static void
test_begin (Fixture *self, gconstpointer unused)
{
  g_autoptr (IommudContainer) container = create (self, USER);

  attach (self, container, PCI_1);
  attach (self, container, PCI_2);
  map (container, 0);
  g_clear_pointer (&self->counter, iommud_counter_free);
  assert_nothing_used (self->quotas);
  self->counter = iommud_counter_new (self->host, self->quotas);
  check_used (self, IOMMUD_LIMIT_CONTAINERS, 1);
  check_used (self, IOMMUD_LIMIT_DEVICES, 2);
  check_used (self, IOMMUD_LIMIT_MAPPINGS, 1);
  iommud_simulator_unplug_device (self->simulator, PCI_1, NULL);
  while (iommud_host_find_device (self->host, PCI_1, NULL) != NULL)
    bed_iterate ();
  check_used (self, IOMMUD_LIMIT_DEVICES, 1);
  g_assert_true (iommud_container_free (container, TRUE, NULL, NULL));
}

static void
test_lease (Fixture *self, gconstpointer unused)
{
  g_autoptr (IommudLeaseOptions) options = iommud_lease_options_new ();
  g_autoptr (GPtrArray) devices = g_ptr_array_new ();
  g_autoptr (IommudDescriptors) files = NULL;
  g_autoptr (IommudLease) lease = NULL;
  g_autoptr (GError) error = NULL;

  g_object_set (options, "owner", (guint) USER, NULL);
  g_ptr_array_add (devices, iommud_host_find_device (self->host, PCI_1, NULL));
  lease = iommud_host_lease_devices (self->host, devices, options, NULL, &files, &error);
  g_assert_no_error (error);
  check_used (self, IOMMUD_LIMIT_LEASES, 1);
  check_used (self, IOMMUD_LIMIT_DEVICES, 1);
  g_clear_pointer (&files, iommud_descriptors_unref);
  while (g_list_model_get_n_items (iommud_host_get_leases (self->host)) > 0)
    bed_iterate ();
  assert_nothing_used (self->quotas);
}

/* --- What is not read ------------------------------------------------------------------------- */

static void
serve (IommudCaller *caller, GDBusMessage *message, gpointer served)
{
  g_string_append (served, caller->name);
  g_object_unref (message);
}

static IommudCaller *
new_caller (IommudLanes *lanes, const char *name, guint32 uid, guint64 unread)
{
  IommudCaller *caller = iommud_caller_new (name);

  caller->uid = uid;
  iommud_lanes_join (lanes, caller);
  iommud_lanes_add_unread (lanes, caller, (gint64) unread);
  return caller;
}

static void
push (IommudLanes *lanes, IommudCaller *caller)
{
  g_assert_true (iommud_lanes_push (lanes, caller, g_dbus_message_new ()));
  iommud_lanes_serve (lanes);
}

/* Root has what it always had. */
static void
test_queued_bytes (void)
{
  const guint64 few = IOMMUD_LANES_BYTES_PER_USER / 4;
  g_autoptr (GString) served = g_string_new (NULL);
  g_autoptr (IommudLanes) lanes = iommud_lanes_new (serve, served);
  IommudCaller *callers[] = {
    new_caller (lanes, "r", 0, few),
    new_caller (lanes, "s", 0, IOMMUD_LANES_BYTES_NEARLY_READ),
    new_caller (lanes, "a", USER, few),
    new_caller (lanes, "b", USER, IOMMUD_LANES_BYTES_NEARLY_READ),
  };

  iommud_lanes_set_bytes_per_user (lanes, few);
  push (lanes, callers[3]);
  push (lanes, callers[1]);
  g_assert_cmpstr (served->str, ==, "s");
  iommud_lanes_set_bytes_per_user (lanes, 2 * few);
  iommud_lanes_wake (lanes, callers[3]);
  iommud_lanes_serve (lanes);
  g_assert_cmpstr (served->str, ==, "sb");
  for (gsize i = 0; i < G_N_ELEMENTS (callers); i++)
    {
      iommud_lanes_leave (lanes, callers[i]);
      iommud_caller_unref (callers[i]);
    }
}

/* It is the lease's, whether or not devices came with it. */
static void
test_locked_memory (Fixture *self, gconstpointer unused)
{
  g_autoptr (IommudLeaseOptions) options = iommud_lease_options_new ();
  int guard = -1;
  g_autoptr (IommudLease) lease = NULL;
  g_autoptr (GError) error = NULL;

  g_object_set (options, "owner", (guint) USER, "locked-memory", GIBIBYTE, NULL);
  lease = iommud_host_create_lease (self->host, options, &guard, &error);
  g_assert_no_error (error);
  check_used (self, IOMMUD_LIMIT_LOCKED_MEMORY, GIBIBYTE);
  close (guard);
  while (g_list_model_get_n_items (iommud_host_get_leases (self->host)) > 0)
    bed_iterate ();
  assert_nothing_used (self->quotas);
}

#define ADD(name, function) g_test_add ("/quotas/" name, Fixture, NULL, set_up, function, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/quotas/queued-bytes", test_queued_bytes);
  g_test_add_func ("/quotas/keys", test_keys);
  g_test_add_func ("/quotas/wrong", test_wrong);
  g_test_add_func ("/quotas/reserve", test_reserve);
  g_test_add_func ("/quotas/new-limits", test_new_limits);
  g_test_add_func ("/quotas/all-or-nothing", test_all_or_nothing);
  ADD ("container", test_container);
  ADD ("begin", test_begin);
  ADD ("lease", test_lease);
  ADD ("locked-memory", test_locked_memory);
  return g_test_run ();
}
