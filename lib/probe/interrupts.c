/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What sysfs says of the remapping of interrupts, without which a device can send those of others.
 * Safe to call from any thread. */
#include "config.h"

#include "probe/interrupts.h"

#include "probe/sysfs.h"

/* The bit "interrupt remapping support" of VT-d's register ECAP. */
#define ECAP_INTERRUPT_REMAPPING (G_GUINT64_CONSTANT (1) << 3)

#define MAX_INTERRUPTS 4096

/* FALSE also if that is not known. */
static gboolean
lacks_remapping (const char *iommu)
{
  g_autofree char *folder = g_build_filename ("/sys/class/iommu", iommu, "intel-iommu", NULL);
  g_autofree char *text = iommud_sysfs_read_line (folder, "ecap");
  guint64 ecap = 0;

  return text != NULL && g_ascii_string_to_unsigned (text, 16, 0, G_MAXUINT64, &ecap, NULL)
         && (ecap & ECAP_INTERRUPT_REMAPPING) == 0;
}

/* The names of the interrupt controllers: remapped ones have a prefix on x86, and on Arm the
 * translation of MSIs isolates them. */
static gboolean
are_isolated (void)
{
  g_autoptr (GDir) interrupts = g_dir_open ("/sys/kernel/irq", 0, NULL);
  const char *number;

  for (guint i = 0;
       interrupts != NULL && i < MAX_INTERRUPTS && (number = g_dir_read_name (interrupts)) != NULL;
       i++)
    {
      g_autofree char *folder = g_build_filename ("/sys/kernel/irq", number, NULL);
      g_autofree char *chip = iommud_sysfs_read_line (folder, "chip_name");

      if (chip != NULL && (g_str_has_prefix (chip, "IR-") || g_str_has_prefix (chip, "ITS")))
        return TRUE;
    }
  return FALSE;
}

char *
iommud_interrupts_describe (IommudProbe *probe, const IommudDeviceInfo *info)
{
  g_autofree char *unsafe =
      iommud_sysfs_read_line ("/sys/module/iommufd/parameters", "allow_unsafe_interrupts");

  if (g_strcmp0 (unsafe, "Y") == 0 || are_isolated ())
    return NULL;
  if (lacks_remapping (info->iommu))
    return g_strdup_printf ("IOMMU %s cannot remap interrupts", info->iommu);
  return g_strdup ("interrupts are not remapped: see the firmware's settings and the kernel's "
                   "parameter intremap");
}
