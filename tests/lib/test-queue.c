/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Calls that wait for their turn in the queue of a context: an unplug overtakes them, a
 * cancellation ends them, and a handler of a signal cannot wait for one. */
#include "config.h"

#include "model-fixture.h"

#include <sys/mman.h>
#include <unistd.h>

#include <glib/gstdio.h>

typedef struct
{
  GObject *source;
  GAsyncResult *result;
  guint order; /* its place in the order of ends; 0: it has not ended */
} Call;

typedef struct
{
  ModelFixture model;
  IommudContainer *container; /* PLAIN_A is attached in it, and PLAIN_B bound to it */
  IommudContainer *other;     /* of another context */
  Call busy;                  /* what the container's context is busy with */
  Call waiting;               /* an operation that does not claim these devices, and waits */
} Fixture;

static guint n_ended;

static void
on_ready (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Call *call = user_data;

  call->source = g_object_ref (source);
  call->result = g_object_ref (result);
  call->order = ++n_ended;
}

static void
wait_for (const Call *call)
{
  while (call->order == 0)
    g_main_context_iteration (NULL, TRUE);
}

static void
clear (Call *call)
{
  wait_for (call);
  g_clear_object (&call->source);
  g_clear_object (&call->result);
  call->order = 0;
}

static void
set_up (Fixture *self, gconstpointer unused)
{
  g_autoptr (IommudHwpt) hwpt = NULL;
  g_autoptr (GError) error = NULL;

  n_ended = 0;
  model_fixture_set_up (&self->model, NULL);
  self->container = model_fixture_container (&self->model, "a", IOMMUD_DIRTY_TRACKING_POLICY_OFF);
  self->other = model_fixture_container (&self->model, "b", IOMMUD_DIRTY_TRACKING_POLICY_OFF);
  model_fixture_attach (&self->model, self->container, PLAIN_A);
  hwpt = call_alloc_hwpt (self->container, model_fixture_device (&self->model, PLAIN_B),
                          IOMMUD_HWPT_FLAGS_NONE, NULL, &error);
  g_assert_no_error (error);
}

static void
tear_down (Fixture *self, gconstpointer unused)
{
  model_fixture_free_container (self->container);
  model_fixture_free_container (self->other);
  model_fixture_tear_down (&self->model, NULL);
}

/* One operation is under way, and one waits, once the main loop runs. */
static void
make_busy (Fixture *self)
{
  model_fixture_inject (&self->model, "hwpt-alloc", 1, 0, 100);
  iommud_container_alloc_hwpt_async (self->container, model_fixture_device (&self->model, DIRTY_A),
                                     NULL, NULL, on_ready, &self->busy);
  iommud_container_alloc_hwpt_async (self->container, model_fixture_device (&self->model, DIRTY_B),
                                     NULL, NULL, on_ready, &self->waiting);
}

static void
finish_busy (Fixture *self)
{
  clear (&self->busy);
  clear (&self->waiting);
}

static void
unplug (Fixture *self, const char *device)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (iommud_simulator_unplug_device (self->model.simulator, device, &error));
  g_assert_no_error (error);
}

/* The device has left although an operation that came before still waits. */
static void
assert_overtaken (Fixture *self, const char *device)
{
  while (iommud_host_find_device (self->model.host, device, NULL) != NULL)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpuint (self->waiting.order, ==, 0);
}

static void
test_unplug_after_detach (Fixture *self, gconstpointer unused)
{
  g_autoptr (IommudDevice) device = g_object_ref (model_fixture_device (&self->model, PLAIN_A));
  g_autoptr (GError) error = NULL;
  Call detach = { 0 };

  make_busy (self);
  iommud_device_detach_async (device, NULL, on_ready, &detach);
  unplug (self, PLAIN_A);
  assert_overtaken (self, PLAIN_A);
  wait_for (&detach);
  g_assert_true (iommud_device_detach_finish (device, detach.result, &error));
  g_assert_no_error (error);
  clear (&detach);
  finish_busy (self);
}

/* The attach would be the device's second operation of the queue: it ends, and makes room for the
 * detach. */
static void
test_unplug_after_attach (Fixture *self, gconstpointer unused)
{
  g_autoptr (GError) error = NULL;
  Call attach = { 0 };

  make_busy (self);
  iommud_container_attach_device_async (
      self->container, model_fixture_device (&self->model, PLAIN_B), NULL, NULL, on_ready, &attach);
  unplug (self, PLAIN_B);
  assert_overtaken (self, PLAIN_B);
  wait_for (&attach);
  g_assert_false (
      iommud_container_attach_device_finish (self->container, attach.result, NULL, &error));
  g_assert_error (error, IOMMUD_ERROR, IOMMUD_ERROR_DEVICE_GONE);
  clear (&attach);
  finish_busy (self);
}

static void
test_unplug_after_alloc (Fixture *self, gconstpointer unused)
{
  g_autoptr (GError) error = NULL;
  Call alloc = { 0 };

  make_busy (self);
  iommud_container_alloc_hwpt_async (self->container, model_fixture_device (&self->model, PLAIN_A),
                                     NULL, NULL, on_ready, &alloc);
  unplug (self, PLAIN_A);
  assert_overtaken (self, PLAIN_A);
  wait_for (&alloc);
  g_assert_null (iommud_container_alloc_hwpt_finish (self->container, alloc.result, &error));
  g_assert_error (error, IOMMUD_ERROR, IOMMUD_ERROR_DEVICE_GONE);
  clear (&alloc);
  finish_busy (self);
}

static void
test_unplug_after_replace (Fixture *self, gconstpointer unused)
{
  g_autoptr (IommudHwpt) hwpt =
      g_list_model_get_item (iommud_container_get_hwpts (self->container), 1);
  g_autoptr (GError) error = NULL;
  Call replace = { 0 };

  make_busy (self);
  iommud_hwpt_attach_device_async (hwpt, model_fixture_device (&self->model, PLAIN_A), NULL,
                                   on_ready, &replace);
  unplug (self, PLAIN_A);
  assert_overtaken (self, PLAIN_A);
  wait_for (&replace);
  g_assert_false (iommud_hwpt_attach_device_finish (hwpt, replace.result, &error));
  g_assert_error (error, IOMMUD_ERROR, IOMMUD_ERROR_DEVICE_GONE);
  clear (&replace);
  finish_busy (self);
}

/* It has ended before the operation under way has, nothing was done, and the claim has ended. */
static void
test_cancel (Fixture *self, gconstpointer cancel_first)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  Call attach = { 0 };
  Call attach_elsewhere = { 0 };

  make_busy (self);
  call_attach_device_async (self->container, model_fixture_device (&self->model, LOGGING),
                            IOMMUD_ATTACH_MODE_AUTO, IOMMUD_TRACKER_CHOICE_AUTO, cancellable,
                            on_ready, &attach);
  if (cancel_first == NULL)
    g_main_context_iteration (NULL, TRUE);
  g_cancellable_cancel (cancellable);
  wait_for (&attach);
  g_assert_false (
      iommud_container_attach_device_finish (self->container, attach.result, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpuint (self->busy.order, ==, 0);
  call_attach_device_async (self->other, model_fixture_device (&self->model, LOGGING),
                            IOMMUD_ATTACH_MODE_AUTO, IOMMUD_TRACKER_CHOICE_AUTO, NULL, on_ready,
                            &attach_elsewhere);
  wait_for (&attach_elsewhere);
  g_clear_error (&error);
  iommud_container_attach_device_finish (self->other, attach_elsewhere.result, NULL, &error);
  g_assert_no_error (error);
  clear (&attach);
  clear (&attach_elsewhere);
  finish_busy (self);
}

/* What cannot be done while a long mapping is unfinished keeps others waiting, until it is
 * cancelled. */
static void
test_cancel_lets_others_begin (Fixture *self, gconstpointer unused)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  Call map = { 0 };
  Call unmap = { 0 };
  Call attach = { 0 };
  const guint64 iova = G_GUINT64_CONSTANT (4) << 30;
  const guint64 length = 4 * iova;
  IommudMemory *memory = iommud_container_get_memory (self->container);
  g_autoptr (GError) error = NULL;
  int file = memfd_create ("file", MFD_CLOEXEC);

  g_assert_cmpint (ftruncate (file, (off_t) length), ==, 0);
  call_map_file_async (self->container, file, 0, length, iova,
                       IOMMUD_MAP_FLAGS_READABLE | IOMMUD_MAP_FLAGS_FIXED, NULL, on_ready, &map);
  iommud_memory_unmap_all_async (memory, cancellable, on_ready, &unmap);
  call_attach_device_async (self->container, model_fixture_device (&self->model, LOGGING),
                            IOMMUD_ATTACH_MODE_AUTO, IOMMUD_TRACKER_CHOICE_AUTO, NULL, on_ready,
                            &attach);
  g_main_context_iteration (NULL, TRUE);
  g_cancellable_cancel (cancellable);
  clear (&attach);
  g_assert_cmpuint (map.order, ==, 0);
  clear (&unmap);
  wait_for (&map);
  iommud_memory_map_file_finish (memory, map.result, NULL, &error);
  g_assert_no_error (error);
  clear (&map);
  g_close (file, NULL);
}

typedef struct
{
  IommudContainer *container;
  IommudDevice *device;
  gboolean attached;
  GError *error;
} Handler;

static void
attach_from_handler (IommudDevice *device, GParamSpec *pspec, gpointer user_data)
{
  Handler *self = user_data;

  g_signal_handlers_disconnect_by_data (device, self);
  self->attached = call_attach_device (self->container, self->device, IOMMUD_ATTACH_MODE_AUTO,
                                       IOMMUD_TRACKER_CHOICE_AUTO, NULL, NULL, &self->error);
}

/* @container: where the handler attaches LOGGING while PLAIN_A is being detached. */
static void
call_from_handler (Fixture *self, IommudContainer *container, Handler *handler)
{
  IommudDevice *device = model_fixture_device (&self->model, PLAIN_A);

  handler->container = container;
  handler->device = model_fixture_device (&self->model, LOGGING);
  g_signal_connect (device, "notify::hwpt", G_CALLBACK (attach_from_handler), handler);
  model_fixture_detach (&self->model, PLAIN_A);
}

static void
test_handler (Fixture *self, gconstpointer unused)
{
  Handler handler = { 0 };

  call_from_handler (self, self->container, &handler);
  g_assert_false (handler.attached);
  g_assert_error (handler.error, IOMMUD_ERROR, IOMMUD_ERROR_BUSY);
  g_assert_nonnull (strstr (handler.error->message, "from a handler"));
  g_clear_error (&handler.error);
  /* The claim has ended. */
  model_fixture_attach (&self->model, self->container, LOGGING);
}

/* What takes long to publish is published in parts. */
static void
test_handler_of_part (Fixture *self, gconstpointer unused)
{
  Handler handler = { .container = self->other,
                      .device = model_fixture_device (&self->model, DIRTY_A) };
  IommudDevice *device = model_fixture_device (&self->model, LOGGING);

  model_fixture_attach (&self->model, self->other, LOGGING);
  g_signal_connect (device, "notify::container", G_CALLBACK (attach_from_handler), &handler);
  model_fixture_free_container (self->other);
  g_assert_false (handler.attached);
  g_assert_error (handler.error, IOMMUD_ERROR, IOMMUD_ERROR_BUSY);
  g_clear_error (&handler.error);
  self->other = model_fixture_container (&self->model, "c", IOMMUD_DIRTY_TRACKING_POLICY_OFF);
}

static void
test_handler_elsewhere (Fixture *self, gconstpointer unused)
{
  Handler handler = { 0 };

  call_from_handler (self, self->other, &handler);
  g_assert_no_error (handler.error);
  g_assert_true (handler.attached);
}

/* The operation has ended for its callback, and so has its claim of the device. */
static void
on_detached (GObject *source, GAsyncResult *result, gpointer user_data)
{
  attach_from_handler (IOMMUD_DEVICE (source), NULL, user_data);
}

static void
test_callback (Fixture *self, gconstpointer unused)
{
  Handler handler = { .container = self->container,
                      .device = model_fixture_device (&self->model, PLAIN_A) };

  iommud_device_detach_async (handler.device, NULL, on_detached, &handler);
  while (!handler.attached)
    {
      g_main_context_iteration (NULL, TRUE);
      g_assert_no_error (handler.error);
    }
}

#define ADD(name, data, test) g_test_add ("/queue/" name, Fixture, data, set_up, test, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("unplug-after-detach", NULL, test_unplug_after_detach);
  ADD ("unplug-after-attach", NULL, test_unplug_after_attach);
  ADD ("unplug-after-alloc", NULL, test_unplug_after_alloc);
  ADD ("unplug-after-replace", NULL, test_unplug_after_replace);
  ADD ("cancel", NULL, test_cancel);
  ADD ("cancel-before-loop", "cancel first", test_cancel);
  ADD ("cancel-lets-others-begin", NULL, test_cancel_lets_others_begin);
  ADD ("handler", NULL, test_handler);
  ADD ("handler-of-part", NULL, test_handler_of_part);
  ADD ("handler-elsewhere", NULL, test_handler_elsewhere);
  ADD ("callback", NULL, test_callback);
  return g_test_run ();
}
