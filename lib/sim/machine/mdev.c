/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Parents of mdevs, their types, and the instances that are made and taken away. */
#include "config.h"

#include "sim/machine/machine.h"

#include <errno.h>

static void
free_mdev_type (gpointer data)
{
  IommudSimulatedMdevType *type = data;

  g_free (type->name);
  g_free (type->label);
  g_free (type->device_api);
  g_free (type);
}

void
iommud_simulated_mdev_parent_free (gpointer data)
{
  IommudSimulatedMdevParent *parent = data;

  g_hash_table_unref (parent->types);
  g_free (parent);
}

void
iommud_simulated_machine_give_back_mdev (IommudSimulatedMachine *self, const IommudDeviceInfo *info)
{
  IommudSimulatedMdevParent *parent = g_hash_table_lookup (self->mdev_parents, info->parent);
  const IommudSimulatedMdevType *type =
      parent != NULL ? g_hash_table_lookup (parent->types, info->mdev_type) : NULL;

  if (type != NULL)
    parent->capacity += type->cost;
}

void
iommud_simulated_machine_add_mdev_parent (IommudSimulatedMachine *self, const char *name,
                                          guint capacity)
{
  IommudSimulatedMdevParent *parent = g_new0 (IommudSimulatedMdevParent, 1);

  parent->capacity = capacity;
  parent->types = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, free_mdev_type);
  g_hash_table_replace (self->mdev_parents, g_strdup (name), parent);
}

void
iommud_simulated_machine_add_mdev_type (IommudSimulatedMachine *self, const char *parent_name,
                                        const IommudSimulatedMdevType *type)
{
  IommudSimulatedMdevParent *parent = g_hash_table_lookup (self->mdev_parents, parent_name);
  IommudSimulatedMdevType *copy = g_new0 (IommudSimulatedMdevType, 1);

  g_assert (parent != NULL);
  copy->name = g_strdup (type->name);
  copy->label = g_strdup (type->label);
  copy->device_api = g_strdup (type->device_api);
  copy->cost = type->cost;
  g_hash_table_replace (parent->types, copy->name, copy);
}

int
iommud_simulated_machine_create_mdev (IommudSimulatedMachine *self, const char *parent_name,
                                      const IommudSimulatedMdevType *type, const char *uuid)
{
  IommudSimulatedMdevParent *parent = g_hash_table_lookup (self->mdev_parents, parent_name);
  IommudSimulatedDevice *device;

  if (g_hash_table_contains (self->functions, uuid))
    return EEXIST;
  if (parent->capacity < type->cost)
    return ENOSPC;
  parent->capacity -= type->cost;
  device = iommud_simulated_device_new ();
  iommud_simulated_replace_string (&device->info->name, uuid);
  iommud_simulated_replace_string (&device->info->bus, "mdev");
  iommud_simulated_replace_string (&device->info->parent, parent_name);
  iommud_simulated_replace_string (&device->info->mdev_type, type->name);
  iommud_simulated_replace_string (&device->info->driver, parent_name);
  /* What the kernel's sample driver does, which is the one that makes mdevs here. */
  device->dma_logging = TRUE;
  device->logs_nothing = TRUE;
  return iommud_simulated_machine_add_device (self, device, TRUE);
}
