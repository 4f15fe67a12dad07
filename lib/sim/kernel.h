/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One simulated kernel: a user-space iommufd and its VFIO devices behind the table of system calls,
 * and what the administrator, the hardware and a curious test can do to it from the other side.
 *
 * A kernel is one object without any global state. Every function may be called from any thread.
 * Those that return an int return 0 or a positive errno. */
#pragma once

#include "kernel/syscalls.h"
#include "probe/probe.h"
#include "sim/description/description.h"
#include "sim/machine/uevents.h"

G_BEGIN_DECLS

typedef struct _IommudSimulatedKernel IommudSimulatedKernel;

/* Takes @host: its plugged devices are there at once, its faults are armed. */
IommudSimulatedKernel *iommud_simulated_kernel_new (IommudSimulatedHost *host);
IommudSimulatedKernel *iommud_simulated_kernel_ref (IommudSimulatedKernel *self);
/* With the last reference all files of this kernel go dead: EBADF, as if it had never made them. */
void iommud_simulated_kernel_unref (IommudSimulatedKernel *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (IommudSimulatedKernel, iommud_simulated_kernel_unref)

/* The table lives as long as the kernel. Paths that this machine does not have are ENOENT: it knows
 * /dev/iommu and the nodes of its plugged devices. close of a foreign file closes it, ioctl on one
 * is ENOTTY. */
const IommudSyscalls *iommud_simulated_kernel_get_syscalls (IommudSimulatedKernel *self);

/* A read of a cdev, which our files cannot forward: as pread. EINVAL before BIND. */
gssize iommud_simulated_kernel_pread (IommudSimulatedKernel *self, int fd, void *buffer,
                                      gsize length, guint64 offset);

/* --- The machine ------------------------------------------------------------------------------ */

/* Both take what they are given. A device needs its IOMMU first; it is plugged when it says so.
 * EEXIST: the name is taken; ENODEV: no such IOMMU. */
int iommud_simulated_kernel_add_iommu (IommudSimulatedKernel *self, IommudSimulatedIommu *iommu);
int iommud_simulated_kernel_add_device (IommudSimulatedKernel *self, IommudSimulatedDevice *device);
/* A function that a host driver holds ("" for none) and VFIO does not, as far as sysfs writes do
 * not change that. It is plugged at once. */
int iommud_simulated_kernel_add_host_device (IommudSimulatedKernel *self, const char *name,
                                             const char *driver, const char *iommu,
                                             gint32 iommu_group);

/* ENOENT: no such device; EEXIST: it is plugged; EBUSY: a file of its last life is still open. */
int iommud_simulated_kernel_plug (IommudSimulatedKernel *self, const char *name);
/* The node goes at once, the device with the last close of its files. ENODEV: it is not plugged. */
int iommud_simulated_kernel_unplug (IommudSimulatedKernel *self, const char *name);
/* Whether the device has a node that open finds. */
gboolean iommud_simulated_kernel_has_node (IommudSimulatedKernel *self, const char *name);
/* Whether the device is on its bus: TRUE until an unplug has come to its end. */
gboolean iommud_simulated_kernel_has_device (IommudSimulatedKernel *self, const char *name);
/* Path of the node, such as /dev/vfio/devices/vfio0; NULL without one. */
char *iommud_simulated_kernel_get_node (IommudSimulatedKernel *self, const char *name);
/* Whether two devices are in one IOMMU group. */
gboolean iommud_simulated_kernel_same_group (IommudSimulatedKernel *self, const char *name,
                                             const char *other);

/* Whether the callers have CAP_SYS_RESOURCE and CAP_IPC_LOCK in the simulated machine. At first
 * they have. Without the latter they may have 8 MiB pinned. */
void iommud_simulated_kernel_set_capabilities (IommudSimulatedKernel *self, gboolean sys_resource,
                                               gboolean ipc_lock);

/* --- sysfs: the files are those of machine/sysfs.h ----------------------------------------------
 */

gboolean iommud_simulated_kernel_path_exists (IommudSimulatedKernel *self, const char *path);
int iommud_simulated_kernel_read_attribute (IommudSimulatedKernel *self, const char *path,
                                            char **value);
int iommud_simulated_kernel_write_attribute (IommudSimulatedKernel *self, const char *path,
                                             const char *value);
/* Whether a device was unplugged or taken from its driver and waits for the last close of its
 * files: on a real machine, the write to sysfs that did this would not have returned. */
gboolean iommud_simulated_kernel_is_leaving (IommudSimulatedKernel *self, const char *name);
/* The driver that holds a device and is not about to let it go; NULL for none. */
char *iommud_simulated_kernel_get_driver (IommudSimulatedKernel *self, const char *name);
/* A parent that makes mdevs of a pool: an instance of a type takes cost out of capacity. */
void iommud_simulated_kernel_add_mdev_parent (IommudSimulatedKernel *self, const char *name,
                                              guint capacity);
void iommud_simulated_kernel_add_mdev_type (IommudSimulatedKernel *self, const char *parent,
                                            const char *type, const char *label,
                                            const char *device_api, guint cost);

/* --- Hardware --------------------------------------------------------------------------------- */

/* DMA of a device through what it is attached to. EFAULT where nothing may be accessed; what lies
 * before that place has been done. ENODEV: no such device. */
int iommud_simulated_kernel_dma_write (IommudSimulatedKernel *self, const char *name, guint64 iova,
                                       guint64 length, guint8 value);
int iommud_simulated_kernel_dma_read (IommudSimulatedKernel *self, const char *name, guint64 iova,
                                      guint64 length, guint8 *data);
/* The same asked of the device through the registers behind its open cdev. @result: the bytes
 * written, or a negative errno if none were. EINVAL before BIND. */
int iommud_simulated_kernel_register_dma (IommudSimulatedKernel *self, int fd, guint64 iova,
                                          guint64 length, guint8 value, gint64 *result);

/* Makes the @nth next call (from 1) into the IOMMU driver or, for "log", into the VFIO driver fail
 * for a device; an @errnum of 0 takes that back. @call: "attach", "alloc", "map" (of pages into a
 * HWPT that the device is on or that is made for it), "dirty" (of such a HWPT, to switch tracking
 * and to read a map's bits) or "log" (to start and to read). EINVAL: another word, no errno or no
 * number; ENODEV: no such device. */
int iommud_simulated_kernel_fail_driver (IommudSimulatedKernel *self, const char *name,
                                         const char *call, int errnum, guint nth);

/* --- What a test wants to see ----------------------------------------------------------------- */

typedef enum
{
  IOMMUD_SIMULATED_DOMAIN_IDENTITY, /* nobody owns the group */
  IOMMUD_SIMULATED_DOMAIN_BLOCKED,
  IOMMUD_SIMULATED_DOMAIN_PAGING,
  IOMMUD_SIMULATED_DOMAIN_NESTED,
} IommudSimulatedDomainType;

typedef struct
{
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
const char *iommud_simulated_domain_type_to_string (IommudSimulatedDomainType type);

/* IOASes, HWPTs, bound devices and accesses of all contexts. */
guint iommud_simulated_kernel_count_objects (IommudSimulatedKernel *self);
/* Open iommufds, and closed ones that a bound device keeps. */
guint iommud_simulated_kernel_count_contexts (IommudSimulatedKernel *self);
/* Files that have not seen their last close. */
guint iommud_simulated_kernel_count_files (IommudSimulatedKernel *self);

/* --- Faults of system calls ------------------------------------------------------------------- */

/* The @nth call of an operation from now on (0: every call) takes delay_ms longer and, if errnum is
 * not 0, fails without having done anything; close alone closes all the same. EINVAL: no such
 * operation. */
int iommud_simulated_kernel_inject_fault (IommudSimulatedKernel *self, const char *operation,
                                          guint nth, int errnum, guint delay_ms);
/* Disarms all of them. */
void iommud_simulated_kernel_clear_faults (IommudSimulatedKernel *self);
/* Calls of an operation so far, failed ones included. */
guint iommud_simulated_kernel_count_calls (IommudSimulatedKernel *self, const char *operation);

/* --- For the probe twin ----------------------------------------------------------------------- */

/* One listener at most; NULL for none. */
void iommud_simulated_kernel_set_listener (IommudSimulatedKernel *self,
                                           IommudSimulatedListener listener, gpointer data);
/* A new array of IommudDeviceInfo: all plugged VFIO devices, in the order they came. */
GPtrArray *iommud_simulated_kernel_list_devices (IommudSimulatedKernel *self);
/* A new array of IommudGroupMember. */
GPtrArray *iommud_simulated_kernel_list_group (IommudSimulatedKernel *self, gint32 iommu_group);
/* Who has the device's node open; NULL if nobody. */
char *iommud_simulated_kernel_describe_holder (IommudSimulatedKernel *self,
                                               const IommudDeviceInfo *info);
/* Whether @fd is an open file of the very device that @info was made for. */
gboolean iommud_simulated_kernel_owns_node (IommudSimulatedKernel *self,
                                            const IommudDeviceInfo *info, int fd);

G_END_DECLS
