/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How often, and for how long, a system call is made again that was interrupted or came too early.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* At most so many tries, and none later than this after the first failure. */
#define IOMMUD_TRIES_MAX 32
#define IOMMUD_TRIES_MAX_SECONDS 10

/* All zero before the first try. */
typedef struct
{
  guint n_tries;
  gint64 end; /* of the time for more tries; 0 before the first failure */
} IommudTries;

/* Whether to call once more after a call that failed with @errnum: FALSE for anything but EINTR and
 * EAGAIN, also for 0. After EAGAIN it sleeps for a moment. */
gboolean iommud_tries_go_on (IommudTries *self, int errnum);

G_END_DECLS
