/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Mappings of a container as records, and in words. */
#include "config.h"

#include "mapping.h"

#include "numbers.h"

#include <glib/gi18n.h>

#define MAX_IN_WORDS 8

/* The bits of the property's flags. Bits that later versions of the service add are ignored. */
static const struct
{
  guint32 bit;
  const char *word;
  char letter;
} flag_words[] = {
  { 1 << 0, "readable", 'r' },
  { 1 << 1, "writable", 'w' },
};

static GVariant *
describe_flags (guint32 flags)
{
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_STRING_ARRAY);

  for (gsize i = 0; i < G_N_ELEMENTS (flag_words); i++)
    if (flags & flag_words[i].bit)
      g_variant_builder_add (&builder, "s", flag_words[i].word);
  return g_variant_builder_end (&builder);
}

static GVariant *
record_of (guint64 iova, guint64 length, guint64 offset, guint32 flags)
{
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_VARDICT);
  g_autofree char *address = iommuctl_numbers_describe_address (iova);

  g_variant_builder_add (&builder, "{sv}", "Iova", g_variant_new_string (address));
  g_variant_builder_add (&builder, "{sv}", "Length", g_variant_new_uint64 (length));
  g_variant_builder_add (&builder, "{sv}", "Offset", g_variant_new_uint64 (offset));
  g_variant_builder_add (&builder, "{sv}", "Flags", describe_flags (flags));
  return g_variant_builder_end (&builder);
}

GVariant *
iommuctl_mapping_records (GVariant *mappings)
{
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("aa{sv}"));
  GVariantIter iter;
  guint64 iova, length, offset;
  guint32 flags;

  g_variant_iter_init (&iter, mappings);
  while (g_variant_iter_next (&iter, "(tttu)", &iova, &length, &offset, &flags))
    g_variant_builder_add_value (&builder, record_of (iova, length, offset, flags));
  return g_variant_builder_end (&builder);
}

char *
iommuctl_mapping_describe_range (GVariant *record)
{
  const char *address = "";
  guint64 iova = 0;
  guint64 length = 0;
  g_autofree char *last = NULL;

  g_variant_lookup (record, "Iova", "&s", &address);
  g_variant_lookup (record, "Length", "t", &length);
  iova = g_ascii_strtoull (address, NULL, 0);
  last = iommuctl_numbers_describe_address (iova + (length - 1));
  return g_strdup_printf ("%s-%s", address, last);
}

char *
iommuctl_mapping_describe_access (GVariant *record)
{
  g_autofree const char **flags = NULL;
  GString *letters = g_string_new (NULL);

  if (g_variant_lookup (record, "Flags", "^a&s", &flags))
    for (gsize i = 0; i < G_N_ELEMENTS (flag_words); i++)
      if (g_strv_contains (flags, flag_words[i].word))
        g_string_append_c (letters, flag_words[i].letter);
  return g_string_free (letters, FALSE);
}

char *
iommuctl_mapping_describe_records (GVariant *records)
{
  g_autoptr (GPtrArray) words = g_ptr_array_new_with_free_func (g_free);
  gsize n_records = g_variant_n_children (records);

  if (n_records == 0)
    return g_strdup ("-");
  for (gsize i = 0; i < MIN (n_records, MAX_IN_WORDS); i++)
    {
      g_autoptr (GVariant) record = g_variant_get_child_value (records, i);
      g_autofree char *range = iommuctl_mapping_describe_range (record);
      g_autofree char *access = iommuctl_mapping_describe_access (record);

      g_ptr_array_add (words, g_strdup_printf ("%s %s", range, access));
    }
  if (n_records > MAX_IN_WORDS)
    g_ptr_array_add (words, g_strdup_printf (_ ("and %zu more"), n_records - MAX_IN_WORDS));
  g_ptr_array_add (words, NULL);
  return g_strjoinv (", ", (char **) words->pdata);
}
