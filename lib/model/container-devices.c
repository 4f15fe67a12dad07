/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The devices of a container: how they are added, attached, detached and removed in the model. */
#include "model/container.h"

#include "iommud-error.h"
#include "model/descriptors.h"
#include "model/device.h"
#include "model/hwpt.h"
#include "model/record.h"

static GListStore *
get_list (IommudContainer *self)
{
  return G_LIST_STORE (iommud_container_get_devices (self));
}

gboolean
iommud_container_check_device_room (IommudContainer *self, IommudDevice *device, const char *what,
                                    GError **error)
{
  if (iommud_device_get_container (device) == self
      || g_list_model_get_n_items (G_LIST_MODEL (get_list (self))) < IOMMUD_MAX_DEVICES)
    return TRUE;
  g_set_error (error, IOMMUD_ERROR, IOMMUD_ERROR_LIMITS_EXCEEDED,
               "Cannot %s: a container can have %d devices", what, IOMMUD_MAX_DEVICES);
  return FALSE;
}

void
iommud_container_add_device (IommudContainer *self, IommudDevice *device,
                             const IommudBinding *binding)
{
  if (iommud_device_get_container (device) == self)
    {
      iommud_device_put_tracker (device, binding->tracker);
      return;
    }
  iommud_device_set_bound (device, self, binding);
  if (iommud_container_get_lease (self) != NULL)
    iommud_device_set_lease (device, iommud_container_get_lease (self),
                             iommud_device_is_handed_out (device));
  iommud_open_files_add (iommud_context_get_open_files (iommud_container_get_context (self)),
                         iommud_descriptors_name_device (iommud_device_get_name (device)),
                         binding->cdev);
  g_list_store_append (get_list (self), device);
}

static void
set_attachment (IommudContainer *self, IommudDevice *device, gboolean attached, IommudHwpt *hwpt)
{
  IommudDirtyTracking *dirty_tracking = iommud_container_get_dirty_tracking (self);
  IommudDeviceCoverage coverage;

  iommud_device_set_attached (device, attached, hwpt);
  iommud_device_get_coverage (device, iommud_dirty_tracking_get_policy (dirty_tracking), &coverage);
  iommud_dirty_tracking_set_device (dirty_tracking, device, &coverage);
}

/* The kernel frees its own HWPTs with their last device. */
static void
drop_from_hwpt (IommudContainer *self, IommudDevice *device, IommudHwpt *hwpt)
{
  iommud_hwpt_remove_device (hwpt, device);
  if (iommud_hwpt_get_management (hwpt) == IOMMUD_HWPT_MANAGEMENT_KERNEL
      && iommud_hwpt_get_n_devices (hwpt) == 0)
    iommud_container_remove_hwpt (self, hwpt);
}

/* Whether the HWPT lists the device already: a new one does before it is listed itself, others as
 * the first thing of an attach. */
static gboolean
was_added_last (IommudHwpt *hwpt, IommudDevice *device)
{
  guint n_devices = iommud_hwpt_get_n_devices (hwpt);
  g_autoptr (GObject) last =
      n_devices > 0 ? g_list_model_get_item (iommud_hwpt_get_devices (hwpt), n_devices - 1) : NULL;

  return last == G_OBJECT (device);
}

static void
list_on_hwpt (IommudDevice *device, IommudHwpt *hwpt)
{
  if (hwpt != NULL && hwpt != iommud_device_get_hwpt (device) && !was_added_last (hwpt, device))
    iommud_hwpt_add_device (hwpt, device);
}

void
iommud_container_attach (IommudContainer *self, IommudDevice *device, IommudHwpt *hwpt)
{
  IommudHwpt *old = iommud_device_get_hwpt (device);

  list_on_hwpt (device, hwpt);
  set_attachment (self, device, TRUE, hwpt);
  if (old != NULL && old != hwpt)
    drop_from_hwpt (self, device, old);
}

/* On the bus, objects are told of in the order in which each began to change: so the HWPT changes
 * before anything of the device does. */
void
iommud_container_add_attached_device (IommudContainer *self, IommudDevice *device,
                                      const IommudBinding *binding, IommudHwpt *hwpt)
{
  list_on_hwpt (device, hwpt);
  iommud_container_add_device (self, device, binding);
  iommud_container_attach (self, device, hwpt);
}

void
iommud_container_detach (IommudContainer *self, IommudDevice *device)
{
  IommudHwpt *hwpt = iommud_device_get_hwpt (device);

  set_attachment (self, device, FALSE, NULL);
  if (hwpt != NULL)
    drop_from_hwpt (self, device, hwpt);
}

void
iommud_container_remove_device (IommudContainer *self, IommudDevice *device)
{
  const IommudBinding unbound = { .cdev = -1 };
  GListStore *devices = get_list (self);
  guint position;

  iommud_container_detach (self, device);
  iommud_device_set_bound (device, NULL, &unbound);
  if (!iommud_device_is_handed_out (device))
    iommud_device_set_lease (device, NULL, FALSE);
  iommud_open_files_remove (iommud_context_get_open_files (iommud_container_get_context (self)),
                            iommud_descriptors_name_device (iommud_device_get_name (device)));
  if (g_list_store_find (devices, device, &position))
    g_list_store_remove (devices, position);
}
