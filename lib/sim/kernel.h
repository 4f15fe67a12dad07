/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One simulated kernel: a user-space iommufd and its VFIO devices behind the table of system calls,
 * and what a backend does to it from the other side. What only tests do is in kernel-testing.h.
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
/* When the last reference goes, all files of this kernel become invalid: EBADF, as if it had never
 * made them. */
void iommud_simulated_kernel_unref (IommudSimulatedKernel *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (IommudSimulatedKernel, iommud_simulated_kernel_unref)

/* The table lives as long as the kernel. Paths that this machine does not have give ENOENT: it
 * knows /dev/iommu and the nodes of its plugged devices. close of a foreign file closes it; ioctl
 * on one gives ENOTTY. */
const IommudSyscalls *iommud_simulated_kernel_get_syscalls (IommudSimulatedKernel *self);

/* --- The machine ------------------------------------------------------------------------------ */

/* Each takes what it is given. A device needs its IOMMU first; it is plugged when it says so. A
 * host device, which a host driver holds ("" for none) and VFIO does not, is plugged at once.
 * EEXIST: the name is taken; ENODEV: no such IOMMU. */
int iommud_simulated_kernel_add_iommu (IommudSimulatedKernel *self, IommudSimulatedIommu *iommu);
int iommud_simulated_kernel_add_device (IommudSimulatedKernel *self, IommudSimulatedDevice *device);
int iommud_simulated_kernel_add_host_device (IommudSimulatedKernel *self,
                                             IommudSimulatedHostDevice *device);

/* ENOENT: no such device; EEXIST: it is plugged; EBUSY: a file from before its unplug is still
 * open. */
int iommud_simulated_kernel_plug (IommudSimulatedKernel *self, const char *name);
/* The node goes at once, the device with the last close of its files. ENODEV: it is not plugged. */
int iommud_simulated_kernel_unplug (IommudSimulatedKernel *self, const char *name);
/* Whether the device is on its bus: TRUE until an unplug has come to its end. */
gboolean iommud_simulated_kernel_has_device (IommudSimulatedKernel *self, const char *name);

/* DMA of a device through what it is attached to. EFAULT: part of the range may not be accessed;
 * what lies before that part has been written. ENODEV: no such device. */
int iommud_simulated_kernel_dma_write (IommudSimulatedKernel *self, const char *name, guint64 iova,
                                       guint64 length, guint8 value);

/* --- What is there ---------------------------------------------------------------------------- */

/* Both wait for up to 0.1 s for a file that was closed while something else had it: who looks
 * into /proc has it for a moment. IOASes, HWPTs, bound devices and accesses of all contexts. */
guint iommud_simulated_kernel_count_objects (IommudSimulatedKernel *self);
/* Open iommufds, and closed ones that a bound device keeps. */
guint iommud_simulated_kernel_count_contexts (IommudSimulatedKernel *self);

/* --- Faults of system calls ------------------------------------------------------------------- */

/* The @nth call of an operation from now on (0: every call) takes delay_ms longer and, if errnum is
 * not 0, fails without having done anything; a close fails after it has closed. EINVAL: no such
 * operation. */
int iommud_simulated_kernel_inject_fault (IommudSimulatedKernel *self, const char *operation,
                                          guint nth, int errnum, guint delay_ms);
/* The number of calls of an operation so far, including failed ones. */
guint iommud_simulated_kernel_count_calls (IommudSimulatedKernel *self, const char *operation);

/* --- For discovery ---------------------------------------------------------------------------- */

/* One listener at most; NULL for none. */
void iommud_simulated_kernel_set_listener (IommudSimulatedKernel *self,
                                           IommudSimulatedListener listener, gpointer data);
/* A new array of IommudDeviceInfo: all plugged VFIO devices, in the order they came. */
GPtrArray *iommud_simulated_kernel_list_devices (IommudSimulatedKernel *self);
/* A new array of IommudGroupMember. */
GPtrArray *iommud_simulated_kernel_list_group (IommudSimulatedKernel *self, gint32 iommu_group);
/* Whether the device's node is open more than once. */
gboolean iommud_simulated_kernel_is_held (IommudSimulatedKernel *self,
                                          const IommudDeviceInfo *info);
/* A device of the same group that is open, a reference; NULL for none. */
IommudDeviceInfo *iommud_simulated_kernel_find_open_sibling (IommudSimulatedKernel *self,
                                                             const IommudDeviceInfo *info);

/* An open file, which is a socket, of one of some devices. */
typedef struct
{
  guint64 inode; /* as the links below /proc/PID/fd name it */
  guint device;
} IommudSimulatedOpenFile;

/* A new array of IommudSimulatedOpenFile: those of devices that are what @infos say. */
GArray *iommud_simulated_kernel_list_open_files (IommudSimulatedKernel *self, GPtrArray *infos);
/* NULL if the device's interrupts are isolated. */
char *iommud_simulated_kernel_describe_interrupts (IommudSimulatedKernel *self,
                                                   const IommudDeviceInfo *info);
/* Whether @fd is an open file of the very device that @info was made for. */
gboolean iommud_simulated_kernel_owns_node (IommudSimulatedKernel *self,
                                            const IommudDeviceInfo *info, int fd);

G_END_DECLS
