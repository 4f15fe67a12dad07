/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Every kernel call that the main job makes fails at its n-th use, with each errno it can give.
 *
 * After each failure the model and the simulated kernel agree, the host goes on working, and in the
 * end nothing is left. */
#include <errno.h>
#include <string.h>

#include "model-fixture.h"

typedef struct
{
  const char *operation;
  int errnums[6];
} Fault;

/* One run of the main job with one call that fails. */
typedef struct
{
  ModelFixture fixture;
  const char *operation; /* NULL: nothing fails */
  int errnum;
} Run;

/* Errnos that mean something else in one call than by themselves. */
static const struct
{
  const char *operation;
  int errnum;
  IommudError code;
} documented[] = {
  { "open-iommufd", ENOENT, IOMMUD_ERROR_NOT_SUPPORTED },
  { "open-iommufd", ENODEV, IOMMUD_ERROR_NOT_SUPPORTED },
  { "open-cdev", ENOENT, IOMMUD_ERROR_DEVICE_GONE },
  { "bind", EINVAL, IOMMUD_ERROR_NOT_SUPPORTED },
  { "hwpt-alloc", EINVAL, IOMMUD_ERROR_INCOMPATIBLE },
  { "attach", EINVAL, IOMMUD_ERROR_INCOMPATIBLE },
};

/* The errnos that Linux 6.12 can give, and a few that drivers pass through. */
static const Fault faults[] = {
  { "open-iommufd", { EACCES, ENOENT, ENODEV, EMFILE, ENOMEM } },
  { "open-cdev", { EACCES, ENOENT, ENODEV, EMFILE, ENOMEM } },
  { "close-cdev", { EIO } },
  { "close-iommufd", { EIO } },
  { "ioas-alloc", { ENOMEM, ENOSPC } },
  { "ioas-iova-ranges", { ENOMEM, EFAULT, ENOENT } },
  { "option", { EPERM, EBUSY } },
  { "bind", { EINVAL, EPERM, EBUSY, ENODEV, ENOMEM } },
  { "get-hw-info", { ENOMEM, EOPNOTSUPP, ENOENT } },
  { "feature", { ENOTTY, EINVAL, ENODEV } },
  { "hwpt-alloc", { ENOMEM, EINVAL, EOPNOTSUPP, EADDRINUSE, ENOSPC, EFAULT } },
  { "attach", { EINVAL, ENOMEM, EADDRINUSE, ENODEV, EBUSY, EIO } },
  { "detach", { EIO, ENODEV } },
  { "destroy", { EBUSY, ENOENT } },
};

static IommudError
get_documented_code (const char *operation, int errnum)
{
  for (gsize i = 0; i < G_N_ELEMENTS (documented); i++)
    if (g_str_equal (documented[i].operation, operation) && documented[i].errnum == errnum)
      return documented[i].code;
  return iommud_error_code_from_errno (errnum);
}

/* An error that tells of the injected errno has the code that is documented for it; a later one
 * that follows from it ("not attached") is at least one of ours. */
static void
assert_documented (Run *run, const GError *error)
{
  g_assert_true (error->domain == IOMMUD_ERROR);
  g_assert_true (g_utf8_validate (error->message, -1, NULL));
  g_assert_nonnull (run->operation);
  if (strstr (error->message, g_strerror (run->errnum)) != NULL)
    g_assert_cmpint (error->code, ==, get_documented_code (run->operation, run->errnum));
}

static void
take_error (ModelFixture *fixture, gboolean ok, GError **error)
{
  if (ok)
    g_assert_no_error (*error);
  else
    assert_documented ((Run *) fixture, *error);
  g_clear_error (error);
}

/* The objects in the kernel, without those that are known to be left over from an undo that failed.
 * The model has them all. */
static guint
count_known_objects (ModelFixture *fixture, IommudContainer *container)
{
  guint count =
      iommud_simulator_count_objects (fixture->simulator) - model_fixture_count_orphans (container);

  g_assert_cmpuint (count, ==, model_fixture_count_objects (fixture));
  return count;
}

static void
attach (ModelFixture *fixture, IommudContainer *container, const char *name, IommudAttachMode mode)
{
  IommudDevice *device = model_fixture_device (fixture, name);
  guint before = count_known_objects (fixture, container);
  g_autoptr (GError) error = NULL;
  gboolean ok =
      call_attach_device (container, device, mode, IOMMUD_TRACKER_CHOICE_AUTO, NULL, NULL, &error);

  if (!ok)
    g_assert_cmpuint (count_known_objects (fixture, container), ==, before);
  g_assert_cmpint (ok, ==, iommud_device_get_state (device) == IOMMUD_DEVICE_STATE_ATTACHED);
  take_error (fixture, ok, &error);
}

static void
alloc_and_replace (ModelFixture *fixture, IommudContainer *container)
{
  IommudDevice *device = model_fixture_device (fixture, DIRTY_B);
  g_autoptr (IommudHwpt) hwpt = NULL;
  g_autoptr (GError) error = NULL;

  hwpt = call_alloc_hwpt (container, device, IOMMUD_HWPT_FLAGS_DIRTY_TRACKING, NULL, &error);
  take_error (fixture, hwpt != NULL, &error);
  attach (fixture, container, DIRTY_B, IOMMUD_ATTACH_MODE_AUTO);
  if (hwpt == NULL)
    return;
  take_error (fixture, iommud_hwpt_attach_device (hwpt, device, NULL, &error), &error);
  take_error (fixture, iommud_device_detach (device, NULL, &error), &error);
  take_error (fixture, iommud_hwpt_free (hwpt, NULL, &error), &error);
}

static void
detach (ModelFixture *fixture, const char *name)
{
  g_autoptr (GError) error = NULL;

  take_error (fixture, iommud_device_detach (model_fixture_device (fixture, name), NULL, &error),
              &error);
}

static IommudContainer *
create (ModelFixture *fixture)
{
  g_autoptr (IommudContainerOptions) options = iommud_container_options_new ();
  g_autoptr (GError) error = NULL;
  IommudContainer *container;

  g_object_set (options, "accounting", IOMMUD_ACCOUNTING_PROCESS, NULL);
  container = iommud_host_create_container (fixture->host, options, NULL, &error);
  take_error (fixture, container != NULL, &error);
  return container;
}

/* The main job; if a step fails, the job goes on. */
static void
do_main_job (ModelFixture *fixture)
{
  g_autoptr (IommudContainer) container = create (fixture);
  g_autoptr (GError) error = NULL;

  if (container == NULL)
    return;
  attach (fixture, container, DIRTY_A, IOMMUD_ATTACH_MODE_AUTO);
  attach (fixture, container, DIRTY_A_SIBLING, IOMMUD_ATTACH_MODE_AUTO);
  attach (fixture, container, PLAIN_A, IOMMUD_ATTACH_MODE_AUTO);
  attach (fixture, container, PLAIN_B, IOMMUD_ATTACH_MODE_KERNEL);
  attach (fixture, container, MDEV, IOMMUD_ATTACH_MODE_AUTO);
  alloc_and_replace (fixture, container);
  detach (fixture, DIRTY_A);
  detach (fixture, PLAIN_A);
  detach (fixture, MDEV);
  take_error (fixture, iommud_container_free (container, TRUE, NULL, &error), &error);
}

static guint
count_calls (const char *operation)
{
  Run run = { .operation = NULL };
  guint count;

  model_fixture_set_up (&run.fixture, NULL);
  count = iommud_simulator_count_calls (run.fixture.simulator, operation);
  do_main_job (&run.fixture);
  count = iommud_simulator_count_calls (run.fixture.simulator, operation) - count;
  model_fixture_tear_down (&run.fixture, NULL);
  return count;
}

static void
fail_nth (const char *operation, guint nth, int errnum)
{
  Run run = { .operation = operation, .errnum = errnum };
  ModelFixture *fixture = &run.fixture;

  g_test_message ("%s, call %u: %s", operation, nth, g_strerror (errnum));
  model_fixture_set_up (fixture, NULL);
  model_fixture_inject (fixture, operation, nth, errnum, 0);
  do_main_job (fixture);
  g_assert_cmpuint (iommud_simulator_count_objects (fixture->simulator), ==,
                    model_fixture_count_objects (fixture));
  /* The host serves on. */
  model_fixture_free_container (
      model_fixture_container (fixture, "after", IOMMUD_DIRTY_TRACKING_POLICY_OFF));
  model_fixture_tear_down (fixture, NULL);
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
      g_autofree char *path = g_strdup_printf ("/faults/%s", faults[i].operation);

      g_test_add_data_func (path, &faults[i], test_operation);
    }
  return g_test_run ();
}
