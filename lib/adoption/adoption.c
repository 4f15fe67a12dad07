/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the steps of an adoption share: dropping records, and finding what was adopted. */
#include "adoption/adoption.h"

static void
note (IommudAdoption *self, char *reason)
{
  g_debug ("%s", reason);
  g_ptr_array_add (self->dropped, reason);
}

void
iommud_adoption_drop (IommudAdoption *self, const char *format, ...)
{
  va_list arguments;

  va_start (arguments, format);
  note (self, g_strdup_vprintf (format, arguments));
  va_end (arguments);
}

gboolean
iommud_adoption_refuse (char **reason, const char *format, ...)
{
  va_list arguments;

  va_start (arguments, format);
  *reason = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  return FALSE;
}

IommudDevice *
iommud_adoption_find_device (IommudAdoption *self, const char *sysfs_path)
{
  return iommud_device_table_find_at (iommud_host_get_device_table (self->host), sysfs_path);
}

IommudAdoptedContainer *
iommud_adoption_find_container (IommudAdoption *self, guint64 serial)
{
  return g_hash_table_lookup (self->containers, &serial);
}

char *
iommud_adoption_name_tracker (const char *device, guint32 hwpt_id)
{
  return g_strdup_printf ("%u %s", hwpt_id, device);
}

gboolean
iommud_adoption_filter (IommudAdoption *self, GPtrArray *records, IommudAdoptionCheck check,
                        GDestroyNotify free_record, GError **error)
{
  gboolean failed = FALSE;
  guint kept = 0;

  for (guint i = 0; i < records->len; i++)
    {
      gpointer record = g_ptr_array_index (records, i);
      char *reason = NULL;

      failed = failed || (!check (self, record, &reason, error) && reason == NULL);
      if (reason == NULL)
        {
          records->pdata[kept++] = record;
          continue;
        }
      note (self, reason);
      free_record (record);
    }
  g_ptr_array_set_size (records, (gint) kept);
  return !failed;
}
