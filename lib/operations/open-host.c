/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Opening a host: finding what its kernel offers and which devices are present. */
#include "kernel/features.h"
#include "model/host.h"
#include "operations/end-lease.h"
#include "operations/hotplug.h"

/**
 * iommud_host_new:
 * @backend: what the host uses; a backend serves one host
 * @error: where to put an error
 *
 * Makes a host and finds its devices. From then on it follows them, in the main context that is the
 * thread's default during this call.
 *
 * Returns: (transfer full): a new host
 */
IommudHost *
iommud_host_new (IommudBackend *backend, GError **error)
{
  g_autoptr (IommudHost) self = NULL;

  g_return_val_if_fail (IOMMUD_IS_BACKEND (backend), NULL);

  self = iommud_host_new_empty (backend, error);
  if (self == NULL)
    return NULL;
  iommud_host_take_features (self, iommud_features_probe (iommud_backend_get_syscalls (backend)));
  iommud_lease_table_set_abandoned_handler (iommud_host_get_lease_table (self),
                                            iommud_end_lease_that_is_abandoned);
  return iommud_hotplug_start (self, error) ? g_steal_pointer (&self) : NULL;
}
