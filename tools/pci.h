/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* PCI devices that are not VFIO devices yet. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define IOMMUCTL_PCI_FOLDER "/sys/bus/pci/devices"

/* How many could be bound to vfio-pci: those that have an IOMMU, are no bridges, and are on another
 * driver or on none. @folder: IOMMUCTL_PCI_FOLDER. */
guint iommuctl_pci_count_bindable (const char *folder);

G_END_DECLS
