/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The end of a host: its files are closed, and the kernel frees what belongs to them. */
#include "model/close-all.h"

#include "handle/binding.h"
#include "model/container.h"
#include "model/device.h"

void
iommud_close_devices (GListModel *devices, const IommudSyscalls *syscalls)
{
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

void
iommud_close_containers (GListModel *containers)
{
  for (guint i = 0; i < g_list_model_get_n_items (containers); i++)
    {
      g_autoptr (IommudContainer) container = g_list_model_get_item (containers, i);

      iommud_context_close (iommud_container_get_context (container));
      iommud_container_set_freed (container);
    }
}
