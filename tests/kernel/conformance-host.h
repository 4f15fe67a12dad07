/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a conformance sequence runs on: a machine with a kernel below a table of system calls, and
 * what can be done to that machine from outside. A fresh one for each sequence.
 *
 * Members that return an int return 0 or a positive errno; devices go by their names in the
 * sequence. A NULL member is something that this kind of machine cannot do. */
#pragma once

#include "conformance-step.h"
#include "kernel/syscalls.h"

G_BEGIN_DECLS

typedef struct _ConformanceHost ConformanceHost;

/* What a step waits for itself, and what `bg` left running. */
typedef enum
{
  CONFORMANCE_FOREGROUND,
  CONFORMANCE_BACKGROUND,
  CONFORMANCE_JOBS,
} ConformanceJob;

struct _ConformanceHost
{
  const IommudSyscalls *syscalls;

  /* Why a step cannot be run here, to be freed; NULL if it can. */
  char *(*refuse) (ConformanceHost *self, ConformanceWords *words);

  /* @specification: `id=0,iommu=0,dirty`: the device is called vmock.0 from then on. */
  int (*add_device) (ConformanceHost *self, const char *specification);
  /* Path of the device's node; ENODEV without one. */
  int (*find_node) (ConformanceHost *self, const char *name, char **path);
  int (*same_group) (ConformanceHost *self, const char *name, const char *other, gboolean *same);
  int (*get_driver) (ConformanceHost *self, const char *name, char **driver);

  gboolean (*path_exists) (ConformanceHost *self, const char *path);
  int (*read_attribute) (ConformanceHost *self, const char *path, char **value);
  /* A write may wait for files to be closed: it is begun, and looked after until it has ended. One
   * at a time of each kind. The same for the end of a device. */
  int (*begin_write) (ConformanceHost *self, ConformanceJob job, const char *path,
                      const char *value);
  int (*begin_removal) (ConformanceHost *self, ConformanceJob job, const char *name);
  gboolean (*has_ended) (ConformanceHost *self, ConformanceJob job, int *errnum);

  /* The calls from now on come from this user with these capabilities, until resume. */
  int (*become) (ConformanceHost *self, guint32 uid, guint64 capabilities);
  void (*resume) (ConformanceHost *self);

  int (*dma) (ConformanceHost *self, const char *name, gboolean is_write, guint64 iova,
              guint64 length, guint8 value, guint8 *data);
  /* DMA by way of the registers of an open cdev, and what they say of it. */
  int (*register_dma) (ConformanceHost *self, int fd, guint64 iova, guint64 length, guint8 value,
                       gint64 *result);
  int (*register_read) (ConformanceHost *self, int fd, gint64 *value);
  /* The @nth next call of a kind into the IOMMU driver fails. */
  int (*inject) (ConformanceHost *self, const char *name, const char *call, int errnum, guint nth);
  /* Names and values of what a device's domain and log are like: a{name=value} in a fixed order. */
  int (*get_state) (ConformanceHost *self, const char *name, GString *state);

  void (*free) (ConformanceHost *self);
};

/* A machine of the simulated kernel, empty but for a parent of mdevs. With a @filename it is the
 * host described there and `dev` takes its devices by @devices, as on a real one. */
ConformanceHost *conformance_host_new_simulated (const char *filename, const char *const *devices,
                                                 GError **error);
/* This machine. @devices: addresses of PCI functions, of which each `dev` step gets one that fits;
 * without any, it gets a mock device as it describes it. */
ConformanceHost *conformance_host_new_real (const char *const *devices, GError **error);

G_END_DECLS
