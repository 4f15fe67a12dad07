/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A simulated kernel with a few devices for tests, and short forms of its ioctls. */
#pragma once

#include "kernel/abi.h"
#include "sim/kernel-testing.h"

G_BEGIN_DECLS

typedef struct
{
  IommudSimulatedKernel *kernel;
  const IommudSyscalls *syscalls;
} Simulator;

/* Changes a device before it is plugged. */
typedef void (*SimulatorTweak) (IommudSimulatedDevice *device);

void simulator_start (Simulator *self);
void simulator_start_as (Simulator *self, IommudSimulatedLinux version);
/* Fails the test if the kernel has anything left. */
void simulator_stop (Simulator *self);
/* The IOMMU is one that everything works with; its group is the device's own unless @group >= 0. */
void simulator_add_iommu (Simulator *self, const char *name);
void simulator_add_device (Simulator *self, const char *name, const char *iommu, gint32 group,
                           SimulatorTweak tweak);
void simulator_add_mdev (Simulator *self, const char *name);

int simulator_open_iommufd (Simulator *self);
int simulator_open_cdev (Simulator *self, const char *name);
void simulator_close (Simulator *self, int fd);
/* Each returns 0 or the errno. */
int simulator_ioctl (Simulator *self, int fd, unsigned long request, gpointer record);
int simulator_ioas_alloc (Simulator *self, int fd, guint32 *id);
int simulator_destroy (Simulator *self, int fd, guint32 id);
int simulator_map (Simulator *self, int fd, guint32 ioas, gpointer memory, guint64 length,
                   guint64 iova);
int simulator_hwpt_alloc (Simulator *self, int fd, guint32 flags, guint32 device, guint32 table,
                          guint32 *id);
int simulator_bind (Simulator *self, int cdev, int iommufd, guint32 *id);
int simulator_attach (Simulator *self, int cdev, guint32 *table);
int simulator_detach (Simulator *self, int cdev);
/* `first-last first-last...` in hexadecimal. */
char *simulator_get_ranges (Simulator *self, int fd, guint32 ioas);

/* Waits for something that happens in another thread; the time limit of tests ends it. */
void simulator_wait (gboolean (*is_done) (gpointer data), gpointer data);

G_END_DECLS
