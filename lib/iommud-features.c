/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What this kernel's iommufd offers, found by asking it and not by its version. */
#include "iommud-features.h"

#include "kernel/iommufd.h"

/* Numbers of linux/iommufd.h. Whether a HWPT can be used with PASIDs is a matter of each device and
 * cannot be asked here. */
static const struct
{
  guint32 number;
  const char *name;
} features[] = {
  { 0x89, "hwpt-alloc" }, { 0x8a, "hw-info" },        { 0x8b, "dirty-tracking" },
  { 0x8d, "nesting" },    { 0x8e, "fault-queue" },    { 0x8f, "map-file" },
  { 0x90, "viommu" },     { 0x92, "change-process" }, { 0x93, "veventq" },
  { 0x94, "hw-queue" },
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
