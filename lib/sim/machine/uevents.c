/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The queue of uevents. */
#include "config.h"

#include "sim/machine/uevents.h"

typedef struct
{
  IommudSimulatedUevent event;
  IommudDeviceInfo *info;
} Pending;

void
iommud_simulated_uevents_add (GQueue *queue, IommudSimulatedUevent event, IommudDeviceInfo *info)
{
  Pending *pending = g_new0 (Pending, 1);

  pending->event = event;
  pending->info = iommud_device_info_ref (info);
  g_queue_push_tail (queue, pending);
}

void
iommud_simulated_uevents_deliver (GQueue *queue, IommudSimulatedListener listener, gpointer data)
{
  Pending *pending;

  while ((pending = g_queue_pop_head (queue)) != NULL)
    {
      if (listener != NULL)
        listener (pending->event, pending->info, data);
      iommud_device_info_unref (pending->info);
      g_free (pending);
    }
}
