/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Leases on a simulated host, and processes that hold what was handed out. */
#include "config.h"

#include "lease-fixture.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

struct _LeaseHolder
{
  pid_t pid;
  int orders;  /* closed: close the file */
  int reports; /* at its end: the file was closed */
};

GPtrArray *
lease_fixture_devices (ModelFixture *self, const char *first, ...)
{
  GPtrArray *devices = g_ptr_array_new_with_free_func (g_object_unref);
  va_list names;

  va_start (names, first);
  for (const char *name = first; name != NULL; name = va_arg (names, const char *))
    g_ptr_array_add (devices, g_object_ref (model_fixture_device (self, name)));
  va_end (names);
  return devices;
}

IommudLease *
lease_fixture_lease (ModelFixture *self, GPtrArray *devices, const char *name,
                     IommudDescriptors **files)
{
  g_autoptr (IommudLeaseOptions) options = iommud_lease_options_new ();
  g_autoptr (GError) error = NULL;
  IommudLease *lease;

  g_object_set (options, "name", name, NULL);
  lease = iommud_host_lease_devices (self->host, devices, options, NULL, files, &error);
  g_assert_no_error (error);
  return lease;
}

void
lease_fixture_lease_fails (ModelFixture *self, GPtrArray *devices, const char *name,
                           IommudError code, const char *text)
{
  g_autoptr (IommudLeaseOptions) options = iommud_lease_options_new ();
  g_autoptr (IommudDescriptors) files = NULL;
  g_autoptr (GError) error = NULL;
  guint n_leases = g_list_model_get_n_items (iommud_host_get_leases (self->host));
  guint n_files = lease_fixture_count_open_files ();

  g_object_set (options, "name", name, NULL);
  g_assert_null (iommud_host_lease_devices (self->host, devices, options, NULL, &files, &error));
  g_assert_error (error, IOMMUD_ERROR, (gint) code);
  g_assert_nonnull (strstr (error->message, text));
  g_assert_null (files);
  assert_n_items (iommud_host_get_leases (self->host), n_leases);
  model_fixture_iterate ();
  lease_fixture_wait_for_open_files (n_files);
}

IommudLease *
lease_fixture_create (ModelFixture *self, const char *name, int *guard)
{
  g_autoptr (IommudLeaseOptions) options = iommud_lease_options_new ();
  g_autoptr (GError) error = NULL;
  IommudLease *lease;

  g_object_set (options, "name", name, NULL);
  lease = iommud_host_create_lease (self->host, options, guard, &error);
  g_assert_no_error (error);
  return lease;
}

IommudContainer *
lease_fixture_container (ModelFixture *self, IommudLease *lease, const char *device)
{
  g_autoptr (IommudContainerOptions) options = iommud_container_options_new ();
  g_autoptr (GError) error = NULL;
  IommudContainer *container;

  g_object_set (options, "lease", lease, NULL);
  container = iommud_host_create_container (self->host, options, NULL, &error);
  g_assert_no_error (error);
  if (device != NULL)
    model_fixture_attach (self, container, device);
  return container;
}

IommudLease *
lease_fixture_get_lease_of (ModelFixture *self, const char *device)
{
  g_autoptr (IommudLease) lease = NULL;

  g_object_get (model_fixture_device (self, device), "lease", &lease, NULL);
  return lease;
}

void
lease_fixture_wait_for_end (ModelFixture *self)
{
  while (g_list_model_get_n_items (iommud_host_get_leases (self->host)) > 0)
    g_main_context_iteration (NULL, TRUE);
}

void
lease_fixture_wait_for_state (IommudLease *lease, IommudLeaseState state)
{
  while (iommud_lease_get_state (lease) != state)
    g_main_context_iteration (NULL, TRUE);
}

void
lease_fixture_wait_for_holders (IommudLease *lease)
{
  for (;;)
    {
      g_autoptr (GVariant) holders = NULL;

      g_object_get (lease, "holders", &holders, NULL);
      if (holders != NULL)
        return;
      g_main_context_iteration (NULL, TRUE);
    }
}

guint
lease_fixture_count_open_files (void)
{
  g_autoptr (GDir) folder = g_dir_open ("/proc/self/fd", 0, NULL);
  guint n = 0;

  while (g_dir_read_name (folder) != NULL)
    n++;
  return n;
}

void
lease_fixture_wait_for_open_files (guint n_files)
{
  while (lease_fixture_count_open_files () > n_files)
    {
      g_main_context_iteration (NULL, FALSE);
      g_usleep (1000);
    }
}

void
lease_fixture_set_up (ModelFixture *self, gconstpointer kernel)
{
  g_autoptr (GPtrArray) devices = NULL;

  model_fixture_set_up (self, kernel);
  devices = lease_fixture_devices (self, PLAIN_B, NULL);
  g_object_unref (lease_fixture_lease (self, devices, "first", NULL));
  lease_fixture_wait_for_end (self);
}

void
lease_fixture_tear_down (ModelFixture *self, gconstpointer unused)
{
  lease_fixture_wait_for_end (self);
  while (iommud_simulator_count_contexts (self->simulator)
         > g_list_model_get_n_items (iommud_host_get_containers (self->host)))
    g_usleep (1000);
  model_fixture_iterate ();
  model_fixture_tear_down (self, unused);
}

static G_NORETURN void
hold (int fd, int orders, int reports)
{
  char byte;

  /* Also if the test fails. */
  prctl (PR_SET_PDEATHSIG, SIGKILL);
  /* Copies of other files of the test would keep them open too. */
  for (int other = 3; other < 1024; other++)
    if (other != fd && other != orders && other != reports)
      close (other);
  if (read (orders, &byte, 1) == 0)
    close (fd);
  close (reports);
  for (;;)
    pause ();
}

LeaseHolder *
lease_holder_new (int fd)
{
  LeaseHolder *self = g_new0 (LeaseHolder, 1);
  int orders[2];
  int reports[2];

  g_assert_cmpint (pipe2 (orders, O_CLOEXEC), ==, 0);
  g_assert_cmpint (pipe2 (reports, O_CLOEXEC), ==, 0);
  self->pid = fork ();
  g_assert_cmpint (self->pid, >=, 0);
  if (self->pid == 0)
    hold (fd, orders[0], reports[1]);
  close (orders[0]);
  close (reports[1]);
  self->orders = orders[1];
  self->reports = reports[0];
  return self;
}

guint
lease_holder_get_pid (LeaseHolder *self)
{
  return (guint) self->pid;
}

void
lease_holder_close (LeaseHolder *self)
{
  char byte;

  close (self->orders);
  self->orders = -1;
  g_assert_cmpint (read (self->reports, &byte, 1), ==, 0);
}

void
lease_holder_free (LeaseHolder *self)
{
  kill (self->pid, SIGKILL);
  g_assert_cmpint (waitpid (self->pid, NULL, 0), ==, self->pid);
  if (self->orders >= 0)
    close (self->orders);
  close (self->reports);
  g_free (self);
}
