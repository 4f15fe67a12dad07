/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The PCI functions that a run on a real kernel may use, told apart by their IOMMU groups. The
 * abilities of a real function are fixed: a step can ask only for its number, the first IOMMU and a
 * group. */
#include "config.h"

#include "conformance-device-pool.h"

#include <string.h>

#define DEVICES "/sys/bus/pci/devices"
#define NAME_PREFIX "vmock."

struct _ConformanceDevicePool
{
  char **addresses;
  GHashTable *by_name; /* such as vmock.1, to an address of ours */
  GHashTable *groups;  /* number in the sequence, to the name of a group of this machine */
};

ConformanceDevicePool *
conformance_device_pool_new (const char *const *addresses)
{
  ConformanceDevicePool *self = g_new0 (ConformanceDevicePool, 1);

  self->addresses = g_strdupv ((char **) addresses);
  self->by_name = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->groups = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  return self;
}

void
conformance_device_pool_free (ConformanceDevicePool *self)
{
  g_hash_table_unref (self->by_name);
  g_hash_table_unref (self->groups);
  g_strfreev (self->addresses);
  g_free (self);
}

/* The name of a function's IOMMU group; NULL without one. */
static char *
read_group (const char *address)
{
  g_autofree char *link = g_strdup_printf (DEVICES "/%s/iommu_group", address);
  g_autofree char *target = g_file_read_link (link, NULL);

  return target != NULL ? g_path_get_basename (target) : NULL;
}

static guint
count_in_group (ConformanceDevicePool *self, const char *group)
{
  guint count = 0;

  for (guint i = 0; self->addresses[i] != NULL; i++)
    {
      g_autofree char *other = read_group (self->addresses[i]);

      count += g_strcmp0 (group, other) == 0 ? 1 : 0;
    }
  return count;
}

static gboolean
is_value_of (GHashTable *table, const char *value)
{
  GHashTableIter iter;
  gpointer other;

  g_hash_table_iter_init (&iter, table);
  while (g_hash_table_iter_next (&iter, NULL, &other))
    if (g_str_equal (other, value))
      return TRUE;
  return FALSE;
}

/* @number: of the group in the sequence; NULL for a function that shares its group with none. */
static gboolean
fits (ConformanceDevicePool *self, const char *address, const char *number)
{
  g_autofree char *group = read_group (address);
  const char *known = number != NULL ? g_hash_table_lookup (self->groups, number) : NULL;

  if (group == NULL || is_value_of (self->by_name, address))
    return FALSE;
  if (number == NULL)
    return count_in_group (self, group) == 1;
  if (known != NULL)
    return g_str_equal (known, group);
  return count_in_group (self, group) > 1 && !is_value_of (self->groups, group);
}

static const char *
choose (ConformanceDevicePool *self, const char *number)
{
  for (guint i = 0; self->addresses[i] != NULL; i++)
    if (fits (self, self->addresses[i], number))
      return self->addresses[i];
  return NULL;
}

static gboolean
parse (char **words, const char **id, const char **group)
{
  for (guint i = 0; words[i] != NULL; i++)
    {
      if (g_str_has_prefix (words[i], "id="))
        *id = words[i] + strlen ("id=");
      else if (g_str_has_prefix (words[i], "group="))
        *group = words[i] + strlen ("group=");
      else if (!g_str_equal (words[i], "iommu=0"))
        return FALSE;
    }
  return TRUE;
}

gboolean
conformance_device_pool_assign (ConformanceDevicePool *self, const char *specification)
{
  g_auto (GStrv) words = g_strsplit (specification, ",", -1);
  g_autofree char *name = NULL;
  const char *id = "0", *group = NULL, *address;

  if (!parse (words, &id, &group))
    return FALSE;
  name = g_strconcat (NAME_PREFIX, id, NULL);
  if (g_hash_table_contains (self->by_name, name))
    return TRUE;
  address = choose (self, group);
  if (address == NULL)
    return FALSE;
  if (group != NULL && !g_hash_table_contains (self->groups, group))
    g_hash_table_insert (self->groups, g_strdup (group), read_group (address));
  g_hash_table_insert (self->by_name, g_steal_pointer (&name), (gpointer) address);
  return TRUE;
}

const char *
conformance_device_pool_find (ConformanceDevicePool *self, const char *name)
{
  return g_hash_table_lookup (self->by_name, name);
}

gboolean
conformance_device_pool_is_complete (ConformanceDevicePool *self)
{
  for (guint i = 0; self->addresses[i] != NULL; i++)
    {
      g_autofree char *path = g_strdup_printf (DEVICES "/%s", self->addresses[i]);

      if (!g_file_test (path, G_FILE_TEST_EXISTS))
        return FALSE;
    }
  return TRUE;
}
