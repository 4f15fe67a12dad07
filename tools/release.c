/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* iommuctl release: the end of a lease, and what is in its way. */
#include "config.h"

#include "command.h"
#include "describe.h"
#include "exit-status.h"
#include "holder.h"
#include "names.h"
#include "records.h"

#include <glib/gi18n.h>

static gboolean
call_release (IommuctlRequest *request, const char *path, GError **error)
{
  g_autoptr (IommudDBusLease) proxy = iommuctl_service_new_proxy (
      request->service, path, IOMMUD_DBUS_TYPE_LEASE_PROXY, IOMMUD_DBUS_LEASE_INTERFACE, error);

  return proxy != NULL
         && iommud_dbus_lease_call_release_sync (proxy, iommuctl_request_method_options (request),
                                                 G_DBUS_CALL_FLAGS_ALLOW_INTERACTIVE_AUTHORIZATION,
                                                 G_MAXINT, request->cancellable, error);
}

static char *
describe_member (IommuctlRequest *request, GVariant *record, const char *key)
{
  g_autoptr (GVariant) value = g_variant_lookup_value (record, key, NULL);

  return value == NULL ? g_strdup ("-") : iommuctl_describe_value (request->service, key, value);
}

/* A descriptor cannot be taken back: whoever has it was asked to close it. */
static gboolean
fail_lingering (IommuctlRequest *request, GVariant *lease, GError **error)
{
  g_autofree char *name = iommuctl_records_dup_string (lease, "Name");
  g_autofree char *devices = describe_member (request, lease, "Devices");
  g_autofree char *holders = describe_member (request, lease, "Holders");

  if (g_str_equal (holders, "-"))
    g_set_error (error, IOMMUCTL_ERROR, IOMMUCTL_EXIT_BUSY,
                 _ ("Lease %s has ended, but something of it is still in use: 'iommuctl show %s' "
                    "says more"),
                 name, name);
  else
    g_set_error (error, IOMMUCTL_ERROR, IOMMUCTL_EXIT_BUSY,
                 _ ("Lease %s has ended, but still in use: %s, open in %s. ReleaseRequested was "
                    "sent to ask for it back"),
                 name, devices, holders);
  return FALSE;
}

gboolean
iommuctl_release_run (IommuctlRequest *request, GError **error)
{
  g_autofree char *path =
      iommuctl_names_find_lease (request->service, request->arguments[0], error);
  g_autoptr (GVariant) lease = NULL;
  g_autoptr (GError) local_error = NULL;
  g_autofree char *name = NULL;

  if (path == NULL)
    return FALSE;
  name = iommuctl_names_of_path (request->service, path);
  if (!call_release (request, path, error))
    return FALSE;
  lease = iommuctl_records_read (request->service, path, &local_error);
  if (lease != NULL)
    return fail_lingering (request, lease, error);
  if (!g_error_matches (local_error, IOMMUD_DBUS_ERROR, IOMMUD_DBUS_ERROR_NOT_FOUND))
    {
      g_propagate_error (error, g_steal_pointer (&local_error));
      return FALSE;
    }
  iommuctl_output_result (request->output, g_variant_new_parsed ("{'Lease': <%o>}", path),
                          _ ("Released lease %s"), name);
  return TRUE;
}
