/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How often, and for how long, a system call is made again that was interrupted or came too early.
 */
#include "base/tries.h"

#include <errno.h>

/* After EAGAIN there are pauses of 1, 2, 4... 32 ms, together less than a second. */
#define MAX_PAUSE_LOG2 5

/* A call that was interrupted can be made again at once; what it was too early for may take a
 * moment. */
gboolean
iommud_tries_go_on (IommudTries *self, int errnum)
{
  gint64 now;

  if (errnum != EINTR && errnum != EAGAIN)
    return FALSE;
  now = g_get_monotonic_time ();
  if (self->end == 0)
    self->end = now + IOMMUD_TRIES_MAX_SECONDS * G_USEC_PER_SEC;
  if (++self->n_tries == IOMMUD_TRIES_MAX || now >= self->end)
    return FALSE;
  if (errnum == EAGAIN)
    g_usleep (1000ul << MIN (self->n_tries - 1, MAX_PAUSE_LOG2));
  return TRUE;
}
