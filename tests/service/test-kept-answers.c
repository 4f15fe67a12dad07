/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which answers wait until the service manager has what was opened, and what may happen meanwhile.
 */
#include "config.h"

#include <string.h>

#include "leases.h"
#include "lives.h"

#define PCI_1 "0000:01:00.0"

/* When a call is answered, the manager has what the call has made. */
static void
test_kept_before_answer (Lives *self, gconstpointer unused)
{
  g_autofree char *container = bed_create (self->bed, "{}");
  g_autofree char *device = bed_device (self->bed, PCI_1);
  g_autofree char *hwpt = NULL;

  lives_assert_kept (self, "context");
  hwpt = bed_attach (self->bed, container, device);
  lives_assert_kept (self, "contextdevice");
  bed_call_ok (self->bed, device, "Detach", g_variant_new_parsed ("(@a{sv} {},)"));
  lives_assert_kept (self, "context");
  bed_call_ok (self->bed, container, "Free", g_variant_new_parsed ("(@a{sv} {},)"));
  lives_assert_kept (self, "");
}

/* The path of the only one; NULL. */
static char *
find_container (Bed *bed)
{
  g_autoptr (GVariant) objects = bed_get_managed_objects (bed);
  GVariantIter iter;
  const char *path;

  g_variant_iter_init (&iter, objects);
  while (g_variant_iter_next (&iter, "{&o@a{sa{sv}}}", &path, NULL))
    if (g_str_has_prefix (path, IOMMUD_DBUS_ROOT_PATH "/containers/"))
      return g_strdup (path);
  return NULL;
}

static void
on_created (GObject *connection, GAsyncResult *result, gpointer reply)
{
  g_autoptr (GError) error = NULL;

  *(GVariant **) reply =
      g_dbus_connection_call_finish (G_DBUS_CONNECTION (connection), result, &error);
  g_assert_no_error (error);
}

/* A call that only reads does not wait with its answer until the manager has what others have
 * opened: what is told meanwhile would overtake it. */
static void
test_readers (Lives *self, gconstpointer unused)
{
  g_autoptr (GVariant) created = NULL;
  g_autofree char *path = NULL;

  manager_listen (self->manager, FALSE);
  g_dbus_connection_call (self->bed->client, IOMMUD_DBUS_BUS_NAME, IOMMUD_DBUS_MANAGER_PATH,
                          IOMMUD_DBUS_MANAGER_INTERFACE, "CreateContainer", bed_options (NULL),
                          G_VARIANT_TYPE ("(o)"), G_DBUS_CALL_FLAGS_NONE, -1, NULL, on_created,
                          &created);
  while (path == NULL)
    path = find_container (self->bed);
  bed_assert (self->bed, path, "Shared", "false");
  g_assert_null (created);
  manager_listen (self->manager, TRUE);
  while (created == NULL)
    bed_iterate ();
}

static gboolean
end_lease (gpointer user_data)
{
  Lives *self = user_data;
  g_autoptr (IommudLease) lease =
      g_list_model_get_item (iommud_host_get_leases (self->bed->host), 0);

  if (lease == NULL)
    return G_SOURCE_CONTINUE;
  iommud_lease_release_async (lease, "another client wants that", NULL, NULL, NULL);
  leases_wait_for_end (self->bed);
  manager_listen (self->manager, TRUE);
  return G_SOURCE_REMOVE;
}

/* It ends while its answer waits for the manager: nothing is handed out, and its device is free. */
static void
test_ended_before_answer (Lives *self, gconstpointer method)
{
  static const char *const devices[] = { PCI_1, NULL };
  g_autofree char *device = bed_device (self->bed, PCI_1);
  g_autoptr (GUnixFDList) files = NULL;
  g_autoptr (GVariant) reply = NULL;
  g_autoptr (GError) error = NULL;
  GVariant *arguments = g_str_equal (method, "LeaseDevices")
                            ? leases_arguments (self->bed, devices, NULL)
                            : bed_options (NULL);

  manager_listen (self->manager, FALSE);
  g_timeout_add (100, end_lease, self);
  reply = leases_call (self->bed, IOMMUD_DBUS_MANAGER_PATH, method, arguments, &files, &error);
  g_assert_null (reply);
  g_assert_null (files);
  g_assert_nonnull (error);
  g_assert_nonnull (strstr (error->message, "Error.NotFound: "));
  bed_settle (self->bed);
  bed_assert (self->bed, device, "State", "'available'");
  lives_assert_kept (self, "");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(path, data, function)                                                                  \
  g_test_add ("/kept-answers/" path, Lives, data, lives_set_up, function, lives_tear_down)
  ADD ("acts", NULL, test_kept_before_answer);
  ADD ("readers", NULL, test_readers);
  ADD ("created-and-ended", "CreateLease", test_ended_before_answer);
  ADD ("leased-and-ended", "LeaseDevices", test_ended_before_answer);
  return g_test_run ();
}
