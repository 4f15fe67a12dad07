/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The processes that may have devices of a lease that ends, although nobody can see it: the files
 * of a process that ends are out of sight before they are closed, and to unpin the memory of a
 * large guest takes seconds.
 *
 * So a process that is ending counts if it was seen with a device of the lease; or, for a time, if
 * it was ending when the lease began to and is the one that asked for the lease, a child of that,
 * in the same systemd unit, or of the owner. Root owns too much for the last: some process of
 * root is always ending, and any of them may be slow. */
#pragma once

#include "probe/exiting.h"

G_BEGIN_DECLS

typedef struct _IommudSuspects IommudSuspects;

/* @pid: who asked for the lease, or 0; @unit: its unit, or "". */
IommudSuspects *iommud_suspects_new (uid_t owner, gint pid, const char *unit);
void iommud_suspects_free (IommudSuspects *self);
/* After each search: @holders, of IommudFoundHolder, were seen with a device; @exiting, of
 * IommudExitingProcess, were ending after that. Returns those of the latter that count, an array of
 * IommudProcessId. @now: of the monotonic clock. */
GArray *iommud_suspects_update (IommudSuspects *self, const GPtrArray *holders,
                                const GArray *exiting, gint64 now);

G_END_DECLS
