/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Before devices are taken: leases that have ended, and may keep them no longer. */
#pragma once

#include "model/device.h"

G_BEGIN_DECLS

/* @task is that of the caller, who owns it. */
typedef void (*IommudSettledFunc) (GTask *task, gpointer data);

/* Calls @settled with @task and @data once each lease that has ended, and has one of the devices or
 * a device of the same IOMMU group, has been looked at again; at once if there is none. @task is
 * taken, and handed over. */
void iommud_settle_devices (IommudDevice *const *devices, guint n_devices, GTask *task,
                            IommudSettledFunc settled, gpointer data);

G_END_DECLS
