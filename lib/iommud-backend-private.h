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
};

const IommudSyscalls *iommud_backend_get_syscalls (IommudBackend *self);
IommudProbe *iommud_backend_get_probe (IommudBackend *self);

G_END_DECLS
