/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The interface of the old VFIO containers, which an iommufd has too. It works on the one IOAS that
 * VFIO_IOAS sets. */
#pragma once

#include "sim/ioctls/command.h"

G_BEGIN_DECLS

/* VFIO_IOAS. */
int iommud_simulated_vfio_ioas (IommudSimulatedCommand *command);
/* Answers a request that is not an ioctl of an iommufd: 0 or more, or a negative errno. @account:
 * charged for what is pinned. */
int iommud_simulated_vfio_container_ioctl (IommudSimulatedContext *context, unsigned long request,
                                           guint64 argument, IommudSimulatedAccount *account);

G_END_DECLS
