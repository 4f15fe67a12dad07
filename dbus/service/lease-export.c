/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* org.iommud1.Lease: the right of one client to devices, iommufds and containers. */
#include "lease-export.h"

#include "arguments.h"
#include "container-export.h"
#include "device-details.h"
#include "dictionary.h"
#include "iommud-dbus-generated.h"
#include "lease-log.h"

#include <unistd.h>

gboolean
iommud_lease_export_check_active (IommudLease *self, GError **error)
{
  g_autofree char *name = NULL;

  if (iommud_lease_get_state (self) == IOMMUD_LEASE_STATE_ACTIVE)
    return TRUE;
  g_object_get (self, "name", &name, NULL);
  g_set_error (error, IOMMUD_ERROR, IOMMUD_ERROR_NOT_FOUND,
               "Lease %s has ended before what was opened under it could be handed out", name);
  return FALSE;
}

static void
handle_create_container (IommudExport *self, IommudCall *call)
{
  iommud_container_export_create (call, iommud_export_get_model (self));
}

/* What an OpenIommufd is about, until it is answered. */
typedef struct
{
  IommudCall *call;
  IommudContainer *container; /* or NULL */
} IommufdAnswer;

static GVariant *
describe_iommufd (IommudContainer *container)
{
  GVariantBuilder info;
  guint ioas_id = 0;

  g_variant_builder_init (&info, G_VARIANT_TYPE_VARDICT);
  if (container != NULL)
    {
      g_object_get (container, "ioas-id", &ioas_id, NULL);
      iommud_dictionary_add (&info, "ioas-id", g_variant_new_uint32 (ioas_id));
    }
  return g_variant_builder_end (&info);
}

static void
on_iommufd_opened (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autofree IommufdAnswer *iommufd = user_data;
  g_autoptr (IommudContainer) container = iommufd->container;
  GError *error = NULL;
  int file = iommud_lease_open_iommufd_finish (IOMMUD_LEASE (source), result, &error);

  if (file >= 0 && !iommud_lease_export_check_active (IOMMUD_LEASE (source), &error))
    {
      close (file);
      file = -1;
    }
  if (file < 0)
    iommud_call_fail (iommufd->call, error);
  else if (iommud_call_return_file (
               iommufd->call, g_variant_new ("(h@a{sv})", 0, describe_iommufd (container)), file)
           != 0)
    iommud_lease_log_handed_out (IOMMUD_LEASE (source), NULL, "an iommufd");
}

/* The accounting of a context that is shared was decided when that was opened. */
static gboolean
check_accounting (const IommudContainer *container, int accounting, GError **error)
{
  if (container == NULL || accounting < 0)
    return TRUE;
  g_set_error (error, IOMMUD_ERROR, IOMMUD_ERROR_INVALID_ARGUMENT,
               "Option 'accounting' is for a fresh context, and option 'container' shares one");
  return FALSE;
}

static void
handle_open_iommufd (IommudExport *self, IommudCall *call)
{
  g_autoptr (IommudContainer) container = NULL;
  int accounting = -1;
  const IommudOption known[] = {
    { "container", IOMMUD_TYPE_CONTAINER, &container },
    { "accounting", IOMMUD_TYPE_ACCOUNTING, &accounting },
  };
  GError *error = NULL;
  IommufdAnswer *iommufd;

  if (!iommud_arguments_parse_options (call, known, G_N_ELEMENTS (known), &error)
      || !check_accounting (container, accounting, &error)
      || !iommud_call_can_send_files (call, &error))
    {
      iommud_call_fail (call, error);
      return;
    }
  iommufd = g_new0 (IommufdAnswer, 1);
  iommufd->call = call;
  g_set_object (&iommufd->container, container);
  iommud_lease_open_iommufd_async (iommud_export_get_model (self), container,
                                   accounting < 0 ? IOMMUD_ACCOUNTING_PROCESS
                                                  : (IommudAccounting) accounting,
                                   iommud_call_get_cancellable (call), on_iommufd_opened, iommufd);
}

/* What an OpenDevice is about, until it is answered. */
typedef struct
{
  IommudCall *call;
  IommudLease *lease;
  IommudDevice *device;
  int file;
  gboolean bound;
} DeviceAnswer;

/* What the client does not get is given back. */
static void
answer_opened (gpointer user_data)
{
  g_autofree DeviceAnswer *opening = user_data;
  g_autoptr (IommudLease) lease = opening->lease;
  g_autoptr (IommudDevice) device = opening->device;
  GError *error = NULL;

  if (!iommud_lease_export_check_active (lease, &error))
    {
      close (opening->file);
      iommud_call_fail (opening->call, error);
    }
  else if (iommud_call_return_file (
               opening->call,
               g_variant_new ("(h@a{sv})", 0, iommud_device_details (device, opening->bound)),
               opening->file)
           != 0)
    iommud_lease_log_handed_out (lease, device, NULL);
  else
    iommud_lease_close_device_async (lease, device, NULL, NULL, NULL);
}

static void
on_device_opened (GObject *source, GAsyncResult *result, gpointer user_data)
{
  DeviceAnswer *opening = user_data;
  GError *error = NULL;

  opening->file =
      iommud_lease_open_device_finish (IOMMUD_LEASE (source), result, &opening->bound, &error);
  if (opening->file >= 0)
    {
      iommud_call_when_kept (opening->call, answer_opened, opening);
      return;
    }
  iommud_call_fail (opening->call, error);
  g_object_unref (opening->device);
  g_object_unref (opening->lease);
  g_free (opening);
}

static void
handle_open_device (IommudExport *self, IommudCall *call)
{
  GError *error = NULL;
  IommudDevice *device = iommud_arguments_get_device (call, &error);
  DeviceAnswer *opening;

  if (device == NULL || !iommud_arguments_parse_options (call, NULL, 0, &error)
      || !iommud_call_can_send_files (call, &error))
    {
      iommud_call_fail (call, error);
      return;
    }
  opening = g_new0 (DeviceAnswer, 1);
  opening->call = call;
  opening->lease = g_object_ref (iommud_export_get_model (self));
  opening->device = g_object_ref (device);
  iommud_lease_open_device_async (iommud_export_get_model (self), device,
                                  iommud_call_get_cancellable (call), on_device_opened, opening);
}

static void
on_device_closed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  IommudCall *call = user_data;
  GError *error = NULL;

  if (!iommud_lease_close_device_finish (IOMMUD_LEASE (source), result, &error))
    iommud_call_fail (call, error);
  else
    iommud_call_return (call);
}

static void
handle_close_device (IommudExport *self, IommudCall *call)
{
  GError *error = NULL;
  IommudDevice *device = iommud_arguments_get_device (call, &error);

  if (device == NULL || !iommud_arguments_parse_options (call, NULL, 0, &error))
    iommud_call_fail (call, error);
  else
    iommud_lease_close_device_async (iommud_export_get_model (self), device,
                                     iommud_call_get_cancellable (call), on_device_closed, call);
}

static void
on_released (GObject *source, GAsyncResult *result, gpointer user_data)
{
  IommudCall *call = user_data;
  GError *error = NULL;

  if (!iommud_lease_release_finish (IOMMUD_LEASE (source), result, &error))
    iommud_call_fail (call, error);
  else
    iommud_call_return (call);
}

static void
handle_release (IommudExport *self, IommudCall *call)
{
  g_autofree char *reason =
      g_strdup_printf ("user %u released the lease", iommud_call_get_uid (call));
  GError *error = NULL;

  if (!iommud_arguments_parse_options (call, NULL, 0, &error))
    iommud_call_fail (call, error);
  else
    iommud_lease_release_async (iommud_export_get_model (self), reason,
                                iommud_call_get_cancellable (call), on_released, call);
}

static void
on_release_requested (IommudLease *lease, const char *reason, IommudExport *self)
{
  iommud_export_emit (self, "ReleaseRequested", g_variant_new ("(s)", reason));
}

static void
on_device_wanted (IommudLease *lease, IommudDevice *device, IommudExport *self)
{
  iommud_export_emit (self, "DeviceWanted",
                      g_variant_new ("(o)", iommud_export_get_path_of (self, device)));
}

static void
connect_signals (IommudExport *self)
{
  IommudLease *lease = iommud_export_get_model (self);

  g_signal_connect (lease, "release-requested", G_CALLBACK (on_release_requested), self);
  g_signal_connect (lease, "device-wanted", G_CALLBACK (on_device_wanted), self);
}

static const IommudMethod methods[] = {
  { "CreateContainer", IOMMUD_ACCESS_OWNER, handle_create_container },
  { "OpenIommufd", IOMMUD_ACCESS_OWNER, handle_open_iommufd },
  { "OpenDevice", IOMMUD_ACCESS_OWNER, handle_open_device },
  { "CloseDevice", IOMMUD_ACCESS_OWNER, handle_close_device },
  { "Release", IOMMUD_ACCESS_OWNER, handle_release },
};

const IommudInterface iommud_lease_interface = {
  .get_info = iommud_dbus_lease_interface_info,
  .methods = methods,
  .n_methods = G_N_ELEMENTS (methods),
  .connect = connect_signals,
};
