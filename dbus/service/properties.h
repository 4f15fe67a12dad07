/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Properties of the model as D-Bus properties, bound by name. */
#pragma once

#include <gio/gio.h>

#include "objects.h"

G_BEGIN_DECLS

char *iommud_properties_name_from_member (const char *member);
GVariant *iommud_properties_count (GObject *model, const char *name);
GVariant *iommud_properties_read (GObject *model, const char *name, const GVariantType *type,
                                  IommudObjects *objects);

G_END_DECLS
