/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The methods of org.iommud1.Manager that make leases. The files that an answer brings are the
 * client's alone: if it cannot be sent they are closed, and with its guard the lease ends. */
#include "manager-leases.h"

#include "arguments.h"
#include "device-details.h"
#include "files.h"
#include "lease-export.h"
#include "lease-log.h"

#include <unistd.h>

/* A message also carries the guard and the iommufd. */
#define MAX_DEVICES (IOMMUD_FILES_MAX - 2)

static IommudLeaseOptions *
new_options (IommudCall *call, const char *const *known, GError **error)
{
  IommudLeaseOptions *options =
      iommud_arguments_new_options (call, IOMMUD_TYPE_LEASE_OPTIONS, known, error);

  if (options != NULL)
    g_object_set (options, "owner", iommud_call_get_uid (call), "pid", iommud_call_get_pid (call),
                  NULL);
  return options;
}

/* The client holds what it was given only as long as the service can see that it does, in its next
 * life too: so that the guard is kept is part of the lease. */
static gboolean
check_lease (IommudCall *call, IommudLease *lease, GError **error)
{
  g_autofree char *name = iommud_descriptors_name_lease (iommud_lease_get_serial (lease));

  return iommud_lease_export_check_active (lease, error)
         && iommud_fd_store_check (iommud_call_get_state (call)->fd_store, name, error);
}

/* A lease that was made, until its caller is told. */
typedef struct
{
  IommudCall *call;
  IommudLease *lease;
  int guard;
} CreatedLease;

static void
answer_created (gpointer user_data)
{
  g_autofree CreatedLease *created = user_data;
  g_autoptr (IommudLease) lease = created->lease;
  GError *error = NULL;

  if (!check_lease (created->call, lease, &error))
    {
      close (created->guard);
      iommud_call_fail (created->call, error);
      return;
    }
  iommud_call_return_file (
      created->call,
      g_variant_new ("(oh)",
                     iommud_objects_get_path (iommud_call_get_objects (created->call), lease), 0),
      created->guard);
}

static void
tell_created (IommudCall *call, IommudLease *lease, int guard)
{
  CreatedLease *created = g_new0 (CreatedLease, 1);

  created->call = call;
  created->lease = g_object_ref (lease);
  created->guard = guard;
  iommud_call_when_kept (call, answer_created, created);
}

void
iommud_manager_handle_create_lease (IommudExport *self, IommudCall *call)
{
  static const char *const known[] = { "name", NULL };
  GError *error = NULL;
  int guard = -1;
  g_autoptr (IommudLeaseOptions) options = new_options (call, known, &error);
  g_autoptr (IommudLease) lease = NULL;

  if (options != NULL && iommud_call_can_send_files (call, &error))
    lease = iommud_host_create_lease (iommud_export_get_model (self), options, &guard, &error);
  if (lease == NULL)
    iommud_call_fail (call, error);
  else
    tell_created (call, lease, guard);
}

/* What a LeaseDevices is about, until it is answered. */
typedef struct
{
  IommudCall *call;
  GPtrArray *devices; /* of IommudDevice */
  IommudLease *lease; /* NULL before it was made */
  IommudDescriptors *files;
} LeaseAnswer;

static void
leasing_free (LeaseAnswer *self)
{
  g_ptr_array_unref (self->devices);
  g_clear_object (&self->lease);
  g_clear_pointer (&self->files, iommud_descriptors_unref);
  g_free (self);
}

/* The files move from the table to the answer, in the order of its handles. */
static guint
take_files (IommudDescriptors *files, GPtrArray *devices, int *fds)
{
  guint n = 0;

  fds[n++] = iommud_descriptors_steal (files, "guard");
  fds[n++] = iommud_descriptors_steal (files, "iommufd");
  for (guint i = 0; i < devices->len; i++)
    {
      g_autofree char *name =
          iommud_descriptors_name_device (iommud_device_get_name (devices->pdata[i]));

      fds[n++] = iommud_descriptors_steal (files, name);
    }
  return n;
}

static GVariant *
make_answer (LeaseAnswer *self, IommudLease *lease)
{
  GVariantBuilder cdevs;
  GVariantBuilder infos;

  g_variant_builder_init (&cdevs, G_VARIANT_TYPE ("ah"));
  g_variant_builder_init (&infos, G_VARIANT_TYPE ("aa{sv}"));
  for (guint i = 0; i < self->devices->len; i++)
    {
      g_variant_builder_add (&cdevs, "h", (gint32) i + 2);
      g_variant_builder_add_value (&infos, iommud_device_details (self->devices->pdata[i], FALSE));
    }
  return g_variant_new ("(ohhahaa{sv})",
                        iommud_objects_get_path (iommud_call_get_objects (self->call), lease), 0, 1,
                        &cdevs, &infos);
}

static void
log_handed_out (LeaseAnswer *self, IommudLease *lease)
{
  iommud_lease_log_handed_out (lease, NULL, "an iommufd");
  for (guint i = 0; i < self->devices->len; i++)
    iommud_lease_log_handed_out (lease, self->devices->pdata[i], NULL);
}

static void
answer_leased (gpointer user_data)
{
  LeaseAnswer *self = user_data;
  int fds[IOMMUD_FILES_MAX];
  GError *error = NULL;

  if (!check_lease (self->call, self->lease, &error))
    iommud_call_fail (self->call, error);
  else if (iommud_call_return_files (self->call, make_answer (self, self->lease), fds,
                                     take_files (self->files, self->devices, fds))
           != 0)
    log_handed_out (self, self->lease);
  leasing_free (self);
}

static void
on_devices_leased (GObject *source, GAsyncResult *result, gpointer user_data)
{
  LeaseAnswer *self = user_data;
  GError *error = NULL;

  self->lease =
      iommud_host_lease_devices_finish (IOMMUD_HOST (source), result, &self->files, &error);
  if (self->lease != NULL)
    {
      iommud_call_when_kept (self->call, answer_leased, self);
      return;
    }
  iommud_call_fail (self->call, error);
  leasing_free (self);
}

/* Of IommudDevice. NULL with error set. */
static GPtrArray *
get_devices (IommudCall *call, GError **error)
{
  g_autoptr (GPtrArray) devices = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr (GVariant) paths = g_variant_get_child_value (iommud_call_get_arguments (call), 0);
  gsize n = g_variant_n_children (paths);

  if (n > MAX_DEVICES)
    {
      g_set_error (error, IOMMUD_ERROR, IOMMUD_ERROR_LIMITS_EXCEEDED,
                   "Cannot lease %" G_GSIZE_FORMAT " devices at once: a message carries the files "
                   "of %d: open the others under the lease",
                   n, MAX_DEVICES);
      return NULL;
    }
  for (gsize i = 0; i < n; i++)
    {
      const char *path = NULL;
      IommudDevice *device;

      g_variant_get_child (paths, i, "&o", &path);
      device =
          iommud_objects_find (iommud_call_get_objects (call), path, IOMMUD_TYPE_DEVICE, error);
      if (device == NULL)
        return NULL;
      g_ptr_array_add (devices, g_object_ref (device));
    }
  return g_steal_pointer (&devices);
}

void
iommud_manager_handle_lease_devices (IommudExport *self, IommudCall *call)
{
  static const char *const known[] = { "name", "accounting", "locked-memory", NULL };
  GError *error = NULL;
  g_autoptr (GPtrArray) devices = get_devices (call, &error);
  g_autoptr (IommudLeaseOptions) options = NULL;
  LeaseAnswer *leasing;

  if (devices != NULL)
    options = new_options (call, known, &error);
  if (options == NULL || !iommud_call_can_send_files (call, &error))
    {
      iommud_call_fail (call, error);
      return;
    }
  leasing = g_new0 (LeaseAnswer, 1);
  leasing->call = call;
  leasing->devices = g_ptr_array_ref (devices);
  iommud_host_lease_devices_async (iommud_export_get_model (self), devices, options,
                                   iommud_call_get_cancellable (call), on_devices_leased, leasing);
}
