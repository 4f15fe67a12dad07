/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Dictionaries of names and values, a{sv}: for those that are made often. */
#include "dictionary.h"

/* Takes a floating reference. Not by a format string: to parse it costs more than the entry. */
void
iommud_dictionary_add (GVariantBuilder *self, const char *name, GVariant *value)
{
  g_variant_builder_add_value (
      self, g_variant_new_dict_entry (g_variant_new_string (name), g_variant_new_variant (value)));
}
