/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a listener sees while a device is attached, moved and detached: no property points at a HWPT
 * that is not listed, or that does not list the device. */
#include "model-fixture.h"

#include <string.h>

/* Writes a line for each notification. */
typedef struct
{
  ModelFixture model;
  IommudContainer *container;
  GPtrArray *hwpts; /* as they were listed; their names are A, B... */
  GString *log;
} Fixture;

static gboolean
is_listed (GListModel *list, gpointer item)
{
  for (guint i = 0; i < g_list_model_get_n_items (list); i++)
    {
      g_autoptr (GObject) listed = g_list_model_get_item (list, i);

      if (listed == item)
        return TRUE;
    }
  return FALSE;
}

static char
name_of (Fixture *self, IommudHwpt *hwpt)
{
  guint index;

  g_assert_true (g_ptr_array_find (self->hwpts, hwpt, &index));
  return (char) ('A' + index);
}

/* The property points at a HWPT that is there, and on which the device is. */
static void
on_hwpt_property (IommudDevice *device, GParamSpec *pspec, Fixture *self)
{
  IommudHwpt *hwpt = iommud_device_get_hwpt (device);

  if (hwpt == NULL)
    {
      g_string_append (self->log, "none ");
      return;
    }
  g_assert_true (is_listed (iommud_container_get_hwpts (self->container), hwpt));
  g_assert_true (is_listed (iommud_hwpt_get_devices (hwpt), device));
  g_string_append_printf (self->log, "points-at-%c ", name_of (self, hwpt));
}

static void
on_container_property (IommudDevice *device, GParamSpec *pspec, Fixture *self)
{
  g_string_append (self->log, iommud_device_get_container (device) != NULL ? "bound " : "unbound ");
}

static gboolean
is_pointed_at (Fixture *self, IommudHwpt *hwpt)
{
  GListModel *devices = iommud_host_get_devices (self->model.host);

  for (guint i = 0; i < g_list_model_get_n_items (devices); i++)
    {
      g_autoptr (IommudDevice) device = g_list_model_get_item (devices, i);

      if (iommud_device_get_hwpt (device) == hwpt)
        return TRUE;
    }
  return FALSE;
}

/* A device that has left a HWPT does not point at it. */
static void
on_devices_changed (GListModel *devices, guint position, guint n_removed, guint n_added,
                    IommudHwpt *hwpt)
{
  Fixture *self = g_object_get_data (G_OBJECT (hwpt), "fixture");
  guint n_devices = g_list_model_get_n_items (devices);

  g_string_append_printf (self->log, "%c-has-%u ", name_of (self, hwpt), n_devices);
  if (n_devices == 0)
    g_assert_false (is_pointed_at (self, hwpt));
}

static void
add_hwpt (Fixture *self, IommudHwpt *hwpt)
{
  g_ptr_array_add (self->hwpts, g_object_ref (hwpt));
  g_object_set_data (G_OBJECT (hwpt), "fixture", self);
  g_signal_connect (iommud_hwpt_get_devices (hwpt), "items-changed",
                    G_CALLBACK (on_devices_changed), hwpt);
  g_string_append_printf (self->log, "+%c-has-%u ", name_of (self, hwpt),
                          g_list_model_get_n_items (iommud_hwpt_get_devices (hwpt)));
}

static void
on_hwpts_changed (GListModel *hwpts, guint position, guint n_removed, guint n_added, Fixture *self)
{
  for (guint i = position; i < position + n_added; i++)
    {
      g_autoptr (IommudHwpt) hwpt = g_list_model_get_item (hwpts, i);

      add_hwpt (self, hwpt);
    }
  if (n_removed > 0)
    g_string_append (self->log, "hwpt-gone ");
  for (guint i = 0; n_removed > 0 && i < self->hwpts->len; i++)
    if (!is_listed (hwpts, self->hwpts->pdata[i]))
      g_assert_false (is_pointed_at (self, self->hwpts->pdata[i]));
}

static void
watch (Fixture *self, const char *device)
{
  IommudDevice *watched = model_fixture_device (&self->model, device);

  g_signal_connect (watched, "notify::hwpt", G_CALLBACK (on_hwpt_property), self);
  g_signal_connect (watched, "notify::container", G_CALLBACK (on_container_property), self);
}

static void
set_up (Fixture *self, gconstpointer unused)
{
  model_fixture_set_up (&self->model, NULL);
  self->container = model_fixture_container (&self->model, "a", IOMMUD_DIRTY_TRACKING_POLICY_OFF);
  self->hwpts = g_ptr_array_new_with_free_func (g_object_unref);
  self->log = g_string_new (NULL);
  g_signal_connect (iommud_container_get_hwpts (self->container), "items-changed",
                    G_CALLBACK (on_hwpts_changed), self);
  watch (self, DIRTY_A);
  watch (self, DIRTY_B);
}

static void
tear_down (Fixture *self, gconstpointer unused)
{
  for (guint i = 0; i < self->hwpts->len; i++)
    g_signal_handlers_disconnect_by_data (iommud_hwpt_get_devices (self->hwpts->pdata[i]),
                                          self->hwpts->pdata[i]);
  g_signal_handlers_disconnect_by_data (iommud_container_get_hwpts (self->container), self);
  g_signal_handlers_disconnect_by_data (model_fixture_device (&self->model, DIRTY_A), self);
  g_signal_handlers_disconnect_by_data (model_fixture_device (&self->model, DIRTY_B), self);
  g_ptr_array_unref (self->hwpts);
  g_string_free (self->log, TRUE);
  model_fixture_free_container (self->container);
  model_fixture_tear_down (&self->model, NULL);
}

static void
assert_log (Fixture *self, const char *expected)
{
  g_assert_cmpstr (self->log->str, ==, expected);
  g_string_truncate (self->log, 0);
}

/* A HWPT that is new has its device when it is listed; one that is not gets it before anything of
 * the device changes, since clients of the bus are told of objects in that order. */
static void
test_attach_and_detach (Fixture *self, gconstpointer unused)
{
  model_fixture_attach (&self->model, self->container, DIRTY_A);
  assert_log (self, "+A-has-1 bound points-at-A ");
  model_fixture_attach (&self->model, self->container, DIRTY_B);
  assert_log (self, "A-has-2 bound points-at-A ");
  model_fixture_detach (&self->model, DIRTY_A);
  assert_log (self, "none A-has-1 unbound ");
  model_fixture_detach (&self->model, DIRTY_B);
  assert_log (self, "none A-has-0 unbound hwpt-gone ");
}

/* A device that moves is on both HWPTs until its property points at the new one. */
static void
test_move (Fixture *self, gconstpointer unused)
{
  IommudDevice *device = model_fixture_device (&self->model, DIRTY_A);
  g_autoptr (GError) error = NULL;
  g_autoptr (IommudHwpt) hwpt = NULL;

  model_fixture_attach (&self->model, self->container, DIRTY_A);
  hwpt = call_alloc_hwpt (self->container, device, IOMMUD_HWPT_FLAGS_NONE, NULL, &error);
  g_assert_no_error (error);
  assert_log (self, "+A-has-1 bound points-at-A +B-has-0 ");
  g_assert_true (iommud_hwpt_attach_device (hwpt, device, NULL, &error));
  assert_log (self, "B-has-1 points-at-B A-has-0 hwpt-gone ");
}

/* The kernel's own HWPT goes with its last device. */
static void
test_kernel_hwpt (Fixture *self, gconstpointer unused)
{
  g_autoptr (GError) error = NULL;

  call_attach_device (self->container, model_fixture_device (&self->model, DIRTY_A),
                      IOMMUD_ATTACH_MODE_KERNEL, IOMMUD_TRACKER_CHOICE_AUTO, NULL, NULL, &error);
  g_assert_no_error (error);
  assert_log (self, "+A-has-1 bound points-at-A ");
  model_fixture_detach (&self->model, DIRTY_A);
  assert_log (self, "none A-has-0 hwpt-gone unbound ");
}

static void
test_free (Fixture *self, gconstpointer unused)
{
  IommudContainer *container = self->container;
  g_autoptr (GError) error = NULL;

  model_fixture_attach (&self->model, container, DIRTY_A);
  model_fixture_attach (&self->model, container, DIRTY_B);
  g_string_truncate (self->log, 0);
  g_assert_true (iommud_container_free (container, TRUE, NULL, &error));
  assert_log (self, "none A-has-1 unbound none A-has-0 unbound hwpt-gone ");
  self->container = model_fixture_container (&self->model, "b", IOMMUD_DIRTY_TRACKING_POLICY_OFF);
  g_signal_handlers_disconnect_by_data (iommud_container_get_hwpts (container), self);
  g_object_unref (container);
}

static void
count_notification (GObject *object, GParamSpec *pspec, gpointer user_data)
{
  ++*(guint *) user_data;
}

/* The number of blockers is told when it changes, and only then. */
static void
test_n_blockers (Fixture *self, gconstpointer unused)
{
  IommudContainer *container =
      model_fixture_container (&self->model, "b", IOMMUD_DIRTY_TRACKING_POLICY_PREFERRED);
  guint n_told = 0;

  g_signal_connect (iommud_container_get_dirty_tracking (container), "notify::n-blockers",
                    G_CALLBACK (count_notification), &n_told);
  model_fixture_attach (&self->model, container, LOGGING);
  g_assert_cmpuint (n_told, ==, 0);
  model_fixture_attach (&self->model, container, PLAIN_A);
  g_assert_cmpuint (n_told, ==, 1);
  model_fixture_detach (&self->model, PLAIN_A);
  g_assert_cmpuint (n_told, ==, 2);
  g_signal_handlers_disconnect_by_data (iommud_container_get_dirty_tracking (container), &n_told);
  g_string_truncate (self->log, 0);
  model_fixture_free_container (container);
}

/* Page tables of an IOMMU need whole pages. */
static void
test_alignment (Fixture *self, gconstpointer unused)
{
  IommudMemory *memory = iommud_container_get_memory (self->container);
  guint64 alignment = 0;
  guint n_told = 0;

  g_signal_connect (memory, "notify::iova-alignment", G_CALLBACK (count_notification), &n_told);
  model_fixture_attach (&self->model, self->container, DIRTY_A);
  g_assert_cmpuint (n_told, ==, 1);
  g_object_get (memory, "iova-alignment", &alignment, NULL);
  g_assert_cmpuint (alignment, ==, 4096);
  model_fixture_attach (&self->model, self->container, DIRTY_B);
  g_assert_cmpuint (n_told, ==, 1);
  model_fixture_detach (&self->model, DIRTY_A);
  model_fixture_detach (&self->model, DIRTY_B);
  g_assert_cmpuint (n_told, ==, 2);
  g_object_get (memory, "iova-alignment", &alignment, NULL);
  g_assert_cmpuint (alignment, ==, 1);
  g_signal_handlers_disconnect_by_data (memory, &n_told);
}

#define ADD(path, function)                                                                        \
  g_test_add ("/notifications/" path, Fixture, NULL, set_up, function, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("attach-and-detach", test_attach_and_detach);
  ADD ("move", test_move);
  ADD ("kernel-hwpt", test_kernel_hwpt);
  ADD ("n-blockers", test_n_blockers);
  ADD ("alignment", test_alignment);
  ADD ("free", test_free);
  return g_test_run ();
}
