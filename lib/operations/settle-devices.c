/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Looking once more at leases that have ended before what they keep is refused to others.
 *
 * A lease that has ended may keep a device that its last holder has closed meanwhile: nobody is
 * told of that. And while it is ending, its client may ask for the device again, or for another one
 * of the same IOMMU group. */
#include "operations/settle-devices.h"

#include "model/host.h"
#include "operations/end-lease.h"

typedef struct
{
  GPtrArray *leases; /* of IommudLease: those that are still to be looked at */
  GTask *task;
  IommudSettledFunc settled;
  gpointer data;
} Settling;

static void settle_next (Settling *self);

static void
on_settled (GObject *lease, GAsyncResult *result, gpointer user_data)
{
  settle_next (user_data);
}

static void
settle_next (Settling *self)
{
  g_autoptr (IommudLease) lease = NULL;

  if (self->leases->len > 0)
    {
      lease = g_ptr_array_steal_index_fast (self->leases, self->leases->len - 1);
      iommud_end_lease_settle (lease, g_task_get_cancellable (self->task), on_settled, self);
      return;
    }
  g_ptr_array_unref (self->leases);
  self->settled (self->task, self->data);
  g_free (self);
}

void
iommud_settle_devices (IommudDevice *const *devices, guint n_devices, GTask *task,
                       IommudSettledFunc settled, gpointer data)
{
  Settling *self = g_new0 (Settling, 1);

  self->leases = g_ptr_array_new_with_free_func (g_object_unref);
  self->task = task;
  self->settled = settled;
  self->data = data;
  for (guint i = 0; i < n_devices; i++)
    {
      IommudHost *host = iommud_device_get_host (devices[i]);

      if (host != NULL)
        iommud_device_table_add_ended_leases (iommud_host_get_device_table (host), devices[i],
                                              self->leases);
    }
  settle_next (self);
}
