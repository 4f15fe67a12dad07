/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Parents of mdevs: the types that each can make, and the capacity that it has left for them. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct
{
  char *name;
  char *label;
  char *device_api;
  guint cost; /* of an instance, out of the parent's capacity */
} IommudSimulatedMdevType;

typedef struct
{
  guint capacity;    /* that is left */
  GHashTable *types; /* of IommudSimulatedMdevType by name */
} IommudSimulatedMdevParent;

/* The parents of one machine: of IommudSimulatedMdevParent by name. */
GHashTable *iommud_simulated_mdev_pool_new (void);
void iommud_simulated_mdev_pool_add_parent (GHashTable *pool, const char *name, guint capacity);
void iommud_simulated_mdev_pool_add_type (GHashTable *pool, const char *parent, const char *name,
                                          const char *label, const char *device_api, guint cost);
/* An instance takes its part of the capacity. ENOSPC: that is not left. */
int iommud_simulated_mdev_pool_take (GHashTable *pool, const char *parent,
                                     const IommudSimulatedMdevType *type);
/* An instance is gone: its part of the capacity is free again. */
void iommud_simulated_mdev_pool_give_back (GHashTable *pool, const char *parent, const char *type);

G_END_DECLS
