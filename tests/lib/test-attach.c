/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The attach logic on the simulated host: which HWPT a device goes to, and what is refused. */
#include <errno.h>

#include "model-fixture.h"

static void
test_share_one_hwpt (ModelFixture *fixture, gconstpointer unused)
{
  IommudContainer *container =
      model_fixture_container (fixture, "a", IOMMUD_DIRTY_TRACKING_POLICY_PREFERRED);
  IommudHwpt *hwpt = model_fixture_attach (fixture, container, DIRTY_A);
  IommudDevice *device = model_fixture_device (fixture, DIRTY_A);
  IommudTrackerKind tracker;

  g_assert_nonnull (hwpt);
  g_assert_true (model_fixture_attach (fixture, container, DIRTY_B) == hwpt);
  assert_n_items (iommud_container_get_hwpts (container), 1);
  assert_n_items (iommud_hwpt_get_devices (hwpt), 2);
  g_assert_cmpuint (iommud_hwpt_get_flags (hwpt), ==, IOMMUD_HWPT_FLAGS_DIRTY_TRACKING);
  g_assert_cmpuint (iommud_hwpt_get_management (hwpt), ==, IOMMUD_HWPT_MANAGEMENT_AUTO);
  g_assert_cmpuint (iommud_device_get_state (device), ==, IOMMUD_DEVICE_STATE_ATTACHED);
  g_assert_true (iommud_device_get_container (device) == container);
  g_object_get (device, "dirty-tracker", &tracker, NULL);
  g_assert_cmpuint (tracker, ==, IOMMUD_TRACKER_KIND_IOMMU);

  /* The HWPT stays with the device that is left, and goes with it. */
  model_fixture_detach (fixture, DIRTY_A);
  g_assert_cmpuint (iommud_device_get_state (device), ==, IOMMUD_DEVICE_STATE_AVAILABLE);
  g_assert_null (iommud_device_get_hwpt (device));
  assert_n_items (iommud_container_get_hwpts (container), 1);
  model_fixture_detach (fixture, DIRTY_B);
  assert_n_items (iommud_container_get_hwpts (container), 0);
  g_assert_cmpuint (iommud_simulator_count_objects (fixture->simulator), ==, 1);
  model_fixture_free_container (container);
}

static void
test_incompatible_gets_another (ModelFixture *fixture, gconstpointer unused)
{
  IommudContainer *container =
      model_fixture_container (fixture, "a", IOMMUD_DIRTY_TRACKING_POLICY_OFF);
  IommudHwpt *first = model_fixture_attach (fixture, container, DIRTY_A);
  guint before = iommud_simulator_count_calls (fixture->simulator, "attach");
  IommudHwpt *second = model_fixture_attach (fixture, container, PLAIN_A);

  g_assert_true (first != second);
  g_assert_cmpuint (iommud_hwpt_get_flags (first), ==, IOMMUD_HWPT_FLAGS_NONE);
  g_assert_cmpuint (iommud_hwpt_get_flags (second), ==, IOMMUD_HWPT_FLAGS_NONE);
  /* EINVAL from the first, then the new one. */
  g_assert_cmpuint (iommud_simulator_count_calls (fixture->simulator, "attach") - before, ==, 2);

  /* A HWPT that refused once is not tried again, and HWPTs of the device's own IOMMU come first. */
  model_fixture_detach (fixture, PLAIN_A);
  before = iommud_simulator_count_calls (fixture->simulator, "attach");
  model_fixture_attach (fixture, container, PLAIN_A);
  model_fixture_attach (fixture, container, PLAIN_B);
  model_fixture_attach (fixture, container, DIRTY_B);
  g_assert_cmpuint (iommud_simulator_count_calls (fixture->simulator, "attach") - before, ==, 3);
  assert_n_items (iommud_container_get_hwpts (container), 2);
  model_fixture_free_container (container);
}

static void
test_mdev_has_no_hwpt (ModelFixture *fixture, gconstpointer unused)
{
  IommudContainer *container =
      model_fixture_container (fixture, "a", IOMMUD_DIRTY_TRACKING_POLICY_PREFERRED);
  guint before = iommud_simulator_count_calls (fixture->simulator, "hwpt-alloc");
  guint asked = iommud_simulator_count_calls (fixture->simulator, "get-hw-info");
  IommudDevice *mdev = model_fixture_device (fixture, MDEV);

  model_fixture_attach (fixture, container, DIRTY_A);
  g_assert_null (model_fixture_attach (fixture, container, MDEV));
  g_assert_cmpuint (iommud_device_get_state (mdev), ==, IOMMUD_DEVICE_STATE_ATTACHED);
  g_assert_null (iommud_device_get_hwpt (mdev));
  assert_n_items (iommud_container_get_hwpts (container), 1);
  g_assert_cmpuint (iommud_simulator_count_calls (fixture->simulator, "hwpt-alloc") - before, ==,
                    1);
  g_assert_cmpuint (iommud_simulator_count_calls (fixture->simulator, "get-hw-info") - asked, ==,
                    1);
  model_fixture_detach (fixture, MDEV);
  assert_n_items (iommud_container_get_devices (container), 1);
  model_fixture_free_container (container);
}

static void
test_dirty_capable_never_on_plain (ModelFixture *fixture, gconstpointer unused)
{
  IommudContainer *container =
      model_fixture_container (fixture, "a", IOMMUD_DIRTY_TRACKING_POLICY_PREFERRED);
  IommudHwpt *plain = model_fixture_attach (fixture, container, PLAIN_A);
  IommudHwpt *dirty = model_fixture_attach (fixture, container, DIRTY_A);
  IommudDirtyTrackingCoverage coverage;

  g_assert_cmpuint (iommud_hwpt_get_flags (plain), ==, IOMMUD_HWPT_FLAGS_NONE);
  g_assert_cmpuint (iommud_hwpt_get_flags (dirty), ==, IOMMUD_HWPT_FLAGS_DIRTY_TRACKING);
  g_object_get (iommud_container_get_dirty_tracking (container), "coverage", &coverage, NULL);
  g_assert_cmpuint (coverage, ==, IOMMUD_DIRTY_TRACKING_COVERAGE_PARTIAL);
  model_fixture_detach (fixture, PLAIN_A);
  g_object_get (iommud_container_get_dirty_tracking (container), "coverage", &coverage, NULL);
  g_assert_cmpuint (coverage, ==, IOMMUD_DIRTY_TRACKING_COVERAGE_FULL);
  model_fixture_attach (fixture, container, LOGGING);
  g_object_get (iommud_container_get_dirty_tracking (container), "coverage", &coverage, NULL);
  g_assert_cmpuint (coverage, ==, IOMMUD_DIRTY_TRACKING_COVERAGE_FULL);
  model_fixture_free_container (container);
}

static void
test_policy_required (ModelFixture *fixture, gconstpointer unused)
{
  IommudContainer *container =
      model_fixture_container (fixture, "a", IOMMUD_DIRTY_TRACKING_POLICY_REQUIRED);

  model_fixture_attach_fails (fixture, container, PLAIN_A, IOMMUD_ATTACH_MODE_AUTO,
                              IOMMUD_ERROR_NOT_SUPPORTED, "requires dirty tracking");
  g_assert_cmpuint (iommud_device_get_state (model_fixture_device (fixture, PLAIN_A)), ==,
                    IOMMUD_DEVICE_STATE_AVAILABLE);
  model_fixture_attach_fails (fixture, container, MDEV, IOMMUD_ATTACH_MODE_AUTO,
                              IOMMUD_ERROR_NOT_SUPPORTED, "requires dirty tracking");
  model_fixture_attach_fails (fixture, container, DIRTY_A, IOMMUD_ATTACH_MODE_KERNEL,
                              IOMMUD_ERROR_NOT_SUPPORTED, "requires dirty tracking");
  g_assert_nonnull (model_fixture_attach (fixture, container, LOGGING));
  g_assert_nonnull (model_fixture_attach (fixture, container, DIRTY_A));
  model_fixture_free_container (container);
}

static void
test_group_shares_its_hwpt (ModelFixture *fixture, gconstpointer unused)
{
  IommudContainer *container =
      model_fixture_container (fixture, "a", IOMMUD_DIRTY_TRACKING_POLICY_PREFERRED);
  IommudHwpt *hwpt;
  guint before;

  model_fixture_attach (fixture, container, DIRTY_B);
  g_assert_true (call_attach_device (container, model_fixture_device (fixture, DIRTY_A),
                                     IOMMUD_ATTACH_MODE_KERNEL, IOMMUD_TRACKER_CHOICE_AUTO, NULL,
                                     NULL, NULL));
  hwpt = iommud_device_get_hwpt (model_fixture_device (fixture, DIRTY_A));
  g_assert_cmpuint (iommud_hwpt_get_management (hwpt), ==, IOMMUD_HWPT_MANAGEMENT_KERNEL);

  /* The sibling's HWPT is the only candidate, though another would fit its flags better. */
  before = iommud_simulator_count_calls (fixture->simulator, "attach");
  g_assert_true (model_fixture_attach (fixture, container, DIRTY_A_SIBLING) == hwpt);
  g_assert_cmpuint (iommud_simulator_count_calls (fixture->simulator, "attach") - before, ==, 1);
  model_fixture_free_container (container);
}

static void
test_mixed_group (ModelFixture *fixture, gconstpointer unused)
{
  IommudContainer *preferred =
      model_fixture_container (fixture, "a", IOMMUD_DIRTY_TRACKING_POLICY_PREFERRED);
  IommudContainer *required =
      model_fixture_container (fixture, "b", IOMMUD_DIRTY_TRACKING_POLICY_REQUIRED);
  IommudHwpt *hwpt;

  model_fixture_attach_fails (fixture, required, MIXED_DIRTY, IOMMUD_ATTACH_MODE_AUTO,
                              IOMMUD_ERROR_INCOMPATIBLE, "EINVAL");
  hwpt = model_fixture_attach (fixture, preferred, MIXED_DIRTY);
  g_assert_cmpuint (iommud_hwpt_get_flags (hwpt), ==, IOMMUD_HWPT_FLAGS_NONE);
  g_assert_true (model_fixture_attach (fixture, preferred, MIXED_PLAIN) == hwpt);

  /* That one does not track, so it is nothing for a device whose IOMMU can. */
  g_assert_true (model_fixture_attach (fixture, preferred, DIRTY_A) != hwpt);
  model_fixture_detach (fixture, DIRTY_A);

  /* The dirty HWPT does not fit this group, which says nothing about the other devices of the
   * IOMMU. */
  model_fixture_detach (fixture, MIXED_DIRTY);
  model_fixture_detach (fixture, MIXED_PLAIN);
  hwpt = model_fixture_attach (fixture, preferred, DIRTY_A);
  model_fixture_attach (fixture, preferred, MIXED_DIRTY);
  g_assert_true (model_fixture_attach (fixture, preferred, DIRTY_B) == hwpt);
  model_fixture_free_container (preferred);
  model_fixture_free_container (required);
}

static void
test_kernel_mode (ModelFixture *fixture, gconstpointer unused)
{
  IommudContainer *container =
      model_fixture_container (fixture, "a", IOMMUD_DIRTY_TRACKING_POLICY_OFF);
  IommudHwpt *automatic = model_fixture_attach (fixture, container, DIRTY_B);
  g_autoptr (IommudHwpt) first = NULL;
  g_autoptr (IommudHwpt) second = NULL;
  g_autoptr (GError) error = NULL;

  call_attach_device (container, model_fixture_device (fixture, PLAIN_A), IOMMUD_ATTACH_MODE_KERNEL,
                      IOMMUD_TRACKER_CHOICE_AUTO, NULL, &first, &error);
  g_assert_no_error (error);
  call_attach_device (container, model_fixture_device (fixture, PLAIN_B), IOMMUD_ATTACH_MODE_KERNEL,
                      IOMMUD_TRACKER_CHOICE_AUTO, NULL, &second, &error);
  g_assert_no_error (error);
  g_assert_true (first == second);
  g_assert_true (first != automatic);
  g_assert_cmpuint (iommud_hwpt_get_management (first), ==, IOMMUD_HWPT_MANAGEMENT_KERNEL);

  /* Our own logic never puts a device on a HWPT of the kernel's. */
  g_assert_true (model_fixture_attach (fixture, container, LOGGING) != first);
  iommud_hwpt_free (first, NULL, &error);
  g_assert_error (error, IOMMUD_ERROR, IOMMUD_ERROR_NOT_SUPPORTED);
  model_fixture_detach (fixture, PLAIN_A);
  model_fixture_detach (fixture, PLAIN_B);
  g_assert_null (iommud_hwpt_get_container (first));
  assert_n_items (iommud_container_get_hwpts (container), 2);
  model_fixture_free_container (container);
}

static void
test_no_node (ModelFixture *fixture, gconstpointer unused)
{
  IommudContainer *container =
      model_fixture_container (fixture, "a", IOMMUD_DIRTY_TRACKING_POLICY_OFF);

  model_fixture_attach_fails (fixture, container, NO_NODE, IOMMUD_ATTACH_MODE_AUTO,
                              IOMMUD_ERROR_NOT_SUPPORTED, "CONFIG_VFIO_DEVICE_CDEV");
  model_fixture_free_container (container);
}

/* Waiting never helps, so it is not BUSY. */
static void
test_direct_region (ModelFixture *fixture, gconstpointer unused)
{
  IommudContainer *container =
      model_fixture_container (fixture, "a", IOMMUD_DIRTY_TRACKING_POLICY_PREFERRED);

  model_fixture_attach_fails (fixture, container, DIRECT, IOMMUD_ATTACH_MODE_AUTO,
                              IOMMUD_ERROR_NOT_SUPPORTED, "mapped 1:1");
  model_fixture_attach_fails (fixture, container, DIRECT, IOMMUD_ATTACH_MODE_KERNEL,
                              IOMMUD_ERROR_NOT_SUPPORTED, "mapped 1:1");
  model_fixture_free_container (container);
}

static void
test_blocked_group_names_the_driver (ModelFixture *fixture, gconstpointer unused)
{
  IommudContainer *container =
      model_fixture_container (fixture, "a", IOMMUD_DIRTY_TRACKING_POLICY_OFF);

  model_fixture_attach_fails (fixture, container, BLOCKED_GROUP, IOMMUD_ATTACH_MODE_AUTO,
                              IOMMUD_ERROR_PERMISSION_DENIED, "0000:07:00.1");
  model_fixture_attach_fails (fixture, container, BLOCKED_GROUP, IOMMUD_ATTACH_MODE_AUTO,
                              IOMMUD_ERROR_PERMISSION_DENIED, "snd_hda_intel");
  model_fixture_free_container (container);
}

static void
test_held_elsewhere (ModelFixture *fixture, gconstpointer unused)
{
  IommudContainer *first =
      model_fixture_container (fixture, "first", IOMMUD_DIRTY_TRACKING_POLICY_OFF);
  IommudContainer *second =
      model_fixture_container (fixture, "second", IOMMUD_DIRTY_TRACKING_POLICY_OFF);

  model_fixture_attach (fixture, first, DIRTY_A);
  model_fixture_attach_fails (fixture, second, DIRTY_A, IOMMUD_ATTACH_MODE_AUTO, IOMMUD_ERROR_BUSY,
                              "container first");
  model_fixture_attach_fails (fixture, first, DIRTY_A, IOMMUD_ATTACH_MODE_AUTO, IOMMUD_ERROR_BUSY,
                              "container first");
  /* The group is owned by the first container's context. */
  model_fixture_attach_fails (fixture, second, DIRTY_A_SIBLING, IOMMUD_ATTACH_MODE_AUTO,
                              IOMMUD_ERROR_PERMISSION_DENIED, "EPERM");
  model_fixture_attach_fails (fixture, second, DIRTY_A_SIBLING, IOMMUD_ATTACH_MODE_AUTO,
                              IOMMUD_ERROR_PERMISSION_DENIED, DIRTY_A " in container first");
  model_fixture_free_container (first);
  model_fixture_free_container (second);
}

static const char unsafe_host[] =
    "<simulated-host>"
    "  <iommu name='dmar0' isolated-msi='no'/>"
    "  <iommu name='smmu3' hw-info='none' pasid-bits='16'/>"
    "  <device name='0000:01:00.0' iommu='dmar0' group='1'/>"
    "  <device name='0000:02:00.0' iommu='smmu3' group='2'/>"
    "  <device name='0000:02:00.1' iommu='smmu3' group='2' pasid-bits='16'/>"
    "</simulated-host>";

static void
assert_hardware (IommudDevice *device, const char *type, guint pasid_width)
{
  g_autofree char *iommu_type = NULL;
  guint width;

  g_object_get (device, "iommu-type", &iommu_type, "max-pasid-width", &width, NULL);
  g_assert_cmpstr (iommu_type, ==, type);
  g_assert_cmpuint (width, ==, pasid_width);
}

/* What the kernel says of the IOMMU once the device is bound. */
static void
test_hardware (ModelFixture *fixture, gconstpointer unused)
{
  IommudContainer *container =
      model_fixture_container (fixture, "a", IOMMUD_DIRTY_TRACKING_POLICY_OFF);
  IommudDevice *device = model_fixture_device (fixture, DIRTY_A);

  assert_hardware (device, "", 0);
  model_fixture_attach (fixture, container, DIRTY_A);
  model_fixture_attach (fixture, container, MDEV);
  assert_hardware (device, "intel-vtd", 0);
  assert_hardware (model_fixture_device (fixture, MDEV), "", 0);
  model_fixture_detach (fixture, DIRTY_A);
  assert_hardware (device, "", 0);
  model_fixture_free_container (container);
}

/* BIND's EPERM has several causes; the one that it has is told. */
static void
test_bind_refused (void)
{
  ModelFixture fixture = { 0 };
  g_autoptr (GError) error = NULL;
  IommudContainer *container;

  fixture.simulator = iommud_simulator_new_from_data (unsafe_host, -1, &error);
  g_assert_no_error (error);
  fixture.host = iommud_host_new (IOMMUD_BACKEND (fixture.simulator), &error);
  g_assert_no_error (error);
  container = model_fixture_container (&fixture, "a", IOMMUD_DIRTY_TRACKING_POLICY_OFF);
  model_fixture_attach_fails (&fixture, container, "0000:01:00.0", IOMMUD_ATTACH_MODE_AUTO,
                              IOMMUD_ERROR_PERMISSION_DENIED, "MSI interrupts are not isolated");
  model_fixture_attach (&fixture, container, "0000:02:00.1");
  assert_hardware (model_fixture_device (&fixture, "0000:02:00.1"), "none", 16);
  model_fixture_free_container (container);
  model_fixture_tear_down (&fixture, NULL);
}

static void
test_ranges_follow (ModelFixture *fixture, gconstpointer unused)
{
  IommudContainer *container =
      model_fixture_container (fixture, "a", IOMMUD_DIRTY_TRACKING_POLICY_OFF);
  g_autoptr (GVariant) before = NULL;
  g_autoptr (GVariant) during = NULL;
  g_autoptr (GVariant) after = NULL;
  g_autofree char *text = NULL;
  guint64 alignment;

  g_object_get (iommud_container_get_memory (container), "iova-ranges", &before, NULL);
  model_fixture_attach (fixture, container, RESERVED);
  g_object_get (iommud_container_get_memory (container), "iova-ranges", &during, "iova-alignment",
                &alignment, NULL);
  text = g_variant_print (during, FALSE);
  g_assert_cmpstr (text, ==,
                   "[(0, 1073741823), (2147483648, 4276092927), "
                   "(4277141504, 281474976710655)]");
  g_assert_cmpuint (alignment, ==, 4096);
  model_fixture_detach (fixture, RESERVED);
  g_object_get (iommud_container_get_memory (container), "iova-ranges", &after, NULL);
  g_assert_cmpvariant (before, after);
  model_fixture_free_container (container);
}

static char *
print_ranges (IommudContainer *container)
{
  g_autoptr (GVariant) ranges = NULL;

  g_object_get (iommud_container_get_memory (container), "iova-ranges", &ranges, NULL);
  return g_variant_print (ranges, FALSE);
}

static void
attach_or_alloc_fails (ModelFixture *fixture, IommudContainer *container, gboolean alloc,
                       IommudError code)
{
  IommudDevice *device = model_fixture_device (fixture, DIRTY_A);
  g_autoptr (GError) error = NULL;

  if (alloc)
    call_alloc_hwpt (container, device, IOMMUD_HWPT_FLAGS_NONE, NULL, &error);
  else
    call_attach_device (container, device, IOMMUD_ATTACH_MODE_AUTO, IOMMUD_TRACKER_CHOICE_AUTO,
                        NULL, NULL, &error);
  g_assert_error (error, IOMMUD_ERROR, (gint) code);
}

/* A HWPT that was made for an attach that failed, and that the kernel would not free. */
static void
leave_orphan (ModelFixture *fixture, IommudContainer *container, const char *ranges_before)
{
  g_autofree char *ranges = NULL;

  model_fixture_inject (fixture, "attach", 1, EIO, 0);
  model_fixture_inject (fixture, "destroy", 1, EBUSY, 0);
  attach_or_alloc_fails (fixture, container, FALSE, IOMMUD_ERROR_FAILED);
  ranges = print_ranges (container);
  g_assert_cmpstr (ranges, !=, ranges_before);
}

/* The next call frees that HWPT: its addresses are free again, even if the call itself fails. */
static void
test_ranges_come_back (ModelFixture *fixture, gconstpointer unused)
{
  static const char *const calls[] = { "bind", "hwpt-alloc" };
  IommudContainer *container =
      model_fixture_container (fixture, "a", IOMMUD_DIRTY_TRACKING_POLICY_OFF);
  g_autofree char *before = print_ranges (container);

  for (gsize i = 0; i < 2 * G_N_ELEMENTS (calls); i++)
    {
      g_autofree char *after = NULL;

      leave_orphan (fixture, container, before);
      model_fixture_inject (fixture, calls[i / 2], 1, ENOMEM, 0);
      attach_or_alloc_fails (fixture, container, i % 2 != 0, IOMMUD_ERROR_NO_MEMORY);
      after = print_ranges (container);
      g_assert_cmpstr (after, ==, before);
    }
  model_fixture_free_container (container);
}

#define ADD(path, function)                                                                        \
  g_test_add ("/attach/" path, ModelFixture, NULL, model_fixture_set_up, function,                 \
              model_fixture_tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("share-one-hwpt", test_share_one_hwpt);
  ADD ("incompatible-gets-another", test_incompatible_gets_another);
  ADD ("mdev-has-no-hwpt", test_mdev_has_no_hwpt);
  ADD ("dirty-capable-never-on-plain", test_dirty_capable_never_on_plain);
  ADD ("policy-required", test_policy_required);
  ADD ("group-shares-its-hwpt", test_group_shares_its_hwpt);
  ADD ("mixed-group", test_mixed_group);
  ADD ("kernel-mode", test_kernel_mode);
  ADD ("no-node", test_no_node);
  ADD ("direct-region", test_direct_region);
  ADD ("blocked-group-names-the-driver", test_blocked_group_names_the_driver);
  ADD ("held-elsewhere", test_held_elsewhere);
  ADD ("hardware", test_hardware);
  g_test_add_func ("/attach/bind-refused", test_bind_refused);
  ADD ("ranges-follow", test_ranges_follow);
  ADD ("ranges-come-back", test_ranges_come_back);
  return g_test_run ();
}
