/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Dictionaries of names and values. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

void iommud_dictionary_add (GVariantBuilder *self, const char *name, GVariant *value);

G_END_DECLS
