/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Leases of a caller, and the files that it gets under them. */
#include "leases.h"

#include <unistd.h>

typedef struct
{
  gboolean done;
  GVariant *reply;
  GUnixFDList *files;
  GError *error;
} Reply;

GVariant *
leases_arguments (Bed *bed, const char *const *devices, const char *options)
{
  g_autoptr (GVariant) parsed = g_variant_ref_sink (bed_options (options));
  g_autoptr (GVariant) dict = g_variant_get_child_value (parsed, 0);
  GVariantBuilder paths;

  g_variant_builder_init (&paths, G_VARIANT_TYPE_OBJECT_PATH_ARRAY);
  for (gsize i = 0; devices[i] != NULL; i++)
    {
      g_autofree char *path = bed_device (bed, devices[i]);

      g_variant_builder_add (&paths, "o", path);
    }
  return g_variant_new ("(ao@a{sv})", &paths, dict);
}

static void
on_reply (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Reply *reply = user_data;

  reply->reply = g_dbus_connection_call_with_unix_fd_list_finish (
      G_DBUS_CONNECTION (source), &reply->files, result, &reply->error);
  reply->done = TRUE;
}

/* @files: out, owned; NULL if the answer has none. */
GVariant *
leases_call (Bed *bed, const char *path, const char *method, GVariant *arguments,
             GUnixFDList **files, GError **error)
{
  Reply reply = { FALSE, NULL, NULL, NULL };

  g_dbus_connection_call_with_unix_fd_list (
      bed->client, IOMMUD_DBUS_BUS_NAME, path, bed_interface_of (path, method), method, arguments,
      NULL, G_DBUS_CALL_FLAGS_NO_AUTO_START, -1, NULL, NULL, on_reply, &reply);
  bed_wait (&reply.done);
  if (reply.error != NULL)
    g_propagate_error (error, reply.error);
  if (files != NULL)
    *files = g_steal_pointer (&reply.files);
  g_clear_object (&reply.files);
  return reply.reply;
}

static Lease *
make_lease (GVariant *reply, GUnixFDList *files)
{
  Lease *self = g_new0 (Lease, 1);
  gint32 handle = -1;

  g_variant_get_child (reply, 0, "o", &self->path);
  g_variant_get_child (reply, 1, "h", &handle);
  g_assert_cmpint (handle, ==, 0);
  self->files = files;
  self->guard = g_unix_fd_list_peek_fds (files, NULL)[0];
  return self;
}

static void
on_answer (GObject *caller, GAsyncResult *result, gpointer user_data)
{
  LeaseAnswer *answer = user_data;

  answer->reply = g_dbus_connection_call_with_unix_fd_list_finish (
      G_DBUS_CONNECTION (caller), &answer->files, result, &answer->error);
  answer->done = TRUE;
}

void
leases_call_async (GDBusConnection *caller, const char *path, const char *method,
                   GVariant *arguments, GDBusCallFlags flags, LeaseAnswer *answer)
{
  *answer = (LeaseAnswer){ 0 };
  g_dbus_connection_call_with_unix_fd_list (caller, IOMMUD_DBUS_BUS_NAME, path,
                                            bed_interface_of (path, method), method, arguments,
                                            NULL, flags, -1, NULL, NULL, on_answer, answer);
}

void
lease_answer_clear (LeaseAnswer *self)
{
  g_clear_pointer (&self->reply, g_variant_unref);
  g_clear_object (&self->files);
  g_clear_error (&self->error);
}

Lease *
leases_create (Bed *bed, const char *options)
{
  g_autoptr (GError) error = NULL;
  GUnixFDList *files = NULL;
  g_autoptr (GVariant) reply = leases_call (bed, IOMMUD_DBUS_MANAGER_PATH, "CreateLease",
                                            bed_options (options), &files, &error);

  g_assert_no_error (error);
  g_assert_cmpint (g_unix_fd_list_get_length (files), ==, 1);
  return make_lease (reply, files);
}

Lease *
leases_take (Bed *bed, const char *const *devices, const char *options)
{
  g_autoptr (GError) error = NULL;
  GUnixFDList *files = NULL;
  g_autoptr (GVariant) reply =
      leases_call (bed, IOMMUD_DBUS_MANAGER_PATH, "LeaseDevices",
                   leases_arguments (bed, devices, options), &files, &error);
  Lease *lease;

  g_assert_no_error (error);
  g_assert_cmpint (g_unix_fd_list_get_length (files), ==,
                   (gint) g_strv_length ((char **) devices) + 2);
  lease = make_lease (reply, files);
  lease->infos = g_variant_get_child_value (reply, 4);
  return lease;
}

void
lease_close (Lease *self)
{
  g_clear_object (&self->files);
  g_clear_pointer (&self->infos, g_variant_unref);
  g_free (self->path);
  g_free (self);
}

void
leases_wait_for_end (Bed *bed)
{
  while (g_list_model_get_n_items (iommud_host_get_leases (bed->host)) > 0)
    bed_iterate ();
}
