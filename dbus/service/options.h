/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The a{sv} that ends each method call. */
#pragma once

#include <gio/gio.h>

#include "objects.h"

G_BEGIN_DECLS

/* An option that a method knows. The type says what is sent: b for a boolean, t for a guint64, s
 * for a string and for the nick of an enumeration's value, o for the path of an object. */
typedef struct
{
  const char *key;
  GType type;
  gpointer value; /* of that type; untouched if the option is not given; owned by the caller */
} IommudOption;

gboolean iommud_options_parse (GVariant *options, const IommudOption *known, gsize n_known,
                               IommudObjects *objects, GError **error);
gboolean iommud_options_set (GVariant *options, const char *const *known, GObject *target,
                             IommudObjects *objects, GError **error);

G_END_DECLS
