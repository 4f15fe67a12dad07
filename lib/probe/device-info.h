/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What discovery knows of one VFIO device: an immutable, reference-counted record. */
#pragma once

#include <glib-object.h>

#include "base/internal.h"

G_BEGIN_DECLS

typedef struct _IommudDeviceInfo IommudDeviceInfo;

/* Strings are never NULL: "" if there is nothing to say. */
struct _IommudDeviceInfo
{
  gatomicrefcount references;
  char *name;       /* bus address or mdev UUID */
  char *bus;        /* pci, platform, ap, ccw, fsl-mc, cdx, mdev */
  char *sysfs_path; /* of the device itself; identifies it among all devices */
  char *cdev_path;  /* /dev/vfio/devices/vfioN; "" in a kernel without cdev support */
  char *vfio_name;  /* vfioN */
  char *parent;     /* name of an mdev's parent device; "" otherwise */
  char *mdev_type;  /* such as mtty-1; "" otherwise */
  char *vendor;     /* from hwdb */
  char *product;    /* from hwdb */
  char *iommu;      /* IOMMU instance, such as dmar0 */
  char *driver;     /* the host driver bound to the device, such as vfio-pci */
  guint32 vendor_id;
  guint32 product_id;
  gint32 iommu_group; /* -1: none */
  gint32 numa_node;   /* -1: none */
};

/* A new record in which every string is "" and every number means "none", for its one owner to
 * fill. */
IOMMUD_INTERNAL IommudDeviceInfo *iommud_device_info_new (void);
/* A record of its own with the same content. */
IOMMUD_INTERNAL IommudDeviceInfo *iommud_device_info_copy (const IommudDeviceInfo *self);
IOMMUD_INTERNAL IommudDeviceInfo *iommud_device_info_ref (IommudDeviceInfo *self);
IOMMUD_INTERNAL void iommud_device_info_unref (IommudDeviceInfo *self);
IOMMUD_INTERNAL gboolean iommud_device_info_equal (const IommudDeviceInfo *self,
                                                   const IommudDeviceInfo *other);
IOMMUD_INTERNAL gboolean iommud_device_info_is_mdev (const IommudDeviceInfo *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (IommudDeviceInfo, iommud_device_info_unref)

G_END_DECLS
