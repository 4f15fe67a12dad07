/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Adoption: the leases that were written down, their guards, and what they had.
 *
 * A guard that the service manager has dropped, or that nobody holds any more, is that of a lease
 * whose client has gone meanwhile: it ends as soon as the host runs. */
#include "config.h"

#include "adoption/adoption.h"
#include "model/container.h"
#include "model/device.h"
#include "model/lease.h"

#include <sys/stat.h>
#include <unistd.h>

#define SERIAL G_GUINT64_FORMAT

static gboolean
check_lease (IommudAdoption *self, gpointer record, char **reason, GError **error)
{
  IommudLeaseRecord *entry = record;

  if (g_hash_table_contains (self->leases, &entry->serial))
    return iommud_adoption_refuse (reason,
                                   "Lease %s (%" SERIAL "): its serial is written down twice",
                                   entry->name, entry->serial);
  if (!g_hash_table_add (self->lease_names, entry->name))
    return iommud_adoption_refuse (reason, "Lease %s (%" SERIAL "): another lease has its name",
                                   entry->name, entry->serial);
  g_hash_table_insert (self->leases, &entry->serial, entry);
  return TRUE;
}

/* What a container says of the lease that it is of: whose it was. */
static void
add_lost_lease (IommudAdoption *self, const IommudContainerRecord *container)
{
  IommudLeaseRecord *record = iommud_lease_record_new ();
  g_autofree char *name = g_strdup_printf ("lost-%" SERIAL, container->lease);

  while (g_hash_table_contains (self->lease_names, name))
    {
      g_autofree char *taken = g_steal_pointer (&name);

      name = g_strconcat (taken, "-", NULL);
    }
  record->serial = container->lease;
  record->owner = container->owner;
  iommud_record_set_string (&record->name, name);
  iommud_adoption_drop (self,
                        "Lease %" SERIAL ": it is not written down, and container %s is of it",
                        container->lease, container->name);
  g_hash_table_add (self->lease_names, record->name);
  g_hash_table_insert (self->leases, &record->serial, record);
  g_ptr_array_add (self->record->leases, record);
}

/* The names live until all were seen. */
static void
check_handed_out (IommudAdoption *self, IommudLeaseRecord *record, GHashTable *seen)
{
  g_autoptr (GPtrArray) names = g_steal_pointer (&record->handed_out);
  IommudDeviceTable *devices = iommud_host_get_device_table (self->host);

  record->handed_out = g_ptr_array_new_with_free_func (g_free);
  for (guint i = 0; i < names->len; i++)
    {
      const char *name = g_ptr_array_index (names, i);
      IommudDevice *device = iommud_device_table_find (devices, name);

      if (device == NULL)
        iommud_adoption_drop (self, "Device %s of lease %s: it was unplugged, unbound or deleted",
                              name, record->name);
      else if (!g_hash_table_add (seen, device))
        iommud_adoption_drop (self, "Device %s of lease %s: it is written down twice", name,
                              record->name);
      else
        g_ptr_array_add (record->handed_out, g_strdup (name));
    }
}

gboolean
iommud_adoption_check_leases (IommudAdoption *self, GError **error)
{
  IommudHostRecord *record = self->record;
  g_autoptr (GHashTable) seen = g_hash_table_new (NULL, NULL);

  if (record->n_leases != record->leases->len)
    iommud_adoption_drop (self, "The host: %u leases were written down, and %u are known",
                          record->n_leases, record->leases->len);
  if (!iommud_adoption_filter (self, record->leases, check_lease,
                               (GDestroyNotify) iommud_lease_record_free, error))
    return FALSE;
  for (guint i = 0; i < record->containers->len; i++)
    {
      const IommudContainerRecord *container = g_ptr_array_index (record->containers, i);

      if (container->lease != 0 && !g_hash_table_contains (self->leases, &container->lease))
        add_lost_lease (self, container);
    }
  for (guint i = 0; i < record->leases->len; i++)
    check_handed_out (self, g_ptr_array_index (record->leases, i), seen);
  return TRUE;
}

/* A file of that name that is no pipe is none of ours; it is closed with the rest. */
static int
take_guard (IommudAdoption *self, const IommudLeaseRecord *record)
{
  g_autofree char *name = iommud_descriptors_name_lease (record->serial);
  int fd = iommud_descriptors_peek (self->descriptors, name);
  struct stat status;

  if (record->lingering || fd < 0 || fstat (fd, &status) != 0 || !S_ISFIFO (status.st_mode))
    return -1;
  return iommud_descriptors_steal (self->descriptors, name);
}

void
iommud_adoption_build_leases (IommudAdoption *self)
{
  for (guint i = 0; i < self->record->leases->len; i++)
    {
      const IommudLeaseRecord *record = g_ptr_array_index (self->record->leases, i);
      IommudLease *lease = iommud_lease_new (self->host, iommud_host_new_queue (self->host), record,
                                             take_guard (self, record));

      g_hash_table_insert (self->built_leases, (gpointer) &record->serial, lease);
    }
}

static void
hand_out (IommudAdoption *self, const IommudLeaseRecord *record, IommudLease *lease)
{
  IommudDeviceTable *devices = iommud_host_get_device_table (self->host);

  for (guint i = 0; i < record->handed_out->len; i++)
    iommud_device_set_lease (
        iommud_device_table_find (devices, g_ptr_array_index (record->handed_out, i)), lease, TRUE);
}

static void
list_lease (IommudAdoption *self, const IommudLeaseRecord *record, IommudLease *lease)
{
  IommudLeaseTable *leases = iommud_host_get_lease_table (self->host);
  g_autofree char *name = g_strdup (record->name);

  iommud_lease_table_reserve_name (leases, &name, NULL);
  if (iommud_lease_get_guard (lease) >= 0 && iommud_lease_table_add (leases, lease) == 0)
    {
      iommud_lease_keep_guard (lease, iommud_host_get_open_files (self->host));
      return;
    }
  /* It has no guard, or one that cannot be watched. */
  iommud_lease_close_guard (lease);
  iommud_lease_table_add (leases, lease);
  iommud_lease_table_abandon (leases, lease);
}

void
iommud_adoption_list_leases (IommudAdoption *self)
{
  for (guint i = 0; i < self->record->leases->len; i++)
    {
      const IommudLeaseRecord *record = g_ptr_array_index (self->record->leases, i);
      IommudLease *lease = g_hash_table_lookup (self->built_leases, &record->serial);

      hand_out (self, record, lease);
      list_lease (self, record, lease);
    }
}
