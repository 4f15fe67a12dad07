/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Processes that have a device open, as records and in words. */
#include "config.h"

#include "holder.h"

#include "cut.h"

#include <glib/gi18n.h>

GVariant *
iommuctl_holder_record (guint32 pid, const char *command, const char *unit)
{
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_VARDICT);

  g_variant_builder_add (&builder, "{sv}", "Pid", g_variant_new_uint32 (pid));
  g_variant_builder_add (&builder, "{sv}", "Command", g_variant_new_string (command));
  g_variant_builder_add (&builder, "{sv}", "Unit", g_variant_new_string (unit));
  return g_variant_builder_end (&builder);
}

GVariant *
iommuctl_holder_records (GVariant *holders)
{
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("aa{sv}"));
  GVariantIter iter;
  guint32 pid = 0;
  const char *command = NULL;
  const char *unit = NULL;

  g_variant_iter_init (&iter, holders);
  while (g_variant_iter_next (&iter, "(u&s&s)", &pid, &command, &unit))
    g_variant_builder_add_value (&builder, iommuctl_holder_record (pid, command, unit));
  return g_variant_builder_end (&builder);
}

/* A process may call itself anything. */
char *
iommuctl_holder_describe (GVariant *record)
{
  const char *command = "";
  const char *unit = "";
  guint32 pid = 0;
  char *text = NULL;

  g_variant_lookup (record, "Pid", "u", &pid);
  g_variant_lookup (record, "Command", "&s", &command);
  g_variant_lookup (record, "Unit", "&s", &unit);
  text = *unit == '\0' ? g_strdup_printf (_ ("%s (pid %u)"), command, pid)
                       : g_strdup_printf (_ ("%s (pid %u, %s)"), command, pid, unit);
  iommuctl_cut_make_printable (text);
  return text;
}

char *
iommuctl_holder_describe_records (GVariant *records)
{
  g_autoptr (GPtrArray) words = g_ptr_array_new_with_free_func (g_free);

  for (gsize i = 0; i < g_variant_n_children (records); i++)
    {
      g_autoptr (GVariant) record = g_variant_get_child_value (records, i);

      g_ptr_array_add (words, iommuctl_holder_describe (record));
    }
  if (words->len == 0)
    return g_strdup ("-");
  g_ptr_array_add (words, NULL);
  return g_strjoinv (", ", (char **) words->pdata);
}
