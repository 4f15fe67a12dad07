/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The signals of org.freedesktop.DBus.ObjectManager. */
#pragma once

#include "objects.h"

G_BEGIN_DECLS

gsize iommud_object_signal_added (IommudObjects *objects, IommudBusObject *object,
                                  GDBusConnection *connection, const char *destination);
gsize iommud_object_signal_removed (const char *path, const char *const *interfaces,
                                    GDBusConnection *connection, const char *destination);
gsize iommud_object_signal_noted (IommudObjects *objects, const IommudNotedObject *change,
                                  GDBusConnection *connection, const char *destination);

G_END_DECLS
