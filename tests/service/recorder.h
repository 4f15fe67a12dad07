/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a caller sees on the wire, in its order. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct _Recorder Recorder;

Recorder *recorder_new (GDBusConnection *connection);
void recorder_free (Recorder *self);
void recorder_clear (Recorder *self);
char *recorder_get_text (Recorder *self);
int recorder_find (Recorder *self, const char *pattern);
guint recorder_count (Recorder *self, const char *pattern);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Recorder, recorder_free)

G_END_DECLS
