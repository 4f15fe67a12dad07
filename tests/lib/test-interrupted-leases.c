/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The process is killed between any two system calls while it makes or ends a lease. A client that
 * has got its files keeps its lease; one that has not, or that goes, has none in the next life. In
 * the end nothing is left over. */
#include "config.h"

#include "lease-fixture.h"
#include "mortal.h"

#include <unistd.h>

#define MAX_CALLS 200

typedef struct
{
  StateFixture state;
  Mortal mortal;
  IommudLease *lease;       /* of the life that ends */
  IommudDescriptors *files; /* what the client has */
  guint64 serial;
} Fixture;

typedef struct
{
  const char *name;
  void (*prepare) (Fixture *self); /* before the process can be killed; or NULL */
  void (*run) (Fixture *self);
  gboolean ends; /* the lease */
} Act;

static ModelFixture *
model (Fixture *self)
{
  return &self->state.adopt.model;
}

static void
lease (Fixture *self)
{
  g_autoptr (GPtrArray) devices = lease_fixture_devices (model (self), PLAIN_A, LOGGING, NULL);
  g_autoptr (IommudLeaseOptions) options = iommud_lease_options_new ();

  g_object_set (options, "name", "vm1", "owner", 1000, NULL);
  self->lease =
      iommud_host_lease_devices (model (self)->host, devices, options, NULL, &self->files, NULL);
  if (self->lease != NULL)
    self->serial = iommud_lease_get_serial (self->lease);
}

/* With a container and a device that is bound and attached. */
static void
lease_and_attach (Fixture *self)
{
  lease (self);
  g_object_unref (lease_fixture_container (model (self), self->lease, DIRTY_B));
}

static void
release (Fixture *self)
{
  iommud_lease_release (self->lease, "test", NULL, NULL);
}

static gboolean
is_over (Fixture *self)
{
  return self->mortal.dead
         || g_list_model_get_n_items (iommud_host_get_leases (model (self)->host)) == 0;
}

/* The guard is closed with the client. */
static void
kill_client (Fixture *self)
{
  g_clear_pointer (&self->files, iommud_descriptors_unref);
  while (!is_over (self))
    g_main_context_iteration (NULL, TRUE);
}

static const Act acts[] = {
  { "lease", NULL, lease, FALSE },
  { "release", lease_and_attach, release, TRUE },
  { "client-dies", lease_and_attach, kill_client, TRUE },
};

/* Operations end with errors, and so does what they start. */
static void
die_out (Fixture *self)
{
  g_autoptr (GVariant) records = NULL;

  while ((records = iommud_host_write_down (model (self)->host, NULL)) == NULL)
    g_main_context_iteration (NULL, TRUE);
  model_fixture_iterate ();
}

static void
begin_next_life (Fixture *self, IommudDescriptors *descriptors)
{
  g_autofree char *dropped = NULL;
  g_autoptr (GError) error = NULL;

  self->state.state = iommud_state_new (self->state.path, &error);
  g_assert_no_error (error);
  dropped = adopt_fixture_adopt (&self->state.adopt, iommud_state_get_records (self->state.state),
                                 descriptors);
  g_test_message ("%s", dropped);
  state_fixture_follow (&self->state);
  iommud_host_tidy_up (model (self)->host);
}

static void
assert_kept (Fixture *self)
{
  GListModel *leases = iommud_host_get_leases (model (self)->host);
  g_autoptr (IommudLease) kept = NULL;

  g_assert_cmpuint (g_list_model_get_n_items (leases), ==, 1);
  kept = g_list_model_get_item (leases, 0);
  g_assert_cmpuint (iommud_lease_get_serial (kept), ==, self->serial);
  g_assert_cmpuint (iommud_lease_get_owner (kept), ==, 1000);
  g_assert_cmpstr (iommud_lease_get_name (kept), ==, "vm1");
  g_assert_cmpint (iommud_device_get_state (model_fixture_device (model (self), PLAIN_A)), ==,
                   IOMMUD_DEVICE_STATE_LEASED);
  g_assert_true (lease_fixture_get_lease_of (model (self), LOGGING) == kept);
}

static void
assert_free (Fixture *self)
{
  static const char *const devices[] = { PLAIN_A, LOGGING, DIRTY_B };

  for (gsize i = 0; i < G_N_ELEMENTS (devices); i++)
    g_assert_cmpint (iommud_device_get_state (model_fixture_device (model (self), devices[i])), ==,
                     IOMMUD_DEVICE_STATE_AVAILABLE);
}

/* Whether it was killed before the act was done. */
static gboolean
run (const Act *act, guint n_calls)
{
  Fixture self = { 0 };
  g_autoptr (IommudDescriptors) descriptors = NULL;
  GLogLevelFlags fatal;
  gboolean died;

  lease_fixture_set_up (model (&self), NULL);
  state_fixture_make_folder (&self.state);
  if (act->prepare != NULL)
    act->prepare (&self);
  mortal_begin (&self.mortal, &self.state, n_calls);
  /* What a dead process complains of is not heard. */
  fatal = g_log_set_always_fatal (G_LOG_FATAL_MASK | G_LOG_LEVEL_CRITICAL);
  act->run (&self);
  died = self.mortal.dead;
  die_out (&self);
  g_clear_object (&self.lease);
  descriptors = mortal_end (&self.mortal);
  g_log_set_always_fatal (fatal);
  begin_next_life (&self, descriptors);
  if (!died && !act->ends)
    assert_kept (&self);
  /* What was not handed over went with the process; now the client goes too. */
  g_clear_pointer (&self.files, iommud_descriptors_unref);
  lease_fixture_wait_for_end (model (&self));
  assert_free (&self);
  state_fixture_remove_folder (&self.state);
  lease_fixture_tear_down (model (&self), NULL);
  return died;
}

static void
test_act (gconstpointer act)
{
  for (guint n_calls = 0; run (act, n_calls); n_calls++)
    g_assert_cmpuint (n_calls, <, MAX_CALLS);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (acts); i++)
    {
      g_autofree char *path = g_strdup_printf ("/interrupted-leases/%s", acts[i].name);

      g_test_add_data_func (path, &acts[i], test_act);
    }
  return g_test_run ();
}
