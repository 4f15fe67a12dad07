/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* All interfaces of the service. */
#include "interfaces.h"

#include "container-export.h"
#include "device-export.h"
#include "dirty-tracking-export.h"
#include "hwpt-export.h"
#include "lease-export.h"
#include "manager-export.h"
#include "memory-export.h"

/* Up to a NULL. */
const IommudInterface *const *
iommud_interfaces_get_all (void)
{
  static const IommudInterface *const interfaces[] = {
    &iommud_manager_interface,        &iommud_device_interface,
    &iommud_container_interface,      &iommud_memory_interface,
    &iommud_dirty_tracking_interface, &iommud_hwpt_interface,
    &iommud_lease_interface,          NULL,
  };

  return interfaces;
}

static gboolean
takes_file (GDBusMethodInfo *method)
{
  for (guint i = 0; method->in_args != NULL && method->in_args[i] != NULL; i++)
    if (g_str_equal (method->in_args[i]->signature, "h"))
      return TRUE;
  return FALSE;
}

/* May be called from any thread. */
gboolean
iommud_interfaces_take_files (const char *interface, const char *method)
{
  const IommudInterface *const *all = iommud_interfaces_get_all ();

  for (gsize i = 0; interface != NULL && all[i] != NULL; i++)
    {
      GDBusInterfaceInfo *info = all[i]->get_info ();
      GDBusMethodInfo *found = NULL;

      if (!g_str_equal (info->name, interface))
        continue;
      found = g_dbus_interface_info_lookup_method (info, method);
      return found != NULL && takes_file (found);
    }
  return FALSE;
}
