/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* PCI devices that are not VFIO devices yet, as sysfs lists them. */
#include "config.h"

#include "pci.h"

#define BRIDGE_CLASS "0x06"
/* vfio-pci and its variants: VFIO makes this folder for each device that it has. */
#define VFIO_FOLDER "vfio-dev"

static gboolean
has (const char *device, const char *name)
{
  g_autofree char *path = g_build_filename (device, name, NULL);

  return g_file_test (path, G_FILE_TEST_EXISTS);
}

static gboolean
is_bridge (const char *device)
{
  g_autofree char *path = g_build_filename (device, "class", NULL);
  g_autofree char *class = NULL;

  return g_file_get_contents (path, &class, NULL, NULL) && g_str_has_prefix (class, BRIDGE_CLASS);
}

guint
iommuctl_pci_count_bindable (const char *folder)
{
  g_autoptr (GDir) devices = g_dir_open (folder, 0, NULL);
  const char *name = NULL;
  guint count = 0;

  while (devices != NULL && (name = g_dir_read_name (devices)) != NULL)
    {
      g_autofree char *device = g_build_filename (folder, name, NULL);

      if (has (device, "iommu_group") && !has (device, VFIO_FOLDER) && !is_bridge (device))
        count++;
    }
  return count;
}
