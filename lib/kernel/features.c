/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What this kernel's iommufd offers, found by asking it and not by its version. */
#include "config.h"

#include "kernel/features.h"

#include "kernel/abi.h"
#include "kernel/iommufd.h"

/* Whether a HWPT can be used with PASIDs is a matter of each device and
 * cannot be asked here. */
static const struct
{
  guint32 number;
  const char *name;
} features[] = {
  { IOMMUD_ABI_NR_HWPT_ALLOC, "hwpt-alloc" },
  { IOMMUD_ABI_NR_GET_HW_INFO, "hw-info" },
  { IOMMUD_ABI_NR_HWPT_SET_DIRTY_TRACKING, "dirty-tracking" },
  { IOMMUD_ABI_NR_HWPT_INVALIDATE, "nesting" },
  { IOMMUD_ABI_NR_FAULT_QUEUE_ALLOC, "fault-queue" },
  { IOMMUD_ABI_NR_IOAS_MAP_FILE, "map-file" },
  { IOMMUD_ABI_NR_VIOMMU_ALLOC, "viommu" },
  { IOMMUD_ABI_NR_IOAS_CHANGE_PROCESS, "change-process" },
  { IOMMUD_ABI_NR_VEVENTQ_ALLOC, "veventq" },
  { IOMMUD_ABI_NR_HW_QUEUE_ALLOC, "hw-queue" },
};

char **
iommud_features_probe (const IommudSyscalls *syscalls)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  int fd;

  if (iommud_iommufd_open (syscalls, &fd) != 0)
    return NULL;
  for (gsize i = 0; i < G_N_ELEMENTS (features); i++)
    if (iommud_iommufd_knows (syscalls, fd, features[i].number))
      g_strv_builder_add (builder, features[i].name);
  syscalls->close (syscalls, fd);
  return g_strv_builder_end (builder);
}
