/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Adoption where the kernel does not answer, and where descriptors are missing, wrong or too many.
 */
#include "config.h"

#include "adopt-fixture.h"
#include "backend/backend.h"
#include "kernel/iommufd.h"
#include "model/container.h"
#include "model/context.h"
#include "sim/kernel-testing.h"
#include "simulator/simulator-testing.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static const char *const questions[] = { "ioas-iova-ranges", "get-dirty-bitmap", "ioas-copy",
                                         "get-hw-info",      "get-info",         "feature" };
static const int errnums[] = { ENOMEM, EIO, EAGAIN };

static GVariant *
write_down (AdoptFixture *self)
{
  g_autoptr (GError) error = NULL;
  GVariant *records = iommud_host_write_down (self->model.host, &error);

  g_assert_no_error (error);
  return records;
}

/* Nothing is taken for gone, and nothing has changed. */
static void
assert_fails (AdoptFixture *self, GVariant *records, IommudDescriptors *descriptors)
{
  g_auto (GStrv) before = iommud_descriptors_dup_names (descriptors);
  guint objects = iommud_simulator_count_objects (self->model.simulator);
  g_auto (GStrv) after = NULL;
  g_auto (GStrv) dropped = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_null (iommud_host_adopt (IOMMUD_BACKEND (self->model.simulator), records, descriptors,
                                    &dropped, &error));
  g_assert_error (error, IOMMUD_ERROR, IOMMUD_ERROR_FAILED);
  g_assert_nonnull (strstr (error->message, "did not say"));
  g_assert_null (dropped);
  after = iommud_descriptors_dup_names (descriptors);
  g_assert_true (g_strv_equal ((const char *const *) before, (const char *const *) after));
  g_assert_cmpuint (iommud_simulator_count_objects (self->model.simulator), ==, objects);
}

static void
test_no_answer (AdoptFixture *self, gconstpointer unused)
{
  g_autofree char *before = adopt_fixture_dump (self, FALSE);
  g_autoptr (GVariant) records = write_down (self);
  g_autoptr (IommudDescriptors) descriptors = adopt_fixture_disown (self);
  g_autofree char *dropped = NULL;
  g_autofree char *after = NULL;

  for (gsize i = 0; i < G_N_ELEMENTS (questions); i++)
    for (gsize j = 0; j < G_N_ELEMENTS (errnums); j++)
      {
        model_fixture_inject (&self->model, questions[i], 0, errnums[j], 0);
        assert_fails (self, records, descriptors);
        iommud_simulated_kernel_clear_faults (iommud_simulator_get_kernel (self->model.simulator));
      }
  dropped = adopt_fixture_adopt (self, records, descriptors);
  g_assert_cmpstr (dropped, ==, "");
  after = adopt_fixture_dump (self, FALSE);
  g_assert_cmpstr (after, ==, before);
}

/* A kernel from before 6.7 cannot be asked for its HWPTs: the records are believed. */
static void
test_no_question (AdoptFixture *self, gconstpointer unused)
{
  g_autofree char *before = adopt_fixture_dump (self, FALSE);
  g_autoptr (GVariant) records = write_down (self);
  g_autoptr (IommudDescriptors) descriptors = adopt_fixture_disown (self);
  g_autofree char *dropped = NULL;
  g_autofree char *after = NULL;

  model_fixture_inject (&self->model, "get-dirty-bitmap", 0, ENOTTY, 0);
  dropped = adopt_fixture_adopt (self, records, descriptors);
  iommud_simulated_kernel_clear_faults (iommud_simulator_get_kernel (self->model.simulator));
  g_assert_cmpstr (dropped, ==, "");
  after = adopt_fixture_dump (self, FALSE);
  g_assert_cmpstr (after, ==, before);
}

static void
test_interrupted (AdoptFixture *self, gconstpointer unused)
{
  g_autoptr (GVariant) records = write_down (self);
  g_autoptr (IommudDescriptors) descriptors = adopt_fixture_disown (self);
  g_autofree char *dropped = NULL;

  for (gsize i = 0; i < G_N_ELEMENTS (questions); i++)
    model_fixture_inject (&self->model, questions[i], 1, EINTR, 0);
  dropped = adopt_fixture_adopt (self, records, descriptors);
  g_assert_cmpstr (dropped, ==, "");
}

static void
test_damaged (AdoptFixture *self, gconstpointer unused)
{
  g_autoptr (GVariant) records = write_down (self);
  g_autoptr (GVariant) damaged = g_variant_ref_sink (g_variant_new_parsed ("{'version': <@u 1>}"));
  g_autoptr (IommudDescriptors) descriptors = adopt_fixture_disown (self);
  g_autoptr (GError) error = NULL;
  g_autofree char *dropped = NULL;

  g_assert_null (iommud_host_adopt (IOMMUD_BACKEND (self->model.simulator), damaged, descriptors,
                                    NULL, &error));
  g_assert_error (error, IOMMUD_ERROR, IOMMUD_ERROR_INVALID_ARGUMENT);
  dropped = adopt_fixture_adopt (self, records, descriptors);
  g_assert_cmpstr (dropped, ==, "");
}

static void
assert_says (const char *dropped, const char *what)
{
  if (strstr (dropped, what) == NULL)
    g_error ("\"%s\" is not in:\n%s", what, dropped);
}

static char *
find_context (IommudDescriptors *descriptors)
{
  g_auto (GStrv) names = iommud_descriptors_dup_names (descriptors);

  g_assert_true (g_str_has_prefix (names[0], "context-"));
  return g_strdup (names[0]);
}

static void
close_fd (AdoptFixture *self, int fd)
{
  const IommudSyscalls *syscalls =
      iommud_backend_get_syscalls (IOMMUD_BACKEND (self->model.simulator));

  g_assert_cmpint (fd, >=, 0);
  g_assert_cmpint (syscalls->close (syscalls, fd), ==, 0);
}

static void
test_missing_context (AdoptFixture *self, gconstpointer unused)
{
  g_autoptr (GVariant) records = write_down (self);
  g_autoptr (IommudDescriptors) descriptors = adopt_fixture_disown (self);
  g_autofree char *name = find_context (descriptors);
  g_autofree char *dropped = NULL;

  close_fd (self, iommud_descriptors_steal (descriptors, name));
  dropped = adopt_fixture_adopt (self, records, descriptors);
  assert_says (dropped, "is missing");
  assert_says (dropped, "Container a");
  assert_says (dropped, "Container b");
  assert_says (dropped, "Device 0000:01:00.0: container");
  g_assert_cmpuint (g_list_model_get_n_items (iommud_host_get_containers (self->model.host)), ==,
                    1);
}

static void
test_context_is_none (AdoptFixture *self, gconstpointer unused)
{
  g_autoptr (GVariant) records = write_down (self);
  g_autoptr (IommudDescriptors) descriptors = adopt_fixture_disown (self);
  g_autofree char *name = find_context (descriptors);
  g_autofree char *dropped = NULL;
  int fd = memfd_create ("iommud-no-context", MFD_CLOEXEC);

  close_fd (self, iommud_descriptors_steal (descriptors, name));
  g_assert_true (iommud_descriptors_add (descriptors, name, fd, NULL));
  dropped = adopt_fixture_adopt (self, records, descriptors);
  assert_says (dropped, "is no iommufd");
  assert_says (dropped, name);
}

#define DEVICE_A "device-0000%3A01%3A01.0"
#define DEVICE_B "device-0000%3A01%3A02.0"

static void
test_missing_device (AdoptFixture *self, gconstpointer unused)
{
  g_autoptr (GVariant) records = write_down (self);
  g_autoptr (IommudDescriptors) descriptors = adopt_fixture_disown (self);
  g_autofree char *dropped = NULL;

  close_fd (self, iommud_descriptors_steal (descriptors, DEVICE_A));
  dropped = adopt_fixture_adopt (self, records, descriptors);
  assert_says (dropped, "Device 0000:01:01.0: its descriptor is missing");
  g_assert_null (strchr (dropped, '\n'));
  g_assert_cmpint (iommud_device_get_state (model_fixture_device (&self->model, "0000:01:01.0")),
                   ==, IOMMUD_DEVICE_STATE_AVAILABLE);
  model_fixture_attach (&self->model, adopt_fixture_get (self, "a"), "0000:01:01.0");
}

static void
test_swapped_devices (AdoptFixture *self, gconstpointer unused)
{
  g_autoptr (GVariant) records = write_down (self);
  g_autoptr (IommudDescriptors) descriptors = adopt_fixture_disown (self);
  int a = iommud_descriptors_steal (descriptors, DEVICE_A);
  int b = iommud_descriptors_steal (descriptors, DEVICE_B);
  g_autofree char *dropped = NULL;

  iommud_descriptors_add (descriptors, DEVICE_A, b, NULL);
  iommud_descriptors_add (descriptors, DEVICE_B, a, NULL);
  dropped = adopt_fixture_adopt (self, records, descriptors);
  assert_says (dropped, "Device 0000:01:01.0: its descriptor is open on another device");
  assert_says (dropped, "Device 0000:01:02.0: its descriptor is open on another device");
  assert_says (dropped, "Descriptor " DEVICE_A ": nothing that was adopted has it; it was closed");
}

static void
test_unbound_device (AdoptFixture *self, gconstpointer unused)
{
  const IommudSyscalls *syscalls =
      iommud_backend_get_syscalls (IOMMUD_BACKEND (self->model.simulator));
  g_autofree char *path = NULL;
  g_autoptr (GVariant) records = write_down (self);
  g_autoptr (IommudDescriptors) descriptors = NULL;
  g_autofree char *dropped = NULL;
  int fd = -1;

  g_object_get (model_fixture_device (&self->model, "0000:01:01.0"), "cdev-path", &path, NULL);
  descriptors = adopt_fixture_disown (self);
  close_fd (self, iommud_descriptors_steal (descriptors, DEVICE_A));
  g_assert_cmpint (iommud_syscalls_open (syscalls, path, 0, &fd), ==, 0);
  iommud_descriptors_add (descriptors, DEVICE_A, fd, NULL);
  dropped = adopt_fixture_adopt (self, records, descriptors);
  assert_says (dropped, "Device 0000:01:01.0: it is not bound");
}

static void
test_unplugged_device (AdoptFixture *self, gconstpointer unused)
{
  g_autoptr (GVariant) records = write_down (self);
  g_autoptr (IommudDescriptors) descriptors = adopt_fixture_disown (self);
  g_autofree char *dropped = NULL;
  g_autoptr (GError) error = NULL;

  iommud_simulator_unplug_device (self->model.simulator, "0000:01:01.0", &error);
  g_assert_no_error (error);
  dropped = adopt_fixture_adopt (self, records, descriptors);
  assert_says (dropped, "Device 0000:01:01.0: it was unplugged");
  assert_says (dropped, "Descriptor " DEVICE_A);
  g_assert_null (iommud_host_find_device (self->model.host, "0000:01:01.0", NULL));
}

static void
test_unknown_descriptor (AdoptFixture *self, gconstpointer unused)
{
  g_autoptr (GVariant) records = write_down (self);
  g_autoptr (IommudDescriptors) descriptors = adopt_fixture_disown (self);
  g_autofree char *dropped = NULL;
  int ends[2];
  char byte;

  g_assert_cmpint (pipe (ends), ==, 0);
  iommud_descriptors_add (descriptors, "of-nobody", ends[1], NULL);
  dropped = adopt_fixture_adopt (self, records, descriptors);
  g_assert_cmpstr (dropped, ==,
                   "Descriptor of-nobody: nothing that was adopted has it; it was closed");
  g_assert_cmpint (read (ends[0], &byte, 1), ==, 0);
  close (ends[0]);
}

static guint
get_device_id (AdoptFixture *self, const char *name)
{
  guint id;

  g_object_get (model_fixture_device (&self->model, name), "device-id", &id, NULL);
  return id;
}

/* A HWPT and an IOAS that no record has: they are found, and freed with the next operation. */
static void
test_orphans (AdoptFixture *self, gconstpointer unused)
{
  const IommudSyscalls *syscalls =
      iommud_backend_get_syscalls (IOMMUD_BACKEND (self->model.simulator));
  guint objects = iommud_simulator_count_objects (self->model.simulator);
  guint device_id = get_device_id (self, "0000:01:02.0");
  g_autoptr (GVariant) records = write_down (self);
  g_autoptr (IommudDescriptors) descriptors = adopt_fixture_disown (self);
  g_autofree char *name = find_context (descriptors);
  int context = iommud_descriptors_peek (descriptors, name);
  g_autofree char *dropped = NULL;
  guint32 ioas_id, hwpt_id;

  g_assert_cmpint (iommud_iommufd_ioas_alloc (syscalls, context, &ioas_id), ==, 0);
  g_assert_cmpint (iommud_iommufd_hwpt_alloc (syscalls, context, 0, device_id, ioas_id, &hwpt_id),
                   ==, 0);
  dropped = adopt_fixture_adopt (self, records, descriptors);
  assert_says (dropped, "IOAS id ");
  assert_says (dropped, "HWPT id ");
  assert_says (dropped, "no record names it");
  model_fixture_detach (&self->model, "0000:01:01.0");
  g_assert_cmpuint (iommud_simulator_count_objects (self->model.simulator), ==, objects - 1);
}

/* They may belong to whoever has a copy of the context. */
static void
test_no_orphans (AdoptFixture *self, gconstpointer unused)
{
  const IommudSyscalls *syscalls =
      iommud_backend_get_syscalls (IOMMUD_BACKEND (self->model.simulator));
  guint objects = iommud_simulator_count_objects (self->model.simulator);
  g_autoptr (GVariant) records = NULL;
  g_autoptr (IommudDescriptors) descriptors = NULL;
  g_autofree char *name = NULL;
  g_autofree char *dropped = NULL;
  guint32 ioas_id;

  iommud_context_set_shared (iommud_container_get_context (adopt_fixture_get (self, "b")));
  records = write_down (self);
  descriptors = adopt_fixture_disown (self);
  name = find_context (descriptors);
  g_assert_cmpint (
      iommud_iommufd_ioas_alloc (syscalls, iommud_descriptors_peek (descriptors, name), &ioas_id),
      ==, 0);
  dropped = adopt_fixture_adopt (self, records, descriptors);
  g_assert_cmpstr (dropped, ==, "");
  iommud_host_tidy_up (self->model.host);
  model_fixture_detach (&self->model, "0000:01:01.0");
  g_assert_cmpuint (iommud_simulator_count_objects (self->model.simulator), ==, objects);
}

/* One that the kernel keeps does not keep the others. */
static void
test_orphan_stays (AdoptFixture *self, gconstpointer unused)
{
  const IommudSyscalls *syscalls =
      iommud_backend_get_syscalls (IOMMUD_BACKEND (self->model.simulator));
  guint objects = iommud_simulator_count_objects (self->model.simulator);
  g_autoptr (GVariant) records = write_down (self);
  g_autoptr (IommudDescriptors) descriptors = adopt_fixture_disown (self);
  g_autofree char *name = find_context (descriptors);
  g_autofree char *dropped = NULL;

  for (guint i = 0; i < 3; i++)
    {
      guint32 id;

      g_assert_cmpint (
          iommud_iommufd_ioas_alloc (syscalls, iommud_descriptors_peek (descriptors, name), &id),
          ==, 0);
    }
  dropped = adopt_fixture_adopt (self, records, descriptors);
  model_fixture_inject (&self->model, "destroy", 1, EBUSY, 0);
  model_fixture_detach (&self->model, "0000:01:01.0");
  g_assert_cmpuint (iommud_simulator_count_objects (self->model.simulator), ==, objects);
  model_fixture_detach (&self->model, "0000:01:02.0");
  g_assert_cmpuint (iommud_simulator_count_objects (self->model.simulator), ==, objects - 2);
}

static void
test_descriptor_names (void)
{
  g_autoptr (IommudDescriptors) descriptors = iommud_descriptors_new ();
  static const char *const bad[] = { "", "a:b", "a\nb", "\x7f", "\xc3\xa4" };
  g_autoptr (GError) error = NULL;
  int fd = memfd_create ("iommud-descriptor", MFD_CLOEXEC);

  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_assert_false (iommud_descriptors_add (descriptors, bad[i], fd, &error));
      g_assert_error (error, IOMMUD_ERROR, IOMMUD_ERROR_INVALID_ARGUMENT);
      g_clear_error (&error);
    }
  g_assert_true (iommud_descriptors_add (descriptors, "a", fd, &error));
  g_assert_false (iommud_descriptors_add (descriptors, "a", fd, &error));
  g_assert_error (error, IOMMUD_ERROR, IOMMUD_ERROR_EXISTS);
  g_clear_error (&error);
  g_assert_cmpint (iommud_descriptors_peek (descriptors, "a"), ==, fd);
  g_assert_cmpint (iommud_descriptors_peek (descriptors, "b"), ==, -1);
  g_clear_pointer (&descriptors, iommud_descriptors_unref);
  g_assert_cmpint (close (fd), ==, -1);
}

/* Else it would be closed twice, the second time as what it is by then. */
static void
test_same_descriptor (void)
{
  g_autoptr (IommudDescriptors) descriptors = iommud_descriptors_new ();
  g_autoptr (GError) error = NULL;
  int fd = memfd_create ("iommud-descriptor", MFD_CLOEXEC);

  g_assert_true (iommud_descriptors_add (descriptors, "a", fd, &error));
  g_assert_false (iommud_descriptors_add (descriptors, "b", fd, &error));
  g_assert_error (error, IOMMUD_ERROR, IOMMUD_ERROR_EXISTS);
  g_clear_error (&error);
  g_assert_cmpint (iommud_descriptors_peek (descriptors, "b"), ==, -1);
  g_assert_cmpint (iommud_descriptors_steal (descriptors, "a"), ==, fd);
  g_assert_true (iommud_descriptors_add (descriptors, "b", fd, &error));
  g_assert_no_error (error);
}

#define ADD(name, test)                                                                            \
  g_test_add ("/adopt/" name, AdoptFixture, NULL, adopt_fixture_set_up, test,                      \
              adopt_fixture_tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("no-answer", test_no_answer);
  ADD ("no-question", test_no_question);
  ADD ("interrupted", test_interrupted);
  ADD ("damaged", test_damaged);
  ADD ("missing-context", test_missing_context);
  ADD ("context-is-none", test_context_is_none);
  ADD ("missing-device", test_missing_device);
  ADD ("swapped-devices", test_swapped_devices);
  ADD ("unbound-device", test_unbound_device);
  ADD ("unplugged-device", test_unplugged_device);
  ADD ("unknown-descriptor", test_unknown_descriptor);
  ADD ("no-orphans", test_no_orphans);
  ADD ("orphans", test_orphans);
  ADD ("orphan-stays", test_orphan_stays);
  g_test_add_func ("/adopt/descriptor-names", test_descriptor_names);
  g_test_add_func ("/adopt/same-descriptor", test_same_descriptor);
  return g_test_run ();
}
