/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What Ctrl-C does while a command runs. */
#pragma once

#include "signals.h"

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct _IommuctlInterrupt IommuctlInterrupt;

/* Watches for SIGINT and SIGTERM. The first one cancels what waits for the service; the next one
 * ends the program. To be made before all other threads. @for_program: see
 * iommuctl_signals_new(). */
IommuctlInterrupt *iommuctl_interrupt_new (gboolean for_program);
void iommuctl_interrupt_free (IommuctlInterrupt *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (IommuctlInterrupt, iommuctl_interrupt_free)

/* From now on the first signal only shows the message: the command looks at
 * iommuctl_interrupt_was_interrupted(), and finishes what it has begun. The second one cancels. */
void iommuctl_interrupt_finish_first (IommuctlInterrupt *self, const char *message);
/* From now on signals are the caller's, who takes them from what is returned; it lives as long as
 * the interrupt. */
IommuctlSignals *iommuctl_interrupt_hand_over (IommuctlInterrupt *self);
GCancellable *iommuctl_interrupt_get_cancellable (IommuctlInterrupt *self);
gboolean iommuctl_interrupt_was_interrupted (IommuctlInterrupt *self);

G_END_DECLS
