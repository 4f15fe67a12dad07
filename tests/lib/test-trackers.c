/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which tracker covers a device, which devices block a migration, and what is refused. */
#include <string.h>

#include "model-fixture.h"

static gboolean
try_attach (ModelFixture *fixture, IommudContainer *container, const char *name,
            IommudAttachMode mode, IommudTrackerChoice tracker, GError **error)
{
  return call_attach_device (container, model_fixture_device (fixture, name), mode, tracker, NULL,
                             NULL, error);
}

static void
attach (ModelFixture *fixture, IommudContainer *container, const char *name, IommudAttachMode mode,
        IommudTrackerChoice tracker)
{
  g_autoptr (GError) error = NULL;

  try_attach (fixture, container, name, mode, tracker, &error);
  g_assert_no_error (error);
}

static void
refuse (ModelFixture *fixture, IommudContainer *container, const char *name, IommudAttachMode mode,
        IommudTrackerChoice tracker, const char *text)
{
  guint before = iommud_simulator_count_objects (fixture->simulator);
  g_autoptr (GError) error = NULL;

  g_assert_false (try_attach (fixture, container, name, mode, tracker, &error));
  g_assert_error (error, IOMMUD_ERROR, IOMMUD_ERROR_NOT_SUPPORTED);
  g_assert_nonnull (strstr (error->message, text));
  g_assert_cmpuint (iommud_simulator_count_objects (fixture->simulator), ==, before);
}

static IommudTrackerKind
get_tracker (ModelFixture *fixture, const char *name)
{
  IommudTrackerKind tracker;

  g_object_get (model_fixture_device (fixture, name), "dirty-tracker", &tracker, NULL);
  return tracker;
}

static IommudDirtyTrackingCoverage
get_coverage (IommudContainer *container)
{
  IommudDirtyTrackingCoverage coverage;

  g_object_get (iommud_container_get_dirty_tracking (container), "coverage", &coverage, NULL);
  return coverage;
}

/* The only blocker, or NULL. */
static char *
get_blocker (IommudContainer *container)
{
  g_auto (GStrv) blockers = NULL;

  g_object_get (iommud_container_get_dirty_tracking (container), "blockers", &blockers, NULL);
  g_assert_cmpuint (g_strv_length (blockers), <=, 1);
  return g_strdup (blockers[0]);
}

static void
assert_blocker (IommudContainer *container, const char *name, const char *iommu, const char *text)
{
  g_autofree char *blocker = get_blocker (container);

  g_assert_nonnull (blocker);
  g_assert_nonnull (strstr (blocker, name));
  g_assert_nonnull (strstr (blocker, iommu));
  g_assert_nonnull (strstr (blocker, text));
  g_assert_true (g_str_has_suffix (blocker, "."));
}

static void
count_notify (GObject *object, GParamSpec *pspec, gpointer count)
{
  (*(guint *) count)++;
}

static void
test_choice (ModelFixture *fixture, gconstpointer unused)
{
  IommudContainer *container =
      model_fixture_container (fixture, "a", IOMMUD_DIRTY_TRACKING_POLICY_PREFERRED);
  guint changes = 0;

  g_signal_connect (model_fixture_device (fixture, BOTH), "notify::dirty-tracker",
                    G_CALLBACK (count_notify), &changes);
  g_assert_cmpint (get_tracker (fixture, BOTH), ==, IOMMUD_TRACKER_KIND_UNKNOWN);
  attach (fixture, container, BOTH, IOMMUD_ATTACH_MODE_AUTO, IOMMUD_TRACKER_CHOICE_AUTO);
  g_assert_cmpint (get_tracker (fixture, BOTH), ==, IOMMUD_TRACKER_KIND_DEVICE);
  g_assert_cmpuint (changes, >, 0);
  model_fixture_detach (fixture, BOTH);
  attach (fixture, container, BOTH, IOMMUD_ATTACH_MODE_AUTO, IOMMUD_TRACKER_CHOICE_IOMMU);
  g_assert_cmpint (get_tracker (fixture, BOTH), ==, IOMMUD_TRACKER_KIND_IOMMU);
  model_fixture_detach (fixture, BOTH);
  g_assert_cmpint (get_tracker (fixture, BOTH), ==, IOMMUD_TRACKER_KIND_UNKNOWN);
  attach (fixture, container, BOTH, IOMMUD_ATTACH_MODE_KERNEL, IOMMUD_TRACKER_CHOICE_DEVICE);
  g_assert_cmpint (get_tracker (fixture, BOTH), ==, IOMMUD_TRACKER_KIND_DEVICE);
  g_assert_cmpint (get_coverage (container), ==, IOMMUD_DIRTY_TRACKING_COVERAGE_FULL);
  model_fixture_free_container (container);
}

/* The choice of the attach counts, also for a device that the container has bound before. */
static void
test_choice_of_bound (ModelFixture *fixture, gconstpointer unused)
{
  IommudContainer *container =
      model_fixture_container (fixture, "a", IOMMUD_DIRTY_TRACKING_POLICY_PREFERRED);
  g_autoptr (GError) error = NULL;
  g_autoptr (IommudHwpt) hwpt G_GNUC_UNUSED =
      call_alloc_hwpt (container, model_fixture_device (fixture, BOTH),
                       IOMMUD_HWPT_FLAGS_DIRTY_TRACKING, NULL, &error);

  g_assert_no_error (error);
  attach (fixture, container, BOTH, IOMMUD_ATTACH_MODE_AUTO, IOMMUD_TRACKER_CHOICE_IOMMU);
  g_assert_cmpint (get_tracker (fixture, BOTH), ==, IOMMUD_TRACKER_KIND_IOMMU);
  model_fixture_free_container (container);
}

static void
test_refused (ModelFixture *fixture, gconstpointer unused)
{
  IommudContainer *container =
      model_fixture_container (fixture, "a", IOMMUD_DIRTY_TRACKING_POLICY_PREFERRED);

  refuse (fixture, container, DIRTY_A, IOMMUD_ATTACH_MODE_AUTO, IOMMUD_TRACKER_CHOICE_DEVICE,
          "no log");
  refuse (fixture, container, MDEV, IOMMUD_ATTACH_MODE_AUTO, IOMMUD_TRACKER_CHOICE_IOMMU,
          "IOAS itself");
  refuse (fixture, container, DIRTY_A, IOMMUD_ATTACH_MODE_KERNEL, IOMMUD_TRACKER_CHOICE_IOMMU,
          "IOAS itself");
  refuse (fixture, container, LOGGING, IOMMUD_ATTACH_MODE_AUTO, IOMMUD_TRACKER_CHOICE_IOMMU,
          "its IOMMU cannot track");
  refuse (fixture, container, MIXED_DIRTY, IOMMUD_ATTACH_MODE_AUTO, IOMMUD_TRACKER_CHOICE_IOMMU,
          "IOMMU group 12");
  /* The group is on a HWPT without tracking. */
  attach (fixture, container, DIRTY_A, IOMMUD_ATTACH_MODE_KERNEL, IOMMUD_TRACKER_CHOICE_AUTO);
  refuse (fixture, container, DIRTY_A_SIBLING, IOMMUD_ATTACH_MODE_AUTO, IOMMUD_TRACKER_CHOICE_IOMMU,
          "made without it");
  model_fixture_free_container (container);

  container = model_fixture_container (fixture, "a", IOMMUD_DIRTY_TRACKING_POLICY_OFF);
  refuse (fixture, container, DIRTY_A, IOMMUD_ATTACH_MODE_AUTO, IOMMUD_TRACKER_CHOICE_IOMMU, "off");
  refuse (fixture, container, LOGGING, IOMMUD_ATTACH_MODE_AUTO, IOMMUD_TRACKER_CHOICE_DEVICE,
          "off");
  model_fixture_free_container (container);
}

static void
test_blockers (ModelFixture *fixture, gconstpointer unused)
{
  IommudContainer *container =
      model_fixture_container (fixture, "a", IOMMUD_DIRTY_TRACKING_POLICY_PREFERRED);
  guint changes = 0;

  g_signal_connect (iommud_container_get_dirty_tracking (container), "notify::blockers",
                    G_CALLBACK (count_notify), &changes);
  attach (fixture, container, DIRTY_A, IOMMUD_ATTACH_MODE_AUTO, IOMMUD_TRACKER_CHOICE_AUTO);
  attach (fixture, container, LOGGING, IOMMUD_ATTACH_MODE_AUTO, IOMMUD_TRACKER_CHOICE_AUTO);
  g_assert_cmpuint (changes, ==, 0);
  g_assert_null (get_blocker (container));

  attach (fixture, container, PLAIN_A, IOMMUD_ATTACH_MODE_AUTO, IOMMUD_TRACKER_CHOICE_AUTO);
  g_assert_cmpuint (changes, ==, 1);
  assert_blocker (container, PLAIN_A, "dmar1", "detach it");
  g_assert_cmpint (get_coverage (container), ==, IOMMUD_DIRTY_TRACKING_COVERAGE_PARTIAL);
  model_fixture_detach (fixture, PLAIN_A);
  g_assert_cmpuint (changes, ==, 2);
  g_assert_null (get_blocker (container));

  attach (fixture, container, MDEV, IOMMUD_ATTACH_MODE_AUTO, IOMMUD_TRACKER_CHOICE_AUTO);
  assert_blocker (container, MDEV, "mtty", "no log of its own");
  model_fixture_detach (fixture, MDEV);
  attach (fixture, container, DIRTY_B, IOMMUD_ATTACH_MODE_KERNEL, IOMMUD_TRACKER_CHOICE_AUTO);
  assert_blocker (container, DIRTY_B, "dmar0", "mode auto");
  model_fixture_detach (fixture, DIRTY_B);
  attach (fixture, container, MIXED_DIRTY, IOMMUD_ATTACH_MODE_AUTO, IOMMUD_TRACKER_CHOICE_AUTO);
  assert_blocker (container, MIXED_DIRTY, "dmar0", "IOMMU group 12");
  model_fixture_free_container (container);
}

static void
test_off (ModelFixture *fixture, gconstpointer unused)
{
  IommudContainer *container =
      model_fixture_container (fixture, "a", IOMMUD_DIRTY_TRACKING_POLICY_OFF);

  g_assert_cmpint (get_coverage (container), ==, IOMMUD_DIRTY_TRACKING_COVERAGE_NONE);
  attach (fixture, container, BOTH, IOMMUD_ATTACH_MODE_AUTO, IOMMUD_TRACKER_CHOICE_AUTO);
  g_assert_cmpint (get_tracker (fixture, BOTH), ==, IOMMUD_TRACKER_KIND_DEVICE);
  g_assert_cmpint (get_coverage (container), ==, IOMMUD_DIRTY_TRACKING_COVERAGE_NONE);
  assert_blocker (container, BOTH, "dmar0", "dirty-tracking off");
  attach (fixture, container, DIRTY_A, IOMMUD_ATTACH_MODE_AUTO, IOMMUD_TRACKER_CHOICE_AUTO);
  g_assert_cmpint (get_tracker (fixture, DIRTY_A), ==, IOMMUD_TRACKER_KIND_IOMMU);
  attach (fixture, container, PLAIN_A, IOMMUD_ATTACH_MODE_AUTO, IOMMUD_TRACKER_CHOICE_AUTO);
  g_assert_cmpint (get_tracker (fixture, PLAIN_A), ==, IOMMUD_TRACKER_KIND_NONE);
  g_assert_cmpint (get_coverage (container), ==, IOMMUD_DIRTY_TRACKING_COVERAGE_NONE);
  model_fixture_free_container (container);
}

/* A device keeps to what it was attached with as long as its HWPT can do it. */
static void
test_replace_to_plain (ModelFixture *fixture, gconstpointer unused)
{
  IommudContainer *container =
      model_fixture_container (fixture, "a", IOMMUD_DIRTY_TRACKING_POLICY_PREFERRED);
  IommudDevice *both = model_fixture_device (fixture, BOTH);
  IommudDevice *dirty = model_fixture_device (fixture, DIRTY_B);
  g_autoptr (IommudHwpt) plain = NULL;
  g_autoptr (GError) error = NULL;

  attach (fixture, container, BOTH, IOMMUD_ATTACH_MODE_AUTO, IOMMUD_TRACKER_CHOICE_IOMMU);
  attach (fixture, container, DIRTY_B, IOMMUD_ATTACH_MODE_AUTO, IOMMUD_TRACKER_CHOICE_AUTO);
  plain = call_alloc_hwpt (container, both, IOMMUD_HWPT_FLAGS_NONE, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (iommud_hwpt_attach_device (plain, both, NULL, &error));
  g_assert_cmpint (get_tracker (fixture, BOTH), ==, IOMMUD_TRACKER_KIND_DEVICE);
  g_assert_null (get_blocker (container));
  g_assert_true (iommud_hwpt_attach_device (plain, dirty, NULL, &error));
  g_assert_cmpint (get_tracker (fixture, DIRTY_B), ==, IOMMUD_TRACKER_KIND_NONE);
  assert_blocker (container, DIRTY_B, "dmar0", "HWPT a/2");
  model_fixture_free_container (container);
}

#define ADD(path, function)                                                                        \
  g_test_add ("/trackers/" path, ModelFixture, NULL, model_fixture_set_up, function,               \
              model_fixture_tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("choice", test_choice);
  ADD ("choice-of-bound", test_choice_of_bound);
  ADD ("refused", test_refused);
  ADD ("blockers", test_blockers);
  ADD ("off", test_off);
  ADD ("replace-to-plain", test_replace_to_plain);
  return g_test_run ();
}
