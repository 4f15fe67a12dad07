/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Functions come, get a driver and a place in a group, and go again. */
#include "config.h"

#include "sim/machine/machine.h"

#include <errno.h>
#include <string.h>

#define NODE_FOLDER "/dev/vfio/devices/"

static void
free_group (gpointer data)
{
  IommudSimulatedGroup *group = data;

  g_ptr_array_unref (group->members);
  g_ptr_array_unref (group->attached);
  g_free (group);
}

void
iommud_simulated_machine_init (IommudSimulatedMachine *self)
{
  self->iommus = g_hash_table_new_full (g_str_hash, g_str_equal, NULL,
                                        (GDestroyNotify) iommud_simulated_iommu_free);
  self->functions = g_hash_table_new_full (g_str_hash, g_str_equal, NULL,
                                           (GDestroyNotify) iommud_simulated_function_free);
  g_queue_init (&self->present);
  self->groups = g_hash_table_new_full (NULL, NULL, NULL, free_group);
  self->nodes = g_hash_table_new (g_str_hash, g_str_equal);
  self->vfio_names = g_hash_table_new (g_str_hash, g_str_equal);
  self->lowest_vfio = 0;
  self->mdev_pool = iommud_simulated_mdev_pool_new ();
  g_queue_init (&self->uevents);
}

void
iommud_simulated_machine_clear (IommudSimulatedMachine *self)
{
  iommud_simulated_uevents_deliver (&self->uevents, NULL, NULL);
  g_hash_table_unref (self->nodes);
  g_hash_table_unref (self->vfio_names);
  g_queue_clear (&self->present);
  g_hash_table_unref (self->functions);
  g_hash_table_unref (self->groups);
  g_hash_table_unref (self->iommus);
  g_hash_table_unref (self->mdev_pool);
}

int
iommud_simulated_machine_add_iommu (IommudSimulatedMachine *self, IommudSimulatedIommu *iommu)
{
  if (g_hash_table_contains (self->iommus, iommu->name))
    {
      iommud_simulated_iommu_free (iommu);
      return EEXIST;
    }
  g_hash_table_insert (self->iommus, iommu->name, iommu);
  return 0;
}

static gpointer
group_key (gint32 id)
{
  return GINT_TO_POINTER (id);
}

static void
join_group (IommudSimulatedMachine *self, IommudSimulatedFunction *function)
{
  gint32 id = function->description->info->iommu_group;
  IommudSimulatedGroup *group;

  if (id < 0)
    return;
  group = g_hash_table_lookup (self->groups, group_key (id));
  if (group == NULL)
    {
      group = g_new0 (IommudSimulatedGroup, 1);
      group->id = id;
      group->members = g_ptr_array_new ();
      group->attached = g_ptr_array_new ();
      g_hash_table_insert (self->groups, group_key (id), group);
    }
  g_ptr_array_add (group->members, function);
  function->group = group;
}

static void
leave_group (IommudSimulatedMachine *self, IommudSimulatedFunction *function)
{
  IommudSimulatedGroup *group = g_steal_pointer (&function->group);

  if (group == NULL)
    return;
  g_ptr_array_remove (group->members, function);
  if (group->members->len == 0)
    g_hash_table_remove (self->groups, group_key (group->id));
}

/* Takes @value. */
static void
replace_string (char **place, char *value)
{
  g_free (*place);
  *place = value;
}

static void
choose_vfio_name (IommudSimulatedMachine *self, IommudDeviceInfo *info)
{
  if (*info->vfio_name != '\0' && !g_hash_table_contains (self->vfio_names, info->vfio_name))
    return;
  do
    replace_string (&info->vfio_name, g_strdup_printf ("vfio%u", self->lowest_vfio++));
  while (g_hash_table_contains (self->vfio_names, info->vfio_name));
}

static void
give_back_vfio_name (IommudSimulatedMachine *self, const char *name)
{
  guint64 number;

  g_hash_table_remove (self->vfio_names, name);
  if (g_ascii_string_to_unsigned (name + strlen ("vfio"), 10, 0, G_MAXUINT, &number, NULL)
      && number < self->lowest_vfio)
    self->lowest_vfio = (guint) number;
}

static gboolean
has_cdev (const IommudSimulatedFunction *function)
{
  return function->description->cdev
         && (function->iommu == NULL || function->iommu->cache_coherency);
}

/* What discovery sees once a VFIO driver has the function. */
static IommudDeviceInfo *
make_info (IommudSimulatedMachine *self, const IommudSimulatedFunction *function)
{
  IommudDeviceInfo *info = iommud_device_info_copy (function->description->info);

  choose_vfio_name (self, info);
  if (*info->sysfs_path == '\0')
    replace_string (&info->sysfs_path,
                    g_strdup_printf ("/sys/bus/%s/devices/%s", info->bus, info->name));
  if (has_cdev (function))
    replace_string (&info->cdev_path, g_strconcat (NODE_FOLDER, info->vfio_name, NULL));
  else
    replace_string (&info->cdev_path, g_strdup (""));
  replace_string (&info->driver, g_strdup (function->driver));
  return info;
}

static void
start_vfio (IommudSimulatedMachine *self, IommudSimulatedFunction *function)
{
  function->info = make_info (self, function);
  g_hash_table_insert (self->vfio_names, function->info->vfio_name, function);
  if (*function->info->cdev_path != '\0')
    g_hash_table_insert (self->nodes, function->info->cdev_path, function);
  iommud_simulated_uevents_add (&self->uevents, IOMMUD_SIMULATED_DEVICE_ADDED, function->info);
}

/* Removes the last trace of the node; discovery knows already. */
static void
stop_vfio (IommudSimulatedMachine *self, IommudSimulatedFunction *function)
{
  if (function->info == NULL)
    return;
  give_back_vfio_name (self, function->info->vfio_name);
  if (*function->info->cdev_path != '\0')
    g_hash_table_remove (self->nodes, function->info->cdev_path);
  g_clear_pointer (&function->info, iommud_device_info_unref);
}

int
iommud_simulated_machine_bind (IommudSimulatedMachine *self, IommudSimulatedFunction *function,
                               const char *driver)
{
  gboolean is_vfio = iommud_simulated_function_is_vfio_driver (function, driver);

  if (!is_vfio && function->group != NULL && function->group->owners > 0)
    return EBUSY;
  iommud_simulated_replace_string (&function->driver, driver);
  if (is_vfio)
    start_vfio (self, function);
  return 0;
}

int
iommud_simulated_machine_plug (IommudSimulatedMachine *self, IommudSimulatedFunction *function)
{
  const char *driver;

  if (function->present)
    return function->leaving ? EBUSY : EEXIST;
  function->present = TRUE;
  g_queue_push_tail (&self->present, function);
  function->link = self->present.tail;
  join_group (self, function);
  driver = iommud_simulated_function_get_matching_driver (function);
  /* A host driver that finds the DMA of its group taken leaves the function alone. */
  if (*driver != '\0')
    iommud_simulated_machine_bind (self, function, driver);
  return 0;
}

static void
leave_bus (IommudSimulatedMachine *self, IommudSimulatedFunction *function)
{
  iommud_simulated_replace_string (&function->driver_override, "");
  leave_group (self, function);
  g_queue_delete_link (&self->present, g_steal_pointer (&function->link));
  function->present = FALSE;
  if (!function->made)
    return;
  iommud_simulated_mdev_pool_give_back (self->mdev_pool, function->description->info->parent,
                                        function->description->info->mdev_type);
  g_hash_table_remove (self->functions, function->description->info->name);
}

void
iommud_simulated_machine_finish_unplug (IommudSimulatedMachine *self,
                                        IommudSimulatedFunction *function)
{
  gboolean unbinding = function->unbinding;

  if (!function->leaving || function->files != 0)
    return;
  stop_vfio (self, function);
  iommud_simulated_replace_string (&function->driver, "");
  function->leaving = FALSE;
  function->unbinding = FALSE;
  if (!unbinding)
    leave_bus (self, function);
}

static void
leave (IommudSimulatedMachine *self, IommudSimulatedFunction *function)
{
  if (function->info != NULL && !function->leaving)
    iommud_simulated_uevents_add (&self->uevents, IOMMUD_SIMULATED_DEVICE_REMOVED, function->info);
  function->leaving = TRUE;
  iommud_simulated_machine_finish_unplug (self, function);
}

int
iommud_simulated_machine_unplug (IommudSimulatedMachine *self, IommudSimulatedFunction *function)
{
  if (!function->present || (function->leaving && !function->unbinding))
    return ENODEV;
  function->unbinding = FALSE;
  leave (self, function);
  return 0;
}

int
iommud_simulated_machine_unbind (IommudSimulatedMachine *self, IommudSimulatedFunction *function)
{
  if (!function->present || *function->driver == '\0' || function->leaving)
    return ENODEV;
  function->unbinding = TRUE;
  leave (self, function);
  return 0;
}

static int
check_new (IommudSimulatedMachine *self, const IommudDeviceInfo *info,
           const IommudSimulatedIommu *iommu)
{
  const IommudSimulatedFunction *old = g_hash_table_lookup (self->functions, info->name);

  if (old != NULL && old->present)
    return EEXIST;
  return iommu == NULL && *info->iommu != '\0' ? ENODEV : 0;
}

static int
add_function (IommudSimulatedMachine *self, IommudSimulatedDevice *device, const char *driver,
              gboolean is_vfio, gboolean made)
{
  const IommudSimulatedIommu *iommu = g_hash_table_lookup (self->iommus, device->info->iommu);
  int errnum = check_new (self, device->info, iommu);
  IommudSimulatedFunction *function;

  if (errnum != 0)
    {
      iommud_simulated_device_free (device);
      return errnum;
    }
  function = iommud_simulated_function_new (device, iommu, driver, is_vfio);
  function->made = made;
  g_hash_table_replace (self->functions, device->info->name, function);
  return device->plugged ? iommud_simulated_machine_plug (self, function) : 0;
}

static const char *
get_usual_driver (const IommudDeviceInfo *info)
{
  if (*info->driver != '\0')
    return info->driver;
  if (iommud_device_info_is_mdev (info))
    return "vfio_mdev";
  return g_str_equal (info->bus, "platform") ? "vfio-platform" : "vfio-pci";
}

int
iommud_simulated_machine_add_device (IommudSimulatedMachine *self, IommudSimulatedDevice *device,
                                     gboolean made)
{
  g_autofree char *driver = g_strdup (get_usual_driver (device->info));

  return add_function (self, device, driver, TRUE, made);
}

int
iommud_simulated_machine_add_host_device (IommudSimulatedMachine *self,
                                          IommudSimulatedHostDevice *device)
{
  g_autoptr (IommudSimulatedHostDevice) owned = device;
  IommudSimulatedDevice *description = iommud_simulated_device_new ();

  replace_string (&description->info->name, g_steal_pointer (&owned->name));
  replace_string (&description->info->bus, g_steal_pointer (&owned->bus));
  replace_string (&description->info->iommu, g_steal_pointer (&owned->iommu));
  description->info->iommu_group = owned->iommu_group;
  return add_function (self, description, owned->driver, FALSE, FALSE);
}

int
iommud_simulated_machine_create_mdev (IommudSimulatedMachine *self, const char *parent_name,
                                      const IommudSimulatedMdevType *type, const char *uuid)
{
  IommudSimulatedDevice *device;

  if (g_hash_table_contains (self->functions, uuid))
    return EEXIST;
  if (iommud_simulated_mdev_pool_take (self->mdev_pool, parent_name, type) != 0)
    return ENOSPC;
  device = iommud_simulated_device_new ();
  iommud_simulated_replace_string (&device->info->name, uuid);
  iommud_simulated_replace_string (&device->info->bus, "mdev");
  iommud_simulated_replace_string (&device->info->parent, parent_name);
  iommud_simulated_replace_string (&device->info->mdev_type, type->name);
  iommud_simulated_replace_string (&device->info->driver, parent_name);
  /* The kernel's sample driver, which makes the mdevs here, does the same. */
  device->dma_logging = TRUE;
  device->logs_nothing = TRUE;
  return iommud_simulated_machine_add_device (self, device, TRUE);
}

IommudSimulatedFunction *
iommud_simulated_machine_find (IommudSimulatedMachine *self, const char *name)
{
  return g_hash_table_lookup (self->functions, name);
}

IommudSimulatedFunction *
iommud_simulated_machine_find_node (IommudSimulatedMachine *self, const char *path)
{
  return g_hash_table_lookup (self->nodes, path);
}
