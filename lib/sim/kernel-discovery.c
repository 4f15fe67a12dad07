/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What discovery may ask of a simulated kernel. */
#include "config.h"

#include "sim/kernel-private.h"

void
iommud_simulated_kernel_set_listener (IommudSimulatedKernel *self, IommudSimulatedListener listener,
                                      gpointer data)
{
  iommud_simulated_kernel_lock (self);
  /* The list of devices holds what happened before. */
  self->listener = NULL;
  iommud_simulated_kernel_unlock (self);
  iommud_simulated_kernel_lock (self);
  self->listener = listener;
  self->listener_data = data;
  iommud_simulated_kernel_unlock (self);
}

GPtrArray *
iommud_simulated_kernel_list_devices (IommudSimulatedKernel *self)
{
  GPtrArray *devices = g_ptr_array_new_with_free_func ((GDestroyNotify) iommud_device_info_unref);

  iommud_simulated_kernel_lock (self);
  for (GList *l = self->machine.present.head; l != NULL; l = l->next)
    if (iommud_simulated_function_is_vfio (l->data))
      g_ptr_array_add (devices,
                       iommud_device_info_ref (((IommudSimulatedFunction *) l->data)->info));
  iommud_simulated_kernel_unlock (self);
  return devices;
}

GPtrArray *
iommud_simulated_kernel_list_group (IommudSimulatedKernel *self, gint32 iommu_group)
{
  GPtrArray *members = g_ptr_array_new_with_free_func ((GDestroyNotify) iommud_group_member_free);
  const IommudSimulatedGroup *group;

  iommud_simulated_kernel_lock (self);
  group = g_hash_table_lookup (self->machine.groups, GINT_TO_POINTER (iommu_group));
  for (guint i = 0; group != NULL && i < group->members->len; i++)
    {
      const IommudSimulatedFunction *function = group->members->pdata[i];
      IommudGroupMember *member = g_new0 (IommudGroupMember, 1);

      member->name = g_strdup (function->description->info->name);
      member->driver = g_strdup (function->driver);
      member->is_vfio = iommud_simulated_function_is_vfio (function);
      g_ptr_array_add (members, member);
    }
  iommud_simulated_kernel_unlock (self);
  return members;
}

/* Under the lock. NULL: the device that @info was made for is no longer there. */
static IommudSimulatedFunction *
find_by_info (IommudSimulatedKernel *self, const IommudDeviceInfo *info)
{
  IommudSimulatedFunction *function = iommud_simulated_kernel_find (self, info->name);

  return function != NULL && function->info == info ? function : NULL;
}

gboolean
iommud_simulated_kernel_is_held (IommudSimulatedKernel *self, const IommudDeviceInfo *info)
{
  const IommudSimulatedFunction *function;
  gboolean held;

  iommud_simulated_kernel_lock (self);
  function = find_by_info (self, info);
  /* The caller has a file of its own open, which it failed to bind. */
  held = function != NULL && function->files > 1;
  iommud_simulated_kernel_unlock (self);
  return held;
}

/* Under the lock. */
static const IommudSimulatedFunction *
find_open_sibling (const IommudSimulatedFunction *function)
{
  const IommudSimulatedGroup *group = function != NULL ? function->group : NULL;

  for (guint i = 0; group != NULL && i < group->members->len; i++)
    {
      const IommudSimulatedFunction *member = group->members->pdata[i];

      if (member != function && member->files > 0)
        return member;
    }
  return NULL;
}

IommudDeviceInfo *
iommud_simulated_kernel_find_open_sibling (IommudSimulatedKernel *self,
                                           const IommudDeviceInfo *info)
{
  const IommudSimulatedFunction *sibling;
  IommudDeviceInfo *found = NULL;

  iommud_simulated_kernel_lock (self);
  sibling = find_open_sibling (find_by_info (self, info));
  if (sibling != NULL)
    found = iommud_device_info_ref (sibling->info);
  iommud_simulated_kernel_unlock (self);
  return found;
}

typedef struct
{
  GPtrArray *infos;
  GArray *found;
} OpenFiles;

static void
add_open_file (const IommudSimulatedFile *file, gpointer user_data)
{
  OpenFiles *self = user_data;
  const IommudSimulatedFunction *function = file->subject;

  if (file->type != IOMMUD_SIMULATED_FILE_CDEV || function->info == NULL)
    return;
  for (guint i = 0; i < self->infos->len; i++)
    {
      const IommudSimulatedOpenFile open_file = { .inode = file->inode, .device = i };

      if (iommud_device_info_equal (function->info, self->infos->pdata[i]))
        g_array_append_val (self->found, open_file);
    }
}

GArray *
iommud_simulated_kernel_list_open_files (IommudSimulatedKernel *self, GPtrArray *infos)
{
  OpenFiles files = { .infos = infos };

  files.found = g_array_new (FALSE, FALSE, sizeof (IommudSimulatedOpenFile));
  iommud_simulated_kernel_lock (self);
  iommud_simulated_files_foreach (self->files, add_open_file, &files);
  iommud_simulated_kernel_unlock (self);
  return files.found;
}

char *
iommud_simulated_kernel_describe_interrupts (IommudSimulatedKernel *self,
                                             const IommudDeviceInfo *info)
{
  const IommudSimulatedFunction *function;
  gboolean isolated;

  iommud_simulated_kernel_lock (self);
  function = find_by_info (self, info);
  isolated = function == NULL || function->iommu == NULL || function->iommu->isolated_msi;
  iommud_simulated_kernel_unlock (self);
  return isolated ? NULL : g_strdup_printf ("IOMMU %s cannot remap interrupts", info->iommu);
}

gboolean
iommud_simulated_kernel_owns_node (IommudSimulatedKernel *self, const IommudDeviceInfo *info,
                                   int fd)
{
  IommudSimulatedFile *file;
  gboolean owns = FALSE;

  iommud_simulated_kernel_lock (self);
  if (iommud_simulated_files_get (self->files, fd, &file) == 0)
    {
      owns = file->type == IOMMUD_SIMULATED_FILE_CDEV && file->subject == find_by_info (self, info);
      iommud_simulated_files_put (self->files, file);
    }
  iommud_simulated_kernel_unlock (self);
  return owns;
}
