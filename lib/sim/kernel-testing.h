/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What only tests do to a simulated kernel, and what only tests see of it.
 *
 * Functions that return an int return 0 or a positive errno; ENODEV means that there is no such
 * device. */
#pragma once

#include "sim/kernel.h"

G_BEGIN_DECLS

/* --- The machine ------------------------------------------------------------------------------ */

/* Path of the node, such as /dev/vfio/devices/vfio0; NULL without one. */
char *iommud_simulated_kernel_get_node (IommudSimulatedKernel *self, const char *name);
/* Whether two devices are in one IOMMU group. */
gboolean iommud_simulated_kernel_same_group (IommudSimulatedKernel *self, const char *name,
                                             const char *other);
/* The driver that holds a device and is not about to let it go; NULL for none. */
char *iommud_simulated_kernel_get_driver (IommudSimulatedKernel *self, const char *name);
/* Whether a device was unplugged or taken from its driver and waits for the last close of its
 * files: on a real machine, the write to sysfs that did this would not have returned. */
gboolean iommud_simulated_kernel_is_leaving (IommudSimulatedKernel *self, const char *name);
/* A parent that makes mdevs of a pool: an instance of a type takes cost out of capacity. */
void iommud_simulated_kernel_add_mdev_parent (IommudSimulatedKernel *self, const char *name,
                                              guint capacity);
void iommud_simulated_kernel_add_mdev_type (IommudSimulatedKernel *self, const char *parent,
                                            const char *type, const char *label,
                                            const char *device_api, guint cost);
/* The files of machine/sysfs.h. */
gboolean iommud_simulated_kernel_path_exists (IommudSimulatedKernel *self, const char *path);
int iommud_simulated_kernel_read_attribute (IommudSimulatedKernel *self, const char *path,
                                            char **value);
int iommud_simulated_kernel_write_attribute (IommudSimulatedKernel *self, const char *path,
                                             const char *value);
/* Says whether the callers have CAP_SYS_RESOURCE and CAP_IPC_LOCK in the simulated machine. At
 * first they have both. Without the latter they may have 8 MiB pinned. */
void iommud_simulated_kernel_set_capabilities (IommudSimulatedKernel *self, gboolean sys_resource,
                                               gboolean ipc_lock);

/* --- Hardware --------------------------------------------------------------------------------- */

/* As iommud_simulated_kernel_dma_write(). */
int iommud_simulated_kernel_dma_read (IommudSimulatedKernel *self, const char *name, guint64 iova,
                                      guint64 length, guint8 *data);
/* The device is told to write by the registers behind its open cdev. @result: the bytes written, or
 * a negative errno if none were. EINVAL before BIND. */
int iommud_simulated_kernel_register_dma (IommudSimulatedKernel *self, int fd, guint64 iova,
                                          guint64 length, guint8 value, gint64 *result);
/* A read of a cdev, which our files cannot forward: as pread. EINVAL before BIND. */
gssize iommud_simulated_kernel_pread (IommudSimulatedKernel *self, int fd, void *buffer,
                                      gsize length, guint64 offset);

/* --- Faults ----------------------------------------------------------------------------------- */

/* Makes the @nth next call (from 1) into the IOMMU driver or, for "log", into the VFIO driver fail
 * for a device; an @errnum of 0 takes that back. @call: "attach", "alloc", "map" (of pages into a
 * HWPT that the device is on or that is made for it), "dirty" (of such a HWPT, to switch tracking
 * and to read a map's bits) or "log" (to start and to read). EINVAL: another word, no errno or no
 * number. */
int iommud_simulated_kernel_fail_driver (IommudSimulatedKernel *self, const char *name,
                                         const char *call, int errnum, guint nth);
/* Disarms all faults of system calls. */
void iommud_simulated_kernel_clear_faults (IommudSimulatedKernel *self);

/* --- What is there ---------------------------------------------------------------------------- */

typedef enum
{
  IOMMUD_SIMULATED_DOMAIN_IDENTITY, /* the group has no owner */
  IOMMUD_SIMULATED_DOMAIN_BLOCKED,
  IOMMUD_SIMULATED_DOMAIN_PAGING,
  IOMMUD_SIMULATED_DOMAIN_NESTED,
} IommudSimulatedDomainType;

typedef struct
{
  gboolean bound;
  gboolean attached; /* the device itself; its group may be in a domain without that */
  guint32 table;     /* id of the HWPT, or for an mdev of the IOAS, that it is attached to; 0 */
  IommudSimulatedDomainType domain;
  guint devices;      /* that share the domain, whole groups counted */
  guint64 pages;      /* mapped in the domain */
  gboolean can_dirty; /* the domain was made with dirty tracking */
  gboolean tracking;  /* and it is on */
  guint64 dirty;      /* pages that the domain holds as dirty */
  guint64 dmas;       /* DMAs that the device tried */
  guint64 faults;     /* and those that failed */
  gboolean logging;   /* the device logs its DMA */
  guint log_ranges;
  guint64 log_page; /* bytes */
  guint64 logged;   /* pages in the log */
} IommudSimulatedDeviceState;

int iommud_simulated_kernel_get_state (IommudSimulatedKernel *self, const char *name,
                                       IommudSimulatedDeviceState *state);
/* "identity", "blocked", "paging" or "nested". */
const char *iommud_simulated_domain_type_to_string (IommudSimulatedDomainType type);
/* Files that have not seen their last close. */
guint iommud_simulated_kernel_count_files (IommudSimulatedKernel *self);

G_END_DECLS
