/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How the model reaches a backend: its system calls and its probe. */
#pragma once

#include "iommud-backend.h"
#include "kernel/syscalls.h"
#include "probe/probe.h"

G_BEGIN_DECLS

struct _IommudBackendClass
{
  GObjectClass parent_class;

  /* Static string: "kernel" or "simulated". */
  const char *(*get_name) (IommudBackend *self);
  /* Both are owned by the backend and live as long as it does. */
  const IommudSyscalls *(*get_syscalls) (IommudBackend *self);
  IommudProbe *(*get_probe) (IommudBackend *self);
  /* Whether a device behind the IOMMU instance @iommu can go on with its DMA while it is moved from
   * one HWPT to another (ATTACH over ATTACH). */
  gboolean (*moves_without_gap) (IommudBackend *self, const char *iommu);
};

const IommudSyscalls *iommud_backend_get_syscalls (IommudBackend *self);
IommudProbe *iommud_backend_get_probe (IommudBackend *self);
gboolean iommud_backend_moves_without_gap (IommudBackend *self, const char *iommu);

G_END_DECLS
