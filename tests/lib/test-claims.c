/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Calls on a device that belongs to another container, or whose container is being freed, while the
 * queue of a context is busy: the device's owner does not wait for them. */
#include "model-fixture.h"

typedef struct
{
  ModelFixture model;
  IommudContainer *own;     /* has PLAIN_A attached */
  IommudContainer *foreign; /* of another context, which is busy */
  IommudHwpt *foreign_hwpt;
  GAsyncResult *busy; /* the result of what it is busy with */
} Fixture;

static void
on_ready (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_set_object ((GAsyncResult **) user_data, result);
}

static void
wait_for (GAsyncResult **result)
{
  while (*result == NULL)
    g_main_context_iteration (NULL, TRUE);
}

static void
make_busy (Fixture *self, IommudContainer *container)
{
  model_fixture_inject (&self->model, "hwpt-alloc", 1, 0, 100);
  iommud_container_alloc_hwpt_async (container, model_fixture_device (&self->model, DIRTY_A), NULL,
                                     NULL, on_ready, &self->busy);
}

static void
finish_busy (Fixture *self, IommudContainer *container)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (IommudHwpt) hwpt = NULL;

  wait_for (&self->busy);
  hwpt = iommud_container_alloc_hwpt_finish (container, self->busy, &error);
  g_assert_no_error (error);
  g_clear_object (&self->busy);
}

static void
set_up (Fixture *self, gconstpointer unused)
{
  g_autoptr (GError) error = NULL;

  model_fixture_set_up (&self->model, NULL);
  self->own = model_fixture_container (&self->model, "own", IOMMUD_DIRTY_TRACKING_POLICY_OFF);
  self->foreign =
      model_fixture_container (&self->model, "foreign", IOMMUD_DIRTY_TRACKING_POLICY_OFF);
  self->foreign_hwpt = call_alloc_hwpt (self->foreign, model_fixture_device (&self->model, DIRTY_B),
                                        IOMMUD_HWPT_FLAGS_NONE, NULL, &error);
  g_assert_no_error (error);
  model_fixture_attach (&self->model, self->own, PLAIN_A);
}

static void
tear_down (Fixture *self, gconstpointer unused)
{
  g_object_unref (self->foreign_hwpt);
  model_fixture_free_container (self->foreign);
  if (self->own != NULL)
    model_fixture_free_container (self->own);
  model_fixture_tear_down (&self->model, NULL);
}

/* The device's owner can detach it although the other container's context is busy. */
static void
check_owner_goes_on (Fixture *self, GAsyncResult **refused)
{
  g_autoptr (GAsyncResult) detached = NULL;
  g_autoptr (GError) error = NULL;
  IommudDevice *device = model_fixture_device (&self->model, PLAIN_A);

  iommud_device_detach_async (device, NULL, on_ready, &detached);
  wait_for (&detached);
  g_assert_true (iommud_device_detach_finish (device, detached, &error));
  g_assert_no_error (error);
  wait_for (refused);
  g_assert_null (self->busy);
}

static void
assert_busy (const GError *error)
{
  g_assert_error (error, IOMMUD_ERROR, IOMMUD_ERROR_BUSY);
  g_assert_nonnull (strstr (error->message, "own: detach it first"));
}

static void
test_attach (Fixture *self, gconstpointer unused)
{
  g_autoptr (GAsyncResult) refused = NULL;
  g_autoptr (GError) error = NULL;

  make_busy (self, self->foreign);
  iommud_container_attach_device_async (self->foreign, model_fixture_device (&self->model, PLAIN_A),
                                        NULL, NULL, on_ready, &refused);
  check_owner_goes_on (self, &refused);
  g_assert_false (iommud_container_attach_device_finish (self->foreign, refused, NULL, &error));
  assert_busy (error);
  finish_busy (self, self->foreign);
}

static void
test_alloc_hwpt (Fixture *self, gconstpointer unused)
{
  g_autoptr (GAsyncResult) refused = NULL;
  g_autoptr (GError) error = NULL;

  make_busy (self, self->foreign);
  iommud_container_alloc_hwpt_async (self->foreign, model_fixture_device (&self->model, PLAIN_A),
                                     NULL, NULL, on_ready, &refused);
  check_owner_goes_on (self, &refused);
  g_assert_null (iommud_container_alloc_hwpt_finish (self->foreign, refused, &error));
  assert_busy (error);
  finish_busy (self, self->foreign);
}

static void
test_replace (Fixture *self, gconstpointer unused)
{
  g_autoptr (GAsyncResult) refused = NULL;
  g_autoptr (GError) error = NULL;

  make_busy (self, self->foreign);
  iommud_hwpt_attach_device_async (self->foreign_hwpt, model_fixture_device (&self->model, PLAIN_A),
                                   NULL, on_ready, &refused);
  check_owner_goes_on (self, &refused);
  g_assert_false (iommud_hwpt_attach_device_finish (self->foreign_hwpt, refused, &error));
  assert_busy (error);
  finish_busy (self, self->foreign);
}

/* A Detach behind a forced free in the queue does not make it fail, and finds nothing to do. */
static void
test_forced_free (Fixture *self, gconstpointer unused)
{
  g_autoptr (GAsyncResult) freed = NULL;
  g_autoptr (GAsyncResult) detached = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (IommudContainer) own = g_steal_pointer (&self->own);
  IommudDevice *device = model_fixture_device (&self->model, PLAIN_A);

  make_busy (self, own);
  iommud_container_free_async (own, TRUE, NULL, on_ready, &freed);
  iommud_device_detach_async (device, NULL, on_ready, &detached);
  finish_busy (self, own);
  wait_for (&freed);
  g_assert_true (iommud_container_free_finish (own, freed, &error));
  g_assert_no_error (error);
  wait_for (&detached);
  g_assert_false (iommud_device_detach_finish (device, detached, &error));
  g_assert_error (error, IOMMUD_ERROR, IOMMUD_ERROR_INVALID_ARGUMENT);
  g_assert_cmpint (iommud_device_get_state (device), ==, IOMMUD_DEVICE_STATE_AVAILABLE);
  /* Nothing holds it any more. */
  model_fixture_attach (&self->model, self->foreign, PLAIN_A);
}

#define ADD(name, test) g_test_add ("/claims/" name, Fixture, NULL, set_up, test, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("attach", test_attach);
  ADD ("alloc-hwpt", test_alloc_hwpt);
  ADD ("replace", test_replace);
  ADD ("forced-free", test_forced_free);
  return g_test_run ();
}
