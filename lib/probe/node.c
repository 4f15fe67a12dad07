/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The node of a VFIO device: its number, and who has it open, in words.
 *
 * A node's name is not reliable for long: the kernel gives vfioN to the next device as soon as it
 * is free. Its number, read below the device's own directory, belongs to that device. Safe to call
 * from any thread. */
#include "config.h"

#include "probe/node.h"

#include "probe/holders.h"
#include "probe/sysfs.h"

#include <stdlib.h>
#include <sys/stat.h>

/* An error says enough with these, and a search ends early. */
#define MAX_HOLDERS 4

/* For a message: it is the worker of a context that looks. */
#define MAX_SECONDS 2

gboolean
iommud_node_find_number (IommudProbe *probe, const IommudDeviceInfo *info, dev_t *number)
{
  g_autofree char *folder = g_build_filename (info->sysfs_path, "vfio-dev", info->vfio_name, NULL);

  return iommud_sysfs_read_device_number (folder, "dev", number);
}

static char *
describe_holders (const GArray *targets, gboolean *complete)
{
  g_autoptr (GPtrArray) found =
      iommud_holders_find (targets, MAX_HOLDERS, MAX_SECONDS, NULL, complete);

  return iommud_found_holders_describe (found, 0);
}

char *
iommud_node_describe_holder (IommudProbe *probe, const IommudDeviceInfo *info, gboolean *complete)
{
  g_autoptr (GArray) targets = iommud_held_array_new ();
  dev_t number;

  *complete = TRUE;
  if (!iommud_node_find_number (probe, info, &number))
    return NULL;
  iommud_held_array_add (targets, number, info->vfio_name, info->sysfs_path);
  return describe_holders (targets, complete);
}

/* The VFIO device below @path, a link to a device. FALSE: there is none. */
static gboolean
add_device (GArray *targets, const char *path)
{
  g_autofree char *folder = g_build_filename (path, "vfio-dev", NULL);
  g_autofree char *device = realpath (path, NULL);
  g_autoptr (GDir) nodes = g_dir_open (folder, 0, NULL);
  const char *name = nodes != NULL ? g_dir_read_name (nodes) : NULL;
  g_autofree char *node = name != NULL ? g_build_filename (folder, name, NULL) : NULL;
  dev_t number;

  if (node == NULL || !iommud_sysfs_read_device_number (node, "dev", &number))
    return FALSE;
  iommud_held_array_add (targets, number, name, device);
  return TRUE;
}

char *
iommud_node_describe_sibling_holder (IommudProbe *probe, const IommudDeviceInfo *info)
{
  g_autoptr (GPtrArray) members = iommud_probe_list_group (probe, info->iommu_group);
  g_autoptr (GPtrArray) siblings = g_ptr_array_new (); /* of the names of the targets */
  g_autoptr (GArray) targets = iommud_held_array_new ();
  g_autoptr (GPtrArray) found = NULL;
  gboolean complete;

  for (guint i = 0; i < members->len; i++)
    {
      const IommudGroupMember *member = g_ptr_array_index (members, i);
      g_autofree char *path = g_strdup_printf ("/sys/kernel/iommu_groups/%d/devices/%s",
                                               (int) info->iommu_group, member->name);

      if (!g_str_equal (member->name, info->name) && add_device (targets, path))
        g_ptr_array_add (siblings, member->name);
    }
  found = iommud_holders_find (targets, MAX_HOLDERS, MAX_SECONDS, NULL, &complete);
  for (guint i = 0; i < siblings->len; i++)
    {
      g_autofree char *holders = iommud_found_holders_describe (found, i);

      if (holders != NULL)
        return g_strdup_printf ("%s, which %s has open", (char *) siblings->pdata[i], holders);
    }
  return NULL;
}

char *
iommud_node_describe_group_holder (IommudProbe *probe, const IommudDeviceInfo *info,
                                   gboolean *complete)
{
  g_autoptr (GArray) targets = iommud_held_array_new ();
  g_autofree char *name = g_strdup_printf ("%d", (int) info->iommu_group);
  g_autofree char *folder = g_build_filename ("/sys/class/vfio", name, NULL);
  dev_t number;

  *complete = TRUE;
  if (!iommud_sysfs_read_device_number (folder, "dev", &number))
    return NULL;
  iommud_held_array_add (targets, number, name, NULL);
  return describe_holders (targets, complete);
}

/* Before Linux 6.18 a file that was made by a group does not say its device, and a group that is
 * open keeps others from its devices anyway. */
static void
add_group (IommudHeld *held, gint32 group)
{
  g_autofree char *name = g_strdup_printf ("%d", (int) group);
  g_autofree char *folder = g_build_filename ("/sys/class/vfio", name, NULL);

  if (iommud_sysfs_read_device_number (folder, "dev", &held->group_number))
    held->group_node = g_steal_pointer (&name);
}

GPtrArray *
iommud_node_find_holders (IommudProbe *probe, GPtrArray *infos, gboolean *complete)
{
  g_autoptr (GArray) targets = iommud_held_array_new ();

  for (guint i = 0; i < infos->len; i++)
    {
      const IommudDeviceInfo *info = g_ptr_array_index (infos, i);
      dev_t number = 0;

      iommud_node_find_number (probe, info, &number);
      add_group (iommud_held_array_add (targets, number, info->vfio_name, info->sysfs_path),
                 info->iommu_group);
    }
  return iommud_holders_find (targets, IOMMUD_MAX_HOLDERS, IOMMUD_MAX_HOLDER_SECONDS, NULL,
                              complete);
}

/* Whether @fd is open on the node that the device has at this moment. */
gboolean
iommud_node_is_open_as (IommudProbe *probe, const IommudDeviceInfo *info, int fd)
{
  struct stat status;
  dev_t number;

  return iommud_node_find_number (probe, info, &number) && fstat (fd, &status) == 0
         && S_ISCHR (status.st_mode) && status.st_rdev == number;
}
