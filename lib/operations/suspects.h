/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The processes that may have devices of a lease that ends, although nobody can see it: the files
 * of a process that ends are out of sight before they are closed, and to unpin the memory of a
 * large guest takes seconds.
 *
 * So a process that is ending counts if it was seen with a device of the lease, or if it was ending
 * when the lease began to and its user is the owner's. Of a lease of root it may be anybody's: root
 * starts virtual machines as others. Those that were never seen with a device count for a time
 * only, because any process can be made to end slowly. */
#pragma once

#include "base/process.h"

G_BEGIN_DECLS

typedef struct _IommudSuspects IommudSuspects;

IommudSuspects *iommud_suspects_new (uid_t owner);
void iommud_suspects_free (IommudSuspects *self);
/* After each search: @holders, of IommudFoundHolder, were seen with a device; @exiting, of
 * IommudExitingProcess, were ending after that. Returns those of the latter that count, an array of
 * IommudProcessId. @now: of the monotonic clock. */
GArray *iommud_suspects_update (IommudSuspects *self, const GPtrArray *holders,
                                const GArray *exiting, gint64 now);

G_END_DECLS
