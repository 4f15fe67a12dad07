/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Moving a device from one HWPT to another, and what the kernel loses on the way. */
#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "backend/backend.h"
#include "kernel/abi.h"
#include "model-fixture.h"
#include "model/device.h"
#include "perform/replace.h"
#include "sim/kernel-testing.h"
#include "simulator/simulator-testing.h"

static IommudHwpt *
alloc (ModelFixture *fixture, IommudContainer *container, const char *name, IommudHwptFlags flags)
{
  g_autoptr (GError) error = NULL;
  IommudHwpt *hwpt =
      call_alloc_hwpt (container, model_fixture_device (fixture, name), flags, NULL, &error);

  g_assert_no_error (error);
  return hwpt;
}

static char *
print_ranges (IommudContainer *container)
{
  g_autoptr (GVariant) ranges = NULL;

  g_object_get (iommud_container_get_memory (container), "iova-ranges", &ranges, NULL);
  return g_variant_print (ranges, FALSE);
}

static void
assert_refused (ModelFixture *fixture, IommudHwpt *hwpt, const char *name, IommudError code,
                const char *text)
{
  IommudDevice *device = model_fixture_device (fixture, name);
  IommudHwpt *before = iommud_device_get_hwpt (device);
  guint calls = iommud_simulator_count_calls (fixture->simulator, "attach");
  g_autoptr (GError) error = NULL;

  g_assert_false (iommud_hwpt_attach_device (hwpt, device, NULL, &error));
  g_assert_error (error, IOMMUD_ERROR, (gint) code);
  g_assert_nonnull (strstr (error->message, text));
  g_assert_true (iommud_device_get_hwpt (device) == before);
  g_assert_cmpuint (iommud_simulator_count_calls (fixture->simulator, "attach"), ==, calls);
}

static void
test_move (ModelFixture *fixture, gconstpointer unused)
{
  IommudContainer *container =
      model_fixture_container (fixture, "a", IOMMUD_DIRTY_TRACKING_POLICY_PREFERRED);
  IommudDevice *device = model_fixture_device (fixture, DIRTY_A);
  g_autoptr (IommudHwpt) old = g_object_ref (model_fixture_attach (fixture, container, DIRTY_A));
  g_autoptr (IommudHwpt) hwpt = alloc (fixture, container, DIRTY_A, IOMMUD_HWPT_FLAGS_NONE);
  g_autofree char *before = print_ranges (container);
  g_autofree char *after = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_true (iommud_hwpt_attach_device (hwpt, device, NULL, &error));
  g_assert_no_error (error);
  g_assert_true (iommud_device_get_hwpt (device) == hwpt);
  /* The auto HWPT went with its last device, and the ranges are whole. */
  g_assert_null (iommud_hwpt_get_container (old));
  assert_n_items (iommud_container_get_hwpts (container), 1);
  after = print_ranges (container);
  g_assert_cmpstr (after, ==, before);

  /* Once more to the same is a success that changes nothing. */
  g_assert_true (iommud_hwpt_attach_device (hwpt, device, NULL, &error));
  assert_n_items (iommud_hwpt_get_devices (hwpt), 1);
  model_fixture_free_container (container);
}

static void
test_refused_without_asking (ModelFixture *fixture, gconstpointer unused)
{
  IommudContainer *container =
      model_fixture_container (fixture, "a", IOMMUD_DIRTY_TRACKING_POLICY_PREFERRED);
  g_autoptr (IommudHwpt) dirty =
      alloc (fixture, container, DIRTY_B, IOMMUD_HWPT_FLAGS_DIRTY_TRACKING);
  g_autoptr (IommudHwpt) plain = alloc (fixture, container, DIRTY_B, IOMMUD_HWPT_FLAGS_NONE);

  model_fixture_attach (fixture, container, PLAIN_A);
  assert_refused (fixture, dirty, PLAIN_A, IOMMUD_ERROR_INCOMPATIBLE, "dmar0");
  model_fixture_attach (fixture, container, MIXED_PLAIN);
  assert_refused (fixture, dirty, MIXED_PLAIN, IOMMUD_ERROR_INCOMPATIBLE, "dirty tracking");
  model_fixture_attach (fixture, container, DIRTY_A);
  model_fixture_attach (fixture, container, DIRTY_A_SIBLING);
  assert_refused (fixture, plain, DIRTY_A, IOMMUD_ERROR_INCOMPATIBLE, DIRTY_A_SIBLING);
  assert_refused (fixture, plain, MDEV, IOMMUD_ERROR_NOT_SUPPORTED, "mdev");
  model_fixture_free_container (container);
}

static void
test_policy_required (ModelFixture *fixture, gconstpointer unused)
{
  IommudContainer *container =
      model_fixture_container (fixture, "a", IOMMUD_DIRTY_TRACKING_POLICY_REQUIRED);
  g_autoptr (IommudHwpt) plain = alloc (fixture, container, DIRTY_B, IOMMUD_HWPT_FLAGS_NONE);

  assert_refused (fixture, plain, DIRTY_B, IOMMUD_ERROR_NOT_SUPPORTED, "requires dirty tracking");
  assert_refused (fixture, plain, DIRTY_A, IOMMUD_ERROR_NOT_SUPPORTED, "requires dirty tracking");
  g_assert_cmpuint (iommud_device_get_state (model_fixture_device (fixture, DIRTY_A)), ==,
                    IOMMUD_DEVICE_STATE_AVAILABLE);
  /* A device that is attached stays where it is tracked. */
  model_fixture_attach (fixture, container, DIRTY_A);
  assert_refused (fixture, plain, DIRTY_A, IOMMUD_ERROR_NOT_SUPPORTED, "requires dirty tracking");
  model_fixture_free_container (container);
}

static void
test_other_container (ModelFixture *fixture, gconstpointer unused)
{
  IommudContainer *first =
      model_fixture_container (fixture, "first", IOMMUD_DIRTY_TRACKING_POLICY_OFF);
  IommudContainer *second =
      model_fixture_container (fixture, "second", IOMMUD_DIRTY_TRACKING_POLICY_OFF);
  g_autoptr (IommudHwpt) hwpt = alloc (fixture, first, DIRTY_B, IOMMUD_HWPT_FLAGS_NONE);

  model_fixture_attach (fixture, second, DIRTY_A);
  assert_refused (fixture, hwpt, DIRTY_A, IOMMUD_ERROR_BUSY, "container second");
  model_fixture_free_container (first);
  model_fixture_free_container (second);
}

/* A driver that fails a replace makes 6.12 forget the reserved regions; the library mends it. */
static void
test_lost_regions_are_repaired (ModelFixture *fixture, gconstpointer unused)
{
  IommudContainer *container =
      model_fixture_container (fixture, "a", IOMMUD_DIRTY_TRACKING_POLICY_OFF);
  IommudDevice *device = model_fixture_device (fixture, RESERVED);
  IommudHwpt *old = model_fixture_attach (fixture, container, RESERVED);
  g_autoptr (IommudHwpt) hwpt = alloc (fixture, container, RESERVED, IOMMUD_HWPT_FLAGS_NONE);
  g_autofree char *before = print_ranges (container);
  g_autofree char *after = NULL;
  guint detaches = iommud_simulator_count_calls (fixture->simulator, "detach");
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (
      iommud_simulated_kernel_fail_driver (iommud_simulator_get_kernel (fixture->simulator),
                                           RESERVED, "attach", ENOMEM, 1),
      ==, 0);
  g_assert_false (iommud_hwpt_attach_device (hwpt, device, NULL, &error));
  g_assert_error (error, IOMMUD_ERROR, IOMMUD_ERROR_NO_MEMORY);
  g_assert_true (iommud_device_get_hwpt (device) == old);
  after = print_ranges (container);
  g_assert_cmpstr (after, ==, before);
  g_assert_cmpuint (iommud_simulator_count_calls (fixture->simulator, "detach"), ==, detaches + 1);
  model_fixture_free_container (container);
}

/* The same on a HWPT that the kernel made, which goes when the device leaves it for the repair. */
static void
test_lost_regions_of_kernel_hwpt (ModelFixture *fixture, gconstpointer unused)
{
  IommudContainer *container =
      model_fixture_container (fixture, "a", IOMMUD_DIRTY_TRACKING_POLICY_OFF);
  IommudDevice *device = model_fixture_device (fixture, RESERVED);
  g_autoptr (IommudHwpt) freed = alloc (fixture, container, RESERVED, IOMMUD_HWPT_FLAGS_NONE);
  g_autoptr (IommudHwpt) hwpt = NULL;
  IommudSimulatedDeviceState state;
  guint32 freed_id;
  g_autofree char *before = NULL;
  g_autofree char *after = NULL;
  g_autoptr (GError) error = NULL;

  call_attach_device (container, device, IOMMUD_ATTACH_MODE_KERNEL, IOMMUD_TRACKER_CHOICE_AUTO,
                      NULL, NULL, &error);
  g_assert_no_error (error);
  hwpt = alloc (fixture, container, RESERVED, IOMMUD_HWPT_FLAGS_NONE);
  /* The lowest free id comes first: the kernel's next HWPT has another one. */
  freed_id = iommud_hwpt_get_id (freed);
  g_assert_true (iommud_hwpt_free (freed, NULL, &error));
  before = print_ranges (container);

  iommud_simulated_kernel_fail_driver (iommud_simulator_get_kernel (fixture->simulator), RESERVED,
                                       "attach", ENOMEM, 1);
  g_assert_false (iommud_hwpt_attach_device (hwpt, device, NULL, &error));
  g_assert_error (error, IOMMUD_ERROR, IOMMUD_ERROR_NO_MEMORY);
  g_assert_cmpuint (iommud_device_get_state (device), ==, IOMMUD_DEVICE_STATE_ATTACHED);
  g_assert_cmpuint (iommud_hwpt_get_management (iommud_device_get_hwpt (device)), ==,
                    IOMMUD_HWPT_MANAGEMENT_KERNEL);
  iommud_simulated_kernel_get_state (iommud_simulator_get_kernel (fixture->simulator), RESERVED,
                                     &state);
  g_assert_cmpuint (iommud_hwpt_get_id (iommud_device_get_hwpt (device)), ==, state.table);
  g_assert_cmpuint (state.table, ==, freed_id);
  assert_n_items (iommud_container_get_hwpts (container), 2);
  after = print_ranges (container);
  g_assert_cmpstr (after, ==, before);
  model_fixture_free_container (container);
}

/* The repair fails half-way: the device is on no HWPT, and the error tells of both failures. */
static void
test_repair_loses_device (ModelFixture *fixture, gconstpointer unused)
{
  IommudContainer *container =
      model_fixture_container (fixture, "a", IOMMUD_DIRTY_TRACKING_POLICY_OFF);
  IommudDevice *device = model_fixture_device (fixture, RESERVED);
  IommudHwpt *old = model_fixture_attach (fixture, container, RESERVED);
  g_autoptr (IommudHwpt) hwpt = alloc (fixture, container, RESERVED, IOMMUD_HWPT_FLAGS_NONE);
  g_autoptr (GError) error = NULL;

  iommud_simulated_kernel_fail_driver (iommud_simulator_get_kernel (fixture->simulator), RESERVED,
                                       "attach", ENOMEM, 1);
  model_fixture_inject (fixture, "attach", 2, EIO, 0);
  g_assert_false (iommud_hwpt_attach_device (hwpt, device, NULL, &error));
  g_assert_error (error, IOMMUD_ERROR, IOMMUD_ERROR_NO_MEMORY);
  g_assert_true (g_str_has_prefix (error->message, "The device is no longer attached"));
  g_assert_nonnull (strstr (error->message, "(EIO)"));
  g_assert_nonnull (strstr (error->message, "(ENOMEM)"));
  g_assert_cmpuint (iommud_device_get_state (device), ==, IOMMUD_DEVICE_STATE_BOUND);
  assert_n_items (iommud_hwpt_get_devices (old), 0);
  assert_n_items (iommud_hwpt_get_devices (hwpt), 0);
  g_assert_cmpuint (iommud_simulator_count_objects (fixture->simulator), ==,
                    model_fixture_count_objects (fixture));
  model_fixture_free_container (container);
}

static int
answer_open (const IommudSyscalls *syscalls, const char *path, dev_t device, int flags)
{
  errno = EMFILE;
  return -1;
}

static void
answer_ranges (struct iommud_abi_ioas_iova_ranges *ranges, guint64 last)
{
  struct iommud_abi_iova_range *range =
      (struct iommud_abi_iova_range *) (uintptr_t) ranges->allowed_iovas;

  range->last = last;
  ranges->num_iovas = 1;
}

/* A kernel that attaches a device once and forgets what it reserves, and does all else; perhaps it
 * refuses DETACH. */
typedef struct
{
  guint n_attaches;
  guint n_destroys;
  gboolean keeps;
} Kernel;

static gboolean
refuses (Kernel *kernel, unsigned long request)
{
  if (request == IOMMUD_ABI_VFIO_ATTACH_IOMMUFD_PT)
    return kernel->n_attaches++ > 0;
  return request == IOMMUD_ABI_VFIO_DETACH_IOMMUFD_PT && kernel->keeps;
}

static int
answer_ioctl (const IommudSyscalls *syscalls, int fd, unsigned long request, void *argument)
{
  Kernel *kernel = syscalls->data;

  if (request == IOMMUD_ABI_IOAS_IOVA_RANGES)
    answer_ranges (argument, kernel->n_attaches == 0 ? 0xfff : 0xffff);
  if (request == IOMMUD_ABI_DESTROY)
    kernel->n_destroys++;
  if (!refuses (kernel, request))
    return 0;
  errno = EIO;
  return -1;
}

static IommudReplacePlan *
plan_on (ModelFixture *fixture, const IommudSyscalls *syscalls)
{
  IommudReplacePlan *plan = iommud_replace_plan_new ();

  iommud_binding_copy (&plan->binding,
                       iommud_device_get_binding (model_fixture_device (fixture, DIRTY_A)));
  plan->access.syscalls = syscalls;
  plan->access.probe =
      g_object_ref (iommud_backend_get_probe (IOMMUD_BACKEND (fixture->simulator)));
  plan->access.what = g_strdup ("replace");
  plan->policy = IOMMUD_DIRTY_TRACKING_POLICY_OFF;
  plan->ioas_id = 1;
  plan->hwpt_id = 3;
  plan->trackers = iommud_trackers_new ();
  return plan;
}

static void
free_plan (IommudReplacePlan *plan)
{
  iommud_trackers_free (plan->trackers);
  iommud_replace_plan_free (plan);
}

/* The replace succeeds and the repair does not: the error has the errno of the attach once. */
static void
test_repair_of_success_loses_device (ModelFixture *fixture, gconstpointer unused)
{
  Kernel kernel = { 0 };
  const IommudSyscalls syscalls = { .ioctl = answer_ioctl, .data = &kernel };
  IommudReplacePlan *plan = plan_on (fixture, &syscalls);
  const char *at;

  plan->old_hwpt_id = 2;
  iommud_replace_plan_perform (plan);
  g_assert_true (plan->detached);
  g_assert_false (plan->attached);
  g_assert_cmpuint (kernel.n_attaches, ==, 2);
  g_assert_true (g_str_has_prefix (plan->error->message, "The device is no longer attached"));
  at = strstr (plan->error->message, "EIO");
  g_assert_nonnull (at);
  g_assert_null (strstr (at + 1, "EIO"));
  free_plan (plan);
}

/* The replace succeeds, and the kernel would not detach the device to repair what it lost: the
 * device is on its new HWPT, which the error does not hide, and the old one is left for the next
 * call. */
static void
test_repair_of_success_is_refused (ModelFixture *fixture, gconstpointer unused)
{
  Kernel kernel = { .keeps = TRUE };
  const IommudSyscalls syscalls = { .ioctl = answer_ioctl, .data = &kernel };
  IommudReplacePlan *plan = plan_on (fixture, &syscalls);

  plan->old_hwpt_id = 2;
  plan->old_is_last = TRUE;
  iommud_replace_plan_perform (plan);
  g_assert_true (plan->attached);
  g_assert_false (plan->detached);
  g_assert_false (plan->old_freed);
  g_assert_cmpuint (kernel.n_attaches, ==, 1);
  g_assert_cmpuint (kernel.n_destroys, ==, 0);
  g_assert_nonnull (strstr (plan->error->message, "would not detach it to repair that"));
  free_plan (plan);
}

/* A HWPT that was left over is freed first: its addresses are free again, even if the call fails.
 */
static void
test_ranges_come_back (ModelFixture *fixture, gconstpointer unused)
{
  Kernel kernel = { 0 };
  const IommudSyscalls syscalls = { .open = answer_open, .ioctl = answer_ioctl, .data = &kernel };
  IommudReplacePlan *plan = plan_on (fixture, &syscalls);
  const guint32 orphan = 9;

  g_array_append_val (plan->orphans, orphan);
  iommud_replace_plan_perform (plan);
  g_assert_error (plan->error, IOMMUD_ERROR, IOMMUD_ERROR_LIMITS_EXCEEDED);
  g_assert_cmpuint (plan->orphans->len, ==, 0);
  g_assert_nonnull (plan->space.ranges);
  free_plan (plan);
}

#define ADD(path, function)                                                                        \
  g_test_add ("/replace/" path, ModelFixture, NULL, model_fixture_set_up, function,                \
              model_fixture_tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("move", test_move);
  ADD ("refused-without-asking", test_refused_without_asking);
  ADD ("policy-required", test_policy_required);
  ADD ("other-container", test_other_container);
  ADD ("lost-regions-are-repaired", test_lost_regions_are_repaired);
  ADD ("lost-regions-of-kernel-hwpt", test_lost_regions_of_kernel_hwpt);
  ADD ("repair-loses-device", test_repair_loses_device);
  ADD ("repair-of-success-loses-device", test_repair_of_success_loses_device);
  ADD ("repair-of-success-is-refused", test_repair_of_success_is_refused);
  ADD ("ranges-come-back", test_ranges_come_back);
  return g_test_run ();
}
