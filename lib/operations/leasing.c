/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the operations on leases share: whether a lease may have a device, and their queue.
 *
 * The kernel binds the devices of an IOMMU group to one context only, so a group belongs to one
 * lease. Whether it does is checked when a device is claimed, against what siblings are and against
 * what operations that are under way will make of them. */
#include "operations/leasing.h"

#include "iommud-error.h"
#include "model/container.h"
#include "model/host.h"
#include "model/write-down.h"

/* Who has a device that has a lease, for an error. */
static char *
describe_lease (IommudLease *lease)
{
  g_autoptr (GVariant) holders = NULL;
  guint pid = 0;
  const char *command = NULL;

  if (iommud_lease_get_state (lease) == IOMMUD_LEASE_STATE_ACTIVE)
    return g_strdup_printf ("lease %s of user %u", iommud_lease_get_name (lease),
                            iommud_lease_get_owner (lease));
  g_object_get (lease, "holders", &holders, NULL);
  if (holders == NULL || g_variant_n_children (holders) == 0)
    return g_strdup_printf ("lease %s, which is ending", iommud_lease_get_name (lease));
  g_variant_get_child (holders, 0, "(u&s&s)", &pid, &command, NULL);
  return g_strdup_printf (
      "lease %s, which has ended, but %s (pid %u) still has a device of it open",
      iommud_lease_get_name (lease), command, pid);
}

static gboolean
refuse (const char *what, const char *subject, IommudLease *lease, GError **error)
{
  g_autofree char *holder = describe_lease (lease);

  g_set_error (error, IOMMUD_ERROR, IOMMUD_ERROR_BUSY, "Cannot %s: %s belongs to %s", what, subject,
               holder);
  return FALSE;
}

static gboolean
refuse_for_sibling (IommudDevice *device, IommudDevice *sibling, const char *what, GError **error)
{
  IommudLease *lease = iommud_device_get_future_lease (sibling);
  IommudContainer *container = iommud_device_get_container (sibling);
  g_autofree char *subject =
      g_strdup_printf ("%s of the same IOMMU group %d", iommud_device_get_name (sibling),
                       (int) iommud_device_get_info (device)->iommu_group);

  if (lease != NULL)
    return refuse (what, subject, lease, error);
  if (container != NULL)
    g_set_error (error, IOMMUD_ERROR, IOMMUD_ERROR_BUSY, "Cannot %s: %s is in container %s", what,
                 subject, iommud_container_get_name (container));
  else
    g_set_error (error, IOMMUD_ERROR, IOMMUD_ERROR_BUSY,
                 "Cannot %s: an operation on %s is under way", what, subject);
  return FALSE;
}

gboolean
iommud_leasing_check_device (IommudHost *host, IommudLease *lease, IommudDevice *device,
                             const char *what, GError **error)
{
  IommudContainer *container = iommud_device_get_container (device);
  IommudLease *lease_of_device = iommud_device_get_future_lease (device);
  IommudDevice *sibling = iommud_device_table_find_sibling_in_the_way (
      iommud_host_get_device_table (host), device, lease);

  if (!iommud_device_check_present (device, what, error))
    return FALSE;
  if (lease_of_device != NULL && lease_of_device != lease)
    return refuse (what, iommud_device_get_name (device), lease_of_device, error);
  if (container != NULL && iommud_container_get_lease (container) != lease)
    {
      g_set_error (error, IOMMUD_ERROR, IOMMUD_ERROR_BUSY,
                   "Cannot %s: %s is in container %s: detach it first", what,
                   iommud_device_get_name (device), iommud_container_get_name (container));
      return FALSE;
    }
  return sibling == NULL || refuse_for_sibling (device, sibling, what, error);
}

gboolean
iommud_leasing_claim (IommudHost *host, IommudLease *lease, IommudDevice *device, const char *what,
                      GError **error)
{
  if (!iommud_leasing_check_device (host, lease, device, what, error)
      || !iommud_device_claim (device, what, error))
    return FALSE;
  iommud_device_set_wanted_by (device, lease);
  return TRUE;
}

void
iommud_leasing_let_go (IommudDevice *device)
{
  iommud_device_set_wanted_by (device, NULL);
  iommud_device_end_claim (device);
}

gboolean
iommud_leasing_check_container (IommudContainer *container, IommudDevice *device, const char *what,
                                GError **error)
{
  IommudLease *lease = iommud_container_get_lease (container);
  IommudLease *holder = iommud_device_get_future_lease (device);
  IommudDevice *sibling = iommud_device_table_find_leased_sibling (
      iommud_host_get_device_table (iommud_container_get_host (container)), device, lease);

  if (holder != NULL && holder != lease)
    return refuse (what, iommud_device_get_name (device), holder, error);
  if (iommud_device_is_handed_out (device) && iommud_device_get_container (device) == NULL)
    {
      g_set_error (error, IOMMUD_ERROR, IOMMUD_ERROR_BUSY,
                   "Cannot %s: %s was handed out under lease %s: close it there first", what,
                   iommud_device_get_name (device), iommud_lease_get_name (holder));
      return FALSE;
    }
  return sibling == NULL || refuse_for_sibling (device, sibling, what, error);
}

void
iommud_leasing_fill_access (IommudKernelAccess *access, IommudHost *host, char *what)
{
  IommudBackend *backend = iommud_host_get_backend (host);

  iommud_kernel_access_clear (access);
  access->syscalls = iommud_backend_get_syscalls (backend);
  access->probe = g_object_ref (iommud_backend_get_probe (backend));
  access->what = what;
}

void
iommud_leasing_submit (IommudLease *lease, const IommudOperation *operation, gpointer data,
                       GTask *task)
{
  iommud_queue_submit (iommud_lease_get_queue (lease), operation, data,
                       iommud_lease_get_host (lease), task);
}

IommudFindHoldersPlan *
iommud_leasing_new_search (IommudHost *host)
{
  return iommud_find_holders_plan_new (iommud_host_get_holder_searches (host)->passes,
                                       iommud_host_get_file_keeper (host));
}

IommudDescriptors *
iommud_leasing_new_files (GTask *task)
{
  IommudDescriptors *files = iommud_descriptors_new ();

  g_task_set_task_data (task, iommud_descriptors_ref (files),
                        (GDestroyNotify) iommud_descriptors_unref);
  return files;
}

void
iommud_leasing_write_down (IommudLease *lease)
{
  IommudHost *host = iommud_lease_get_host (lease);
  g_autoptr (IommudHostRecord) record = NULL;

  if (host == NULL || iommud_host_get_journal (host) == NULL)
    return;
  record = iommud_host_record_new ();
  iommud_host_fill_record (host, record);
  iommud_write_down_scope (record, "leases", iommud_lease_get_serial (lease), 0, G_MAXUINT64);
  if (!iommud_lease_is_over (lease))
    iommud_lease_write_down (lease, record);
  iommud_journal_add_fact (iommud_host_get_journal (host), 0,
                           iommud_host_record_to_variant (record), NULL);
}
