/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The simulated host: a backend without hardware, described by an XML file. */
#pragma once

#include "iommud-backend.h"

G_BEGIN_DECLS

#define IOMMUD_TYPE_SIMULATOR (iommud_simulator_get_type ())
IOMMUD_PUBLIC
G_DECLARE_FINAL_TYPE (IommudSimulator, iommud_simulator, IOMMUD, SIMULATOR, IommudBackend)

IOMMUD_PUBLIC IommudSimulator *iommud_simulator_new (const char *filename, GError **error);
IOMMUD_PUBLIC IommudSimulator *iommud_simulator_new_from_data (const char *xml, gssize length,
                                                               GError **error);
IOMMUD_PUBLIC gboolean iommud_simulator_plug_device (IommudSimulator *self, const char *name,
                                                     GError **error);
IOMMUD_PUBLIC gboolean iommud_simulator_unplug_device (IommudSimulator *self, const char *name,
                                                       GError **error);
IOMMUD_PUBLIC gboolean iommud_simulator_device_write (IommudSimulator *self, const char *name,
                                                      guint64 iova, guint64 length, guint8 value,
                                                      GError **error);
IOMMUD_PUBLIC guint iommud_simulator_count_objects (IommudSimulator *self);
IOMMUD_PUBLIC guint iommud_simulator_count_contexts (IommudSimulator *self);
IOMMUD_PUBLIC gboolean iommud_simulator_inject_fault (IommudSimulator *self, const char *operation,
                                                      guint nth, int errnum, guint delay_ms,
                                                      GError **error);
IOMMUD_PUBLIC guint iommud_simulator_count_calls (IommudSimulator *self, const char *operation);

G_END_DECLS
