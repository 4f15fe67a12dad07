/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The tables of parents and types. */
#include "config.h"

#include "sim/machine/mdev-pool.h"

#include <errno.h>

static void
free_type (gpointer data)
{
  IommudSimulatedMdevType *type = data;

  g_free (type->name);
  g_free (type->label);
  g_free (type->device_api);
  g_free (type);
}

static void
free_parent (gpointer data)
{
  IommudSimulatedMdevParent *parent = data;

  g_hash_table_unref (parent->types);
  g_free (parent);
}

GHashTable *
iommud_simulated_mdev_pool_new (void)
{
  return g_hash_table_new_full (g_str_hash, g_str_equal, g_free, free_parent);
}

void
iommud_simulated_mdev_pool_add_parent (GHashTable *pool, const char *name, guint capacity)
{
  IommudSimulatedMdevParent *parent = g_new0 (IommudSimulatedMdevParent, 1);

  parent->capacity = capacity;
  parent->types = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, free_type);
  g_hash_table_replace (pool, g_strdup (name), parent);
}

void
iommud_simulated_mdev_pool_add_type (GHashTable *pool, const char *parent_name, const char *name,
                                     const char *label, const char *device_api, guint cost)
{
  IommudSimulatedMdevParent *parent = g_hash_table_lookup (pool, parent_name);
  IommudSimulatedMdevType *type = g_new0 (IommudSimulatedMdevType, 1);

  g_assert (parent != NULL);
  type->name = g_strdup (name);
  type->label = g_strdup (label);
  type->device_api = g_strdup (device_api);
  type->cost = cost;
  g_hash_table_replace (parent->types, type->name, type);
}

int
iommud_simulated_mdev_pool_take (GHashTable *pool, const char *parent_name,
                                 const IommudSimulatedMdevType *type)
{
  IommudSimulatedMdevParent *parent = g_hash_table_lookup (pool, parent_name);

  if (parent->capacity < type->cost)
    return ENOSPC;
  parent->capacity -= type->cost;
  return 0;
}

void
iommud_simulated_mdev_pool_give_back (GHashTable *pool, const char *parent_name,
                                      const char *type_name)
{
  IommudSimulatedMdevParent *parent = g_hash_table_lookup (pool, parent_name);
  const IommudSimulatedMdevType *type =
      parent != NULL ? g_hash_table_lookup (parent->types, type_name) : NULL;

  if (type != NULL)
    parent->capacity += type->cost;
}
