/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The log has a debug message for each ioctl, with the members of its record as fields. */
#include "model-fixture.h"

#include <string.h>

/* What was logged of the last HWPT_ALLOC. */
typedef struct
{
  GHashTable *fields; /* name -> value */
  guint n_ioctls;
} Log;

static gboolean
is_field (const GLogField *field, const char *name)
{
  return g_str_equal (field->key, name);
}

static GLogWriterOutput
write_log (GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer user_data)
{
  Log *log = user_data;
  const char *ioctl_name = NULL;

  for (gsize i = 0; i < n_fields; i++)
    if (is_field (&fields[i], "IOMMUD_IOCTL"))
      ioctl_name = fields[i].value;
  if (ioctl_name == NULL)
    return G_LOG_WRITER_HANDLED;
  g_assert_cmpint (level, ==, G_LOG_LEVEL_DEBUG);
  log->n_ioctls++;
  if (!g_str_equal (ioctl_name, "IOMMU_HWPT_ALLOC"))
    return G_LOG_WRITER_HANDLED;
  g_hash_table_remove_all (log->fields);
  for (gsize i = 0; i < n_fields; i++)
    g_hash_table_insert (log->fields, g_strdup (fields[i].key), g_strdup (fields[i].value));
  return G_LOG_WRITER_HANDLED;
}

static void
assert_field (const Log *log, const char *name, const char *value)
{
  g_assert_cmpstr (g_hash_table_lookup (log->fields, name), ==, value);
}

static void
test_hwpt_alloc (gconstpointer data)
{
  const Log *log = data;
  ModelFixture fixture;
  IommudContainer *container;
  IommudHwpt *hwpt;
  IommudDevice *device;
  g_autofree char *hwpt_id = NULL;
  g_autofree char *device_id = NULL;
  guint number = 0;

  model_fixture_set_up (&fixture, NULL);
  container = model_fixture_container (&fixture, "a", IOMMUD_DIRTY_TRACKING_POLICY_PREFERRED);
  hwpt = model_fixture_attach (&fixture, container, DIRTY_A);
  device = model_fixture_device (&fixture, DIRTY_A);
  hwpt_id = g_strdup_printf ("%#x", iommud_hwpt_get_id (hwpt));
  g_object_get (device, "device-id", &number, NULL);
  device_id = g_strdup_printf ("%#x", number);

  assert_field (log, "IOMMUD_ERRNO", "0");
  /* As ls /proc/PID/fd writes it. */
  g_assert_true (g_ascii_string_to_unsigned (g_hash_table_lookup (log->fields, "IOMMUD_FD"), 10, 0,
                                             G_MAXINT, NULL, NULL));
  assert_field (log, "IOMMUD_FLAGS", "0x2");
  assert_field (log, "IOMMUD_DEV_ID", device_id);
  assert_field (log, "IOMMUD_OUT_HWPT_ID", hwpt_id);
  assert_field (log, "IOMMUD_DATA_TYPE", "0");
  assert_field (log, "IOMMUD_DATA_LEN", "0");
  assert_field (log, "IOMMUD_DATA_UPTR", "0");
  g_assert_nonnull (strstr (g_hash_table_lookup (log->fields, "MESSAGE"), "IOMMU_HWPT_ALLOC"));
  g_assert_cmpuint (log->n_ioctls, >, 8);
  model_fixture_free_container (container);
  model_fixture_tear_down (&fixture, NULL);
}

int
main (int argc, char **argv)
{
  Log log = { .fields = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free) };
  int status;

  g_setenv ("G_MESSAGES_DEBUG", "all", TRUE);
  g_test_init (&argc, &argv, NULL);
  g_log_set_writer_func (write_log, &log, NULL);
  g_test_add_data_func ("/trace/hwpt-alloc", &log, test_hwpt_alloc);
  status = g_test_run ();
  g_hash_table_unref (log.fields);
  return status;
}
