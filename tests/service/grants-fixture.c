/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A folder with grants, and what is read from it. */
#include "grants-fixture.h"

const char *const grants_whole = "[a]\nusers=1001;1002\ndrivers=vfio-pci\nlocked-memory=16G\n";

void
grants_set_up (Grants *self, gconstpointer unused)
{
  self->folder = config_folder_new ();
}

static void
forget (Grants *self)
{
  g_clear_pointer (&self->configuration, iommud_configuration_unref);
  g_clear_pointer (&self->problems, iommud_problems_free);
}

void
grants_tear_down (Grants *self, gconstpointer unused)
{
  forget (self);
  config_folder_free (self->folder);
}

void
grants_read_folder (Grants *self)
{
  forget (self);
  self->problems = iommud_problems_new ();
  self->configuration = iommud_configuration_read (self->folder, self->problems);
}

void
grants_read_text (Grants *self, const char *text)
{
  config_folder_write (self->folder, "grants.d/a.conf", text);
  grants_read_folder (self);
}

guint
grants_count_problems (Grants *self)
{
  const GPtrArray *texts = iommud_problems_get (self->problems);

  for (guint i = 0; i < texts->len; i++)
    g_test_message ("%s", (const char *) g_ptr_array_index (texts, i));
  return texts->len;
}

void
grants_assert_problem (Grants *self, guint index, const char *pattern)
{
  const GPtrArray *texts = iommud_problems_get (self->problems);

  g_assert_cmpuint (grants_count_problems (self), >, index);
  if (!g_pattern_match_simple (pattern, g_ptr_array_index (texts, index)))
    g_error ("'%s' does not match '%s'", (const char *) g_ptr_array_index (texts, index), pattern);
}

const IommudDeviceTraits grants_nic = {
  .name = (char *) "0000:01:00.0",
  .driver = (char *) "vfio-pci",
  .mdev_type = (char *) "",
  .vendor_id = 0x8086,
  .product_id = 0x10c9,
  .iommu_group = 12,
};

const IommudDeviceTraits grants_mdev = {
  .name = (char *) "83b8f4f2-509f-382f-3c1e-e6bfe0fa1001",
  .driver = (char *) "vfio_mdev",
  .mdev_type = (char *) "mtty-1",
  .vendor_id = 0,
  .product_id = 0,
  .iommu_group = -1,
};

gboolean
grants_allow (Grants *self, guint32 uid, const IommudDeviceTraits *device)
{
  const IommudSubject subject = { uid, NULL };

  return iommud_configuration_grants (self->configuration, &subject, device, NULL);
}
