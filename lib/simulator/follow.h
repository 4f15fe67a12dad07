/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Keeps a simulated machine in step with the file that describes it. */
#pragma once

#include "sim/kernel.h"

G_BEGIN_DECLS

typedef struct _IommudSimulatedFollower IommudSimulatedFollower;

/* @content: the file that the kernel was made from. */
IommudSimulatedFollower *iommud_simulated_follower_new (const char *filename, GBytes *content);
void iommud_simulated_follower_free (IommudSimulatedFollower *self);
/* Watches the file from now on, in the main context that is the thread's default. @kernel must
 * outlive @self. */
gboolean iommud_simulated_follower_start (IommudSimulatedFollower *self,
                                          IommudSimulatedKernel *kernel, GError **error);

G_END_DECLS
