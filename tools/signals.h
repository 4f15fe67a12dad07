/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The signals that iommuctl handles, read from a descriptor: it tells who sent them. */
#pragma once

#include <glib.h>
#include <sys/signalfd.h>

G_BEGIN_DECLS

typedef struct _IommuctlSignals IommuctlSignals;

/* Blocks SIGINT and SIGTERM in this thread and in those that are started later, so that they are
 * read here and nowhere else. @for_program: also those that a program should get which is run, and
 * SIGCHLD. */
IommuctlSignals *iommuctl_signals_new (gboolean for_program);
void iommuctl_signals_free (IommuctlSignals *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (IommuctlSignals, iommuctl_signals_free)

/* Readable if there is one. */
int iommuctl_signals_get_fd (const IommuctlSignals *self);
/* FALSE: there is none. */
gboolean iommuctl_signals_take (const IommuctlSignals *self, struct signalfd_siginfo *info);
/* In a process that is about to become another program: makes signals do what they did when the
 * table was made. */
void iommuctl_signals_restore (const IommuctlSignals *self);

G_END_DECLS
