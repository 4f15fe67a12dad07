/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Events of the VFIO devices of a machine that have not been delivered. */
#pragma once

#include "probe/device-info.h"

G_BEGIN_DECLS

typedef enum
{
  IOMMUD_SIMULATED_DEVICE_ADDED,
  IOMMUD_SIMULATED_DEVICE_REMOVED,
} IommudSimulatedUevent;

/* Called without any lock held, in the thread that caused the event. */
typedef void (*IommudSimulatedListener) (IommudSimulatedUevent event, IommudDeviceInfo *info,
                                         gpointer data);

/* @queue belongs to this unit alone, from g_queue_init() on. */
void iommud_simulated_uevents_add (GQueue *queue, IommudSimulatedUevent event,
                                   IommudDeviceInfo *info);
/* Tells @listener (NULL: nothing is told) of all events and leaves the queue empty. */
void iommud_simulated_uevents_deliver (GQueue *queue, IommudSimulatedListener listener,
                                       gpointer data);

G_END_DECLS
