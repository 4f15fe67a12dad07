/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a device is made of, for the files that implement it. */
#pragma once

#include "model/device.h"

G_BEGIN_DECLS

struct _IommudDevice
{
  GObject parent_instance;

  IommudHost *host;           /* not owned; NULL once it is gone, or once the device has left */
  IommudBinding binding;      /* owns the record of discovery */
  IommudContainer *container; /* not owned: a container outlives its devices' binding */
  IommudHwpt *hwpt;           /* not owned, likewise */
  IommudLease *lease;         /* not owned: a lease outlives what it has */
  IommudLease *wanted_by;     /* the lease that an operation is about to give it to; or NULL */
  gboolean handed_out;        /* a file of it is its lease's client's */
  gboolean attached;
  gboolean claimed;
  gboolean gone;
  void (*gone_handler) (IommudDevice *self);
  IommudDeviceInfo *successor;
};

G_END_DECLS
