/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the objects on the bus show. */
#pragma once

#include "objects.h"

G_BEGIN_DECLS

GVariant *iommud_entries_get (IommudObjects *objects, IommudBusObject *object);
GVariant *iommud_entries_get_properties (IommudObjects *objects, IommudBusObject *object,
                                         const char *interface);
gboolean iommud_entries_refresh_one (IommudObjects *objects);
GVariant *iommud_entries_get_all (IommudObjects *objects);

G_END_DECLS
