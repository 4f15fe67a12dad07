/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The devices of a host: a list, in which each can be found by any of its names or by its IOMMU
 * group. */
#include "model/device-table.h"

struct _IommudDeviceTable
{
  GListStore *list;    /* owns them */
  GHashTable *by_path; /* sysfs path -> IommudDevice, not owned */
  GHashTable *by_name; /* bus name -> IommudDevice, not owned */
  GHashTable *by_vfio; /* vfioN -> IommudDevice, not owned */
  GHashTable *groups;  /* IOMMU group -> GPtrArray of IommudDevice, not owned */
};

IommudDeviceTable *
iommud_device_table_new (void)
{
  IommudDeviceTable *self = g_new0 (IommudDeviceTable, 1);

  self->list = g_list_store_new (IOMMUD_TYPE_DEVICE);
  self->by_path = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->by_name = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->by_vfio = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->groups = g_hash_table_new_full (NULL, NULL, NULL, (GDestroyNotify) g_ptr_array_unref);
  return self;
}

void
iommud_device_table_free (IommudDeviceTable *self)
{
  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (self->list)); i++)
    {
      g_autoptr (IommudDevice) device = g_list_model_get_item (G_LIST_MODEL (self->list), i);

      iommud_device_forget_host (device);
    }
  g_hash_table_unref (self->by_path);
  g_hash_table_unref (self->by_name);
  g_hash_table_unref (self->by_vfio);
  g_hash_table_unref (self->groups);
  g_object_unref (self->list);
  g_free (self);
}

static void
index_device (IommudDeviceTable *self, IommudDevice *device)
{
  const IommudDeviceInfo *info = iommud_device_get_info (device);
  GPtrArray *group = g_hash_table_lookup (self->groups, GINT_TO_POINTER (info->iommu_group));

  if (group == NULL)
    {
      group = g_ptr_array_new ();
      g_hash_table_insert (self->groups, GINT_TO_POINTER (info->iommu_group), group);
    }
  g_ptr_array_add (group, device);
  g_hash_table_insert (self->by_path, g_strdup (info->sysfs_path), device);
  g_hash_table_insert (self->by_name, g_strdup (info->name), device);
  if (*info->vfio_name != '\0')
    g_hash_table_insert (self->by_vfio, g_strdup (info->vfio_name), device);
}

static void
unindex_device (IommudDeviceTable *self, IommudDevice *device)
{
  const IommudDeviceInfo *info = iommud_device_get_info (device);
  GPtrArray *group = g_hash_table_lookup (self->groups, GINT_TO_POINTER (info->iommu_group));

  if (group != NULL && g_ptr_array_remove_fast (group, device) && group->len == 0)
    g_hash_table_remove (self->groups, GINT_TO_POINTER (info->iommu_group));
  g_hash_table_remove (self->by_name, info->name);
  /* Meanwhile the kernel may have given the device's number to another device. */
  if (g_hash_table_lookup (self->by_vfio, info->vfio_name) == device)
    g_hash_table_remove (self->by_vfio, info->vfio_name);
  g_hash_table_remove (self->by_path, info->sysfs_path);
}

gboolean
iommud_device_table_add (IommudDeviceTable *self, IommudDevice *device)
{
  const IommudDeviceInfo *info = iommud_device_get_info (device);

  if (g_hash_table_contains (self->by_name, info->name))
    {
      g_message ("Two devices are called %s: %s is left out", info->name, info->sysfs_path);
      return FALSE;
    }
  index_device (self, device);
  g_list_store_append (self->list, device);
  return TRUE;
}

void
iommud_device_table_change (IommudDeviceTable *self, IommudDevice *device, IommudDeviceInfo *info)
{
  unindex_device (self, device);
  iommud_device_set_info (device, info);
  index_device (self, device);
}

void
iommud_device_table_remove (IommudDeviceTable *self, IommudDevice *device)
{
  guint position;

  unindex_device (self, device);
  iommud_device_forget_host (device);
  if (g_list_store_find (self->list, device, &position))
    g_list_store_remove (self->list, position);
}

GListModel *
iommud_device_table_get_list (IommudDeviceTable *self)
{
  return G_LIST_MODEL (self->list);
}

IommudDevice *
iommud_device_table_find (IommudDeviceTable *self, const char *name)
{
  g_autofree char *lower = g_ascii_strdown (name, -1);
  IommudDevice *device = g_hash_table_lookup (self->by_name, name);

  if (device == NULL)
    device = g_hash_table_lookup (self->by_name, lower);
  if (device == NULL)
    device = g_hash_table_lookup (self->by_vfio, name);
  if (device == NULL)
    device = g_hash_table_lookup (self->by_path, name);
  return device;
}

IommudDevice *
iommud_device_table_find_at (IommudDeviceTable *self, const char *sysfs_path)
{
  return g_hash_table_lookup (self->by_path, sysfs_path);
}

/* NULL if the device has no group; it is in the array itself. */
static const GPtrArray *
get_group (IommudDeviceTable *self, IommudDevice *device)
{
  gint32 iommu_group = iommud_device_get_info (device)->iommu_group;

  return iommu_group < 0 ? NULL : g_hash_table_lookup (self->groups, GINT_TO_POINTER (iommu_group));
}

IommudDevice *
iommud_device_table_find_attached_sibling (IommudDeviceTable *self, IommudDevice *device,
                                           IommudContainer *container)
{
  const GPtrArray *group = get_group (self, device);

  for (guint i = 0; group != NULL && i < group->len; i++)
    {
      IommudDevice *sibling = g_ptr_array_index (group, i);

      if (sibling != device && iommud_device_get_container (sibling) == container
          && iommud_device_get_hwpt (sibling) != NULL)
        return sibling;
    }
  return NULL;
}

IommudDevice *
iommud_device_table_find_sibling_elsewhere (IommudDeviceTable *self, IommudDevice *device,
                                            IommudContainer *container)
{
  const GPtrArray *group = get_group (self, device);

  for (guint i = 0; group != NULL && i < group->len; i++)
    {
      IommudDevice *sibling = g_ptr_array_index (group, i);
      IommudContainer *holder = iommud_device_get_container (sibling);

      if (sibling != device && holder != NULL && holder != container)
        return sibling;
    }
  return NULL;
}

static void
add_ended_lease (IommudDevice *device, GPtrArray *leases)
{
  IommudLease *lease = iommud_device_get_lease (device);

  if (lease != NULL && iommud_lease_get_state (lease) != IOMMUD_LEASE_STATE_ACTIVE
      && !g_ptr_array_find (leases, lease, NULL))
    g_ptr_array_add (leases, g_object_ref (lease));
}

void
iommud_device_table_add_ended_leases (IommudDeviceTable *self, IommudDevice *device,
                                      GPtrArray *leases)
{
  const GPtrArray *group = get_group (self, device);

  add_ended_lease (device, leases);
  for (guint i = 0; group != NULL && i < group->len; i++)
    add_ended_lease (g_ptr_array_index (group, i), leases);
}

IommudDevice *
iommud_device_table_find_leased_sibling (IommudDeviceTable *self, IommudDevice *device,
                                         IommudLease *lease)
{
  const GPtrArray *group = get_group (self, device);

  for (guint i = 0; group != NULL && i < group->len; i++)
    {
      IommudDevice *sibling = g_ptr_array_index (group, i);
      IommudLease *holder = iommud_device_get_future_lease (sibling);

      if (sibling != device && holder != NULL && holder != lease)
        return sibling;
    }
  return NULL;
}

IommudDevice *
iommud_device_table_find_sibling_in_the_way (IommudDeviceTable *self, IommudDevice *device,
                                             IommudLease *lease)
{
  const GPtrArray *group = get_group (self, device);

  for (guint i = 0; group != NULL && i < group->len; i++)
    {
      IommudDevice *sibling = g_ptr_array_index (group, i);
      gboolean is_taken = iommud_device_get_container (sibling) != NULL
                          || iommud_device_get_future_lease (sibling) != NULL
                          || iommud_device_is_claimed (sibling);

      if (sibling != device && is_taken && iommud_device_get_future_lease (sibling) != lease)
        return sibling;
    }
  return NULL;
}
