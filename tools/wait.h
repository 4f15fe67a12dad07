/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Waiting for the service while people may press Ctrl-C. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct _IommuctlWait IommuctlWait;

/* From now on an interrupt, SIGINT or SIGTERM, does not end the program. The first one calls
 * @on_interrupt; the second one cancels what is waited for. */
IommuctlWait *iommuctl_wait_new (GFunc on_interrupt, gpointer on_interrupt_data);
void iommuctl_wait_free (IommuctlWait *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (IommuctlWait, iommuctl_wait_free)

/* For the call that is waited for; its callback is iommuctl_wait_on_result(), with the wait. */
GCancellable *iommuctl_wait_get_cancellable (IommuctlWait *self);
void iommuctl_wait_on_result (GObject *source, GAsyncResult *result, gpointer wait);
/* Runs the main loop until the result is there. */
GAsyncResult *iommuctl_wait_for_result (IommuctlWait *self);

gboolean iommuctl_wait_was_interrupted (IommuctlWait *self);

G_END_DECLS
