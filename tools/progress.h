/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A line that shows the progress of something, on terminals only. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _IommuctlProgress IommuctlProgress;

/* @total: in bytes. @quiet: show nothing. */
IommuctlProgress *iommuctl_progress_new (const char *title, guint64 total, gboolean quiet);
/* Removes the line. */
void iommuctl_progress_free (IommuctlProgress *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (IommuctlProgress, iommuctl_progress_free)

void iommuctl_progress_show (IommuctlProgress *self, guint64 done);

G_END_DECLS
