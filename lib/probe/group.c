/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The devices of an IOMMU group, VFIO or not, with their host drivers. */
#include "config.h"

#include "probe/group.h"

#include "probe/sysfs.h"

GPtrArray *
iommud_group_list_members (gint32 iommu_group)
{
  g_autofree char *folder =
      g_strdup_printf ("/sys/kernel/iommu_groups/%d/devices", (int) iommu_group);
  GPtrArray *members = g_ptr_array_new_with_free_func ((GDestroyNotify) iommud_group_member_free);
  g_autoptr (GDir) devices = iommu_group >= 0 ? g_dir_open (folder, 0, NULL) : NULL;
  const char *name;

  while (devices != NULL && (name = g_dir_read_name (devices)) != NULL)
    {
      g_autofree char *path = g_build_filename (folder, name, NULL);
      IommudGroupMember *member = g_new0 (IommudGroupMember, 1);
      char *driver = iommud_sysfs_read_link (path, "driver");
      g_autofree char *vfio = g_build_filename (path, "vfio-dev", NULL);

      member->name = g_utf8_make_valid (name, -1);
      member->driver = driver != NULL ? driver : g_strdup ("");
      member->is_vfio = g_file_test (vfio, G_FILE_TEST_IS_DIR);
      g_ptr_array_add (members, member);
    }
  return members;
}
