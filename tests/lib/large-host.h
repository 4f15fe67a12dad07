/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A simulated host with any number of IOMMUs and devices. */
#pragma once

#include "calls.h"
#include "simulator/iommud-sim.h"

G_BEGIN_DECLS

/* Each device is a group of its own; the IOMMUs take them in turn. */
char *large_host_describe (guint n_iommus, guint n_devices);
/* Each bound device is an open file, and its far end in the simulated kernel another. */
void large_host_allow_many_files (void);
void large_host_attach_all (IommudHost *host, IommudContainer *container);

G_END_DECLS
