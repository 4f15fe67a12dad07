/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Damaging the records of a host, and adopting it from them. */
#include "config.h"

#include "adopt-damage.h"

#include <string.h>

static GVariant *
write_down_damaged (AdoptFixture *self, const Damage *damage)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) records = iommud_host_write_down (self->model.host, &error);
  g_autoptr (IommudHostRecord) record = NULL;

  g_assert_no_error (error);
  record = iommud_host_record_from_variant (records, &error);
  g_assert_no_error (error);
  damage->damage (record);
  return g_variant_ref_sink (iommud_host_record_to_variant (record));
}

static void
assert_dropped (const char *dropped, const Damage *damage)
{
  for (gsize i = 0; i < G_N_ELEMENTS (damage->reasons) && damage->reasons[i] != NULL; i++)
    if (strstr (dropped, damage->reasons[i]) == NULL)
      g_error ("\"%s\" is not in:\n%s", damage->reasons[i], dropped);
}

char *
adopt_damaged (AdoptFixture *self, const Damage *damage)
{
  g_autoptr (GVariant) records = write_down_damaged (self, damage);
  g_autoptr (IommudDescriptors) descriptors = adopt_fixture_disown (self);
  char *dropped = adopt_fixture_adopt (self, records, descriptors);
  g_auto (GStrv) names = iommud_descriptors_dup_names (descriptors);

  assert_dropped (dropped, damage);
  g_assert_null (names[0]);
  return dropped;
}
