/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The ioctls of an iommufd. */
#pragma once

#include "sim/ioctls/command.h"

G_BEGIN_DECLS

/* @command says who asks and where the record is. 0 or more, or a negative errno. */
int iommud_simulated_iommufd_ioctl (IommudSimulatedCommand *command, unsigned long request);
/* Which operation a request is, as faults know it. */
int iommud_simulated_iommufd_get_operation (IommudSimulatedLinux version, unsigned long request);

G_END_DECLS
