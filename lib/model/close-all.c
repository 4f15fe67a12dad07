/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The end of a host: the files of its devices and contexts are closed, and the kernel frees the
 * rest. */
#include "model/container.h"
#include "model/device.h"
#include "model/host.h"

static void
close_devices (IommudHost *host)
{
  const IommudSyscalls *syscalls = iommud_backend_get_syscalls (iommud_host_get_backend (host));
  GListModel *devices = iommud_host_get_devices (host);

  for (guint i = 0; i < g_list_model_get_n_items (devices); i++)
    {
      g_autoptr (IommudDevice) device = g_list_model_get_item (devices, i);
      const IommudBinding *binding = iommud_device_get_binding (device);
      const IommudBinding unbound = { .cdev = -1 };

      if (!iommud_binding_is_bound (binding))
        continue;
      syscalls->close (syscalls, binding->cdev);
      iommud_device_set_attached (device, FALSE, NULL);
      iommud_device_set_bound (device, NULL, &unbound);
    }
}

static void
free_containers (IommudHost *host)
{
  GListModel *containers = iommud_host_get_containers (host);

  for (guint i = 0; i < g_list_model_get_n_items (containers); i++)
    {
      g_autoptr (IommudContainer) container = g_list_model_get_item (containers, i);

      iommud_context_close (iommud_container_get_context (container));
      iommud_container_set_freed (container);
    }
}

void
iommud_host_close_all (IommudHost *self)
{
  close_devices (self);
  free_containers (self);
}
