/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a simulated host is made of: plain records, filled from XML and read by the fake kernel. */
#pragma once

#include "probe/device-info.h"

G_BEGIN_DECLS

typedef enum
{
  IOMMUD_SIMULATED_RESERVED,        /* IOMMU_RESV_RESERVED: no mapping may touch it */
  IOMMUD_SIMULATED_RESERVED_MSI,    /* IOMMU_RESV_MSI */
  IOMMUD_SIMULATED_RESERVED_DIRECT, /* IOMMU_RESV_DIRECT: BIND answers EINVAL */
} IommudSimulatedRegionType;

typedef struct
{
  guint64 first;
  guint64 last;
  IommudSimulatedRegionType type;
} IommudSimulatedRegion;

typedef struct
{
  char *name;               /* such as dmar0 */
  gboolean dirty_tracking;  /* default for its devices */
  gboolean nesting;         /* can allocate nest parents */
  gboolean cache_coherency; /* without it the kernel makes no cdev for its devices */
  gboolean enforced_coherency;
  gboolean isolated_msi; /* without it BIND answers EPERM */
  guint64 aperture_first;
  guint64 aperture_last;
  guint32 hw_info_type; /* 1 Intel VT-d, 0 none */
  guint8 pasid_bits;
  GArray *regions; /* of IommudSimulatedRegion: the reserved regions of each device */
} IommudSimulatedIommu;

/* This property of the device is the same as that of its IOMMU. */
#define IOMMUD_SIMULATED_AS_IOMMU (-1)

/* Discovery reports info as it is, with two exceptions: an empty vfio_name becomes the lowest free
 * number when the device is plugged, and an empty cdev_path becomes the node of that name. */
typedef struct
{
  IommudDeviceInfo *info;       /* iommu names an IommudSimulatedIommu; "" for an mdev */
  gboolean plugged;             /* there when the host starts */
  gboolean cdev;                /* FALSE: a kernel without cdev support made no node */
  int dirty_tracking;           /* IOMMUD_SIMULATED_AS_IOMMU, FALSE or TRUE */
  int nesting;                  /* the same */
  int enforced_coherency;       /* the same */
  int pasid_bits;               /* IOMMUD_SIMULATED_AS_IOMMU or a number */
  guint address_width;          /* bits of IOVA that it can translate; 0: as its IOMMU's aperture */
  gboolean nest_excludes_dirty; /* no HWPT of it can be both */
  gboolean dma_logging;
  gboolean logs_nothing;   /* it accepts all calls of DMA logging and reports no page */
  guint max_logged_ranges; /* of DMA_LOGGING_START */
  guint log_page_bits;     /* of an address, within the smallest page that it logs */
  guint32 regions_count;   /* num_regions of GET_INFO */
  guint32 irqs_count;      /* num_irqs of GET_INFO */
  GArray *regions;         /* of IommudSimulatedRegion, besides those of its IOMMU */
} IommudSimulatedDevice;

/* A function of an IOMMU group that is bound to a host driver, so that it is not a VFIO device. */
typedef struct
{
  char *name;
  char *driver;
  char *bus;   /* as of IommudDeviceInfo */
  char *iommu; /* names an IommudSimulatedIommu; "" for none */
  gint32 iommu_group;
} IommudSimulatedHostDevice;

/* The n-th call (from 1) of an operation fails with errnum (0: does not fail), after a delay. */
typedef struct
{
  char *operation; /* a name of iommud_simulated_operations */
  guint nth;
  int errnum;
  guint delay_ms;
} IommudSimulatedFault;

/* The differences that a program sees: 6.13 has IOAS_MAP_FILE; from 6.19 on GET_DIRTY_BITMAP loses
 * what it cannot store in the caller's bitmap, and since 7.4 it says so. */
typedef enum
{
  IOMMUD_SIMULATED_LINUX_6_12,
  IOMMUD_SIMULATED_LINUX_6_13,
  IOMMUD_SIMULATED_LINUX_6_19,
  IOMMUD_SIMULATED_LINUX_7_4,
} IommudSimulatedLinux;

typedef struct
{
  GPtrArray *iommus;       /* of IommudSimulatedIommu */
  GPtrArray *devices;      /* of IommudSimulatedDevice */
  GPtrArray *host_devices; /* of IommudSimulatedHostDevice */
  GArray *faults;          /* of IommudSimulatedFault */
  gboolean iommufd;        /* FALSE: a kernel without /dev/iommu */
  int kernel;              /* an IommudSimulatedLinux */
} IommudSimulatedHost;

/* Replaces a string of a record with a copy of @value. */
void iommud_simulated_replace_string (char **place, const char *value);

IommudSimulatedIommu *iommud_simulated_iommu_new (const char *name);
IommudSimulatedDevice *iommud_simulated_device_new (void);
IommudSimulatedHostDevice *iommud_simulated_host_device_new (void);
IommudSimulatedHost *iommud_simulated_host_new (void);
void iommud_simulated_iommu_free (IommudSimulatedIommu *self);
void iommud_simulated_device_free (IommudSimulatedDevice *self);
void iommud_simulated_host_device_free (IommudSimulatedHostDevice *self);
void iommud_simulated_host_free (IommudSimulatedHost *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (IommudSimulatedIommu, iommud_simulated_iommu_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (IommudSimulatedDevice, iommud_simulated_device_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (IommudSimulatedHostDevice, iommud_simulated_host_device_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (IommudSimulatedHost, iommud_simulated_host_free)

G_END_DECLS
