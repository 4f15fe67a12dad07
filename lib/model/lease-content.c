/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a lease has, and whether it has ended. */
#include "model/lease-private.h"

#include "iommud-error.h"

gboolean
iommud_lease_check_active (IommudLease *self, const char *what, GError **error)
{
  if (self->state == IOMMUD_LEASE_STATE_ACTIVE && self->host != NULL)
    return TRUE;
  g_set_error (error, IOMMUD_ERROR, IOMMUD_ERROR_NOT_FOUND, "Cannot %s: lease %s has ended", what,
               self->name);
  return FALSE;
}

void
iommud_lease_fill_record (IommudLease *self, IommudLeaseRecord *record)
{
  record->serial = self->serial;
  iommud_record_set_string (&record->name, self->name);
  record->owner = self->owner;
  record->pid = self->pid;
  iommud_record_set_string (&record->command, self->command);
  iommud_record_set_string (&record->unit, self->unit);
  record->since = self->since;
  record->locked_memory = self->locked_memory;
  record->lingering = self->state == IOMMUD_LEASE_STATE_LINGERING;
}

void
iommud_lease_begin_container (IommudLease *self)
{
  self->n_promised++;
}

void
iommud_lease_end_container (IommudLease *self)
{
  self->n_promised--;
}

gboolean
iommud_lease_is_over (IommudLease *self)
{
  return self->state == IOMMUD_LEASE_STATE_LINGERING && self->n_promised == 0
         && g_list_model_get_n_items (G_LIST_MODEL (self->devices)) == 0
         && g_list_model_get_n_items (G_LIST_MODEL (self->containers)) == 0;
}

static void
remove_from (GListStore *list, gpointer item)
{
  guint position;

  if (g_list_store_find (list, item, &position))
    g_list_store_remove (list, position);
}

void
iommud_lease_add_device (IommudLease *self, IommudDevice *device)
{
  g_list_store_append (self->devices, device);
}

void
iommud_lease_remove_device (IommudLease *self, IommudDevice *device)
{
  remove_from (self->devices, device);
}

void
iommud_lease_add_container (IommudLease *self, IommudContainer *container)
{
  g_list_store_append (self->containers, container);
}

void
iommud_lease_remove_container (IommudLease *self, IommudContainer *container)
{
  remove_from (self->containers, container);
}

/**
 * iommud_lease_get_serial:
 * @self: a lease
 *
 * Its number, which is never used twice.
 *
 * Returns: the serial
 */
guint64
iommud_lease_get_serial (IommudLease *self)
{
  g_return_val_if_fail (IOMMUD_IS_LEASE (self), 0);
  return self->serial;
}

/**
 * iommud_lease_get_name:
 * @self: a lease
 *
 * The lease's name, which no other lease of the host has.
 *
 * Returns: the name
 */
const char *
iommud_lease_get_name (IommudLease *self)
{
  g_return_val_if_fail (IOMMUD_IS_LEASE (self), NULL);
  return self->name;
}

/**
 * iommud_lease_get_owner:
 * @self: a lease
 *
 * Whose lease it is.
 *
 * Returns: a user id
 */
guint
iommud_lease_get_owner (IommudLease *self)
{
  g_return_val_if_fail (IOMMUD_IS_LEASE (self), G_MAXUINT32);
  return self->owner;
}

/**
 * iommud_lease_get_state:
 * @self: a lease
 *
 * Whether the lease is in force.
 *
 * Returns: its state
 */
IommudLeaseState
iommud_lease_get_state (IommudLease *self)
{
  g_return_val_if_fail (IOMMUD_IS_LEASE (self), IOMMUD_LEASE_STATE_LINGERING);
  return self->state;
}

/**
 * iommud_lease_get_devices:
 * @self: a lease
 *
 * The devices that the lease was handed, and those that are bound to its containers; emits
 * #GListModel::items-changed as they come and go.
 *
 * Returns: (transfer none): a list of #IommudDevice
 */
GListModel *
iommud_lease_get_devices (IommudLease *self)
{
  g_return_val_if_fail (IOMMUD_IS_LEASE (self), NULL);
  return G_LIST_MODEL (self->devices);
}

/**
 * iommud_lease_get_containers:
 * @self: a lease
 *
 * The containers that were made under the lease; emits #GListModel::items-changed as they come and
 * go.
 *
 * Returns: (transfer none): a list of #IommudContainer
 */
GListModel *
iommud_lease_get_containers (IommudLease *self)
{
  g_return_val_if_fail (IOMMUD_IS_LEASE (self), NULL);
  return G_LIST_MODEL (self->containers);
}
