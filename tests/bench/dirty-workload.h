/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A container that has 1 TiB mapped, 16 HWPTs and 16 devices that log, and pages that all of them
 * have dirtied: the same over the bus, in the library, and below it. */
#pragma once

#include "calls.h"
#include "simulator/iommud-sim.h"

G_BEGIN_DECLS

#define DIRTY_WORKLOAD_TRACKERS 16
#define DIRTY_WORKLOAD_IOVA (G_GUINT64_CONSTANT (1) << 40)
#define DIRTY_WORKLOAD_LENGTH (G_GUINT64_CONSTANT (1) << 40)
#define DIRTY_WORKLOAD_PAGE G_GUINT64_CONSTANT (4096)
/* What each device dirties before each reading, scattered over the whole range. */
#define DIRTY_WORKLOAD_PAGES 1024
#define DIRTY_WORKLOAD_READINGS 3

char *dirty_workload_describe (void);
IommudContainer *dirty_workload_set_up (IommudHost *host);
void dirty_workload_write (IommudSimulator *simulator);
/* All of what is dirtied by one dirty_workload_write(). */
guint64 dirty_workload_count_pages (void);

G_END_DECLS
