/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Devices that come, change and leave while the host is in use.
 *
 * A device that leaves while it is bound or attached is detached at once: the kernel blocks until
 * our file is closed. Until then it stays in the model, and a device that appears in its place
 * waits as its successor. */
#include "operations/hotplug.h"

#include "model/container.h"
#include "model/device.h"
#include "model/host.h"
#include "model/lease.h"
#include "operations/detach-device.h"
#include "operations/end-lease.h"
#include "operations/leasing.h"

static void on_gone_and_unclaimed (IommudDevice *device);

static void
add_device (IommudHost *host, IommudDeviceInfo *info)
{
  g_autoptr (IommudDevice) device = iommud_device_new (host, info);

  iommud_device_set_gone_handler (device, on_gone_and_unclaimed);
  iommud_device_table_add (iommud_host_get_device_table (host), device);
}

/* Whoever has its file open has nothing of it any more. */
static void
leave_lease (IommudDevice *device)
{
  g_autoptr (IommudLease) lease = NULL;

  if (!g_set_object (&lease, iommud_device_get_lease (device)))
    return;
  iommud_device_set_lease (device, NULL, FALSE);
  iommud_leasing_write_down (lease);
  iommud_end_lease_go_on (lease);
}

static void
remove_device (IommudHost *host, IommudDevice *device)
{
  g_autoptr (IommudDeviceInfo) successor = NULL;

  if (iommud_device_get_successor (device) != NULL)
    successor = iommud_device_info_ref (iommud_device_get_successor (device));
  leave_lease (device);
  iommud_device_table_remove (iommud_host_get_device_table (host), device);
  if (successor != NULL)
    add_device (host, successor);
}

static void
on_gone_and_unclaimed (IommudDevice *device)
{
  if (iommud_device_get_container (device) == NULL)
    remove_device (iommud_device_get_host (device), device);
  else if (iommud_device_claim_gone (device))
    iommud_detach_device_that_is_gone (device);
}

static void
on_added (IommudProbe *probe, IommudDeviceInfo *info, IommudHost *host)
{
  IommudDevice *device =
      iommud_device_table_find_at (iommud_host_get_device_table (host), info->sysfs_path);

  if (device == NULL)
    add_device (host, info);
  else if (iommud_device_is_gone (device))
    iommud_device_set_successor (device, info);
  else
    iommud_device_table_change (iommud_host_get_device_table (host), device, info);
}

static void
on_changed (IommudProbe *probe, IommudDeviceInfo *info, IommudHost *host)
{
  IommudDevice *device =
      iommud_device_table_find_at (iommud_host_get_device_table (host), info->sysfs_path);

  if (device == NULL)
    return;
  if (!iommud_device_is_gone (device))
    iommud_device_table_change (iommud_host_get_device_table (host), device, info);
  else if (iommud_device_get_successor (device) != NULL)
    iommud_device_set_successor (device, info);
}

/* The operation that has claimed the device may wait for its turn. It is urgent now: it detaches
 * the device, or ends so that the device can be detached. */
static void
hurry_claim (IommudDevice *device)
{
  IommudContainer *container = iommud_device_get_container (device);

  if (container != NULL)
    iommud_queue_hurry (iommud_context_get_queue (iommud_container_get_context (container)));
}

static void
on_removed (IommudProbe *probe, const char *sysfs_path, IommudHost *host)
{
  IommudDevice *device =
      iommud_device_table_find_at (iommud_host_get_device_table (host), sysfs_path);

  if (device == NULL)
    return;
  if (iommud_device_is_gone (device))
    {
      iommud_device_set_successor (device, NULL);
      return;
    }
  iommud_device_set_gone (device);
  if (iommud_device_get_lease (device) != NULL)
    iommud_lease_emit_device_wanted (iommud_device_get_lease (device), device);
  if (iommud_device_claim_gone (device))
    iommud_device_end_claim (device);
  else
    hurry_claim (device);
}

gboolean
iommud_hotplug_start (IommudHost *host, GError **error)
{
  IommudProbe *probe = iommud_backend_get_probe (iommud_host_get_backend (host));

  /* The host disconnects them when it ends. */
  g_signal_connect (probe, "device-added", G_CALLBACK (on_added), host);
  g_signal_connect (probe, "device-changed", G_CALLBACK (on_changed), host);
  g_signal_connect (probe, "device-removed", G_CALLBACK (on_removed), host);
  return iommud_probe_start (probe, error);
}
