/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The one header that users of libiommud-sim include: a backend without hardware, described by an
 * XML file. */
#pragma once

#include <iommud.h>

G_BEGIN_DECLS

#define IOMMUD_TYPE_SIMULATOR (iommud_simulator_get_type ())
#define IOMMUD_SIMULATOR(object)                                                                   \
  (G_TYPE_CHECK_INSTANCE_CAST ((object), IOMMUD_TYPE_SIMULATOR, IommudSimulator))
#define IOMMUD_IS_SIMULATOR(object) (G_TYPE_CHECK_INSTANCE_TYPE ((object), IOMMUD_TYPE_SIMULATOR))

/* Declared by hand: G_DECLARE_FINAL_TYPE wants the class of its parent, which is private. */
typedef struct _IommudSimulator IommudSimulator;
typedef struct _IommudSimulatorClass IommudSimulatorClass;
IOMMUD_PUBLIC GType iommud_simulator_get_type (void);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (IommudSimulator, g_object_unref)

IOMMUD_PUBLIC IommudSimulator *iommud_simulator_new (const char *filename, GError **error);
IOMMUD_PUBLIC IommudSimulator *iommud_simulator_new_from_data (const char *xml, gssize length,
                                                               GError **error);
IOMMUD_PUBLIC gboolean iommud_simulator_follow_file (IommudSimulator *self, GError **error);
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
