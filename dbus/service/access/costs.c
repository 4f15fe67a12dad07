/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a call is about to make, at most: it is charged to the caller until the call ends. */
#include "access/costs.h"

#include <iommud.h>

#include "access/ownership.h"
#include "iommud-dbus-names.h"

#define GIBIBYTE (G_GUINT64_CONSTANT (1) << 30)

typedef struct
{
  const char *interface;
  const char *method;
  gboolean makes[IOMMUD_N_LIMITS];
} Cost;

/* Devices are those that the arguments name. */
static const Cost table[] = {
  { IOMMUD_DBUS_MANAGER_INTERFACE, "CreateContainer", { [IOMMUD_LIMIT_CONTAINERS] = TRUE } },
  { IOMMUD_DBUS_MANAGER_INTERFACE, "CreateLease", { [IOMMUD_LIMIT_LEASES] = TRUE } },
  { IOMMUD_DBUS_MANAGER_INTERFACE,
    "LeaseDevices",
    { [IOMMUD_LIMIT_LEASES] = TRUE,
      [IOMMUD_LIMIT_DEVICES] = TRUE,
      [IOMMUD_LIMIT_LOCKED_MEMORY] = TRUE } },
  { IOMMUD_DBUS_LEASE_INTERFACE, "CreateContainer", { [IOMMUD_LIMIT_CONTAINERS] = TRUE } },
  { IOMMUD_DBUS_LEASE_INTERFACE, "OpenDevice", { [IOMMUD_LIMIT_DEVICES] = TRUE } },
  { IOMMUD_DBUS_CONTAINER_INTERFACE,
    "AttachDevice",
    { [IOMMUD_LIMIT_DEVICES] = TRUE, [IOMMUD_LIMIT_HWPTS] = TRUE } },
  { IOMMUD_DBUS_CONTAINER_INTERFACE, "AllocHwpt", { [IOMMUD_LIMIT_HWPTS] = TRUE } },
  { IOMMUD_DBUS_HWPT_INTERFACE, "AttachDevice", { [IOMMUD_LIMIT_DEVICES] = TRUE } },
  { IOMMUD_DBUS_MEMORY_INTERFACE,
    "MapFile",
    { [IOMMUD_LIMIT_MAPPINGS] = TRUE, [IOMMUD_LIMIT_MAPPED_BYTES] = TRUE } },
  { IOMMUD_DBUS_MEMORY_INTERFACE,
    "CopyMapping",
    { [IOMMUD_LIMIT_MAPPINGS] = TRUE, [IOMMUD_LIMIT_MAPPED_BYTES] = TRUE } },
};

static const Cost *
find (const IommudRequest *request)
{
  for (gsize i = 0; i < G_N_ELEMENTS (table); i++)
    if (g_str_equal (table[i].interface, request->interface)
        && g_str_equal (table[i].method, request->method))
      return &table[i];
  return NULL;
}

/* A device of the caller's counts already. */
static guint64
count_new_devices (const IommudRequest *request)
{
  guint64 n = 0;

  for (guint i = 0; i < iommud_needs_count (request->needs); i++)
    {
      const IommudNeed *need = iommud_needs_get (request->needs, i);
      guint32 owner = 0;

      if (IOMMUD_IS_DEVICE (need->object)
          && (!iommud_ownership_find (need->object, &owner) || owner != request->caller->uid))
        n++;
    }
  return n;
}

/* The length of what is to be mapped, which both methods have at the same place. */
static guint64
get_length (GVariant *arguments)
{
  guint64 length = 0;

  g_variant_get_child (arguments, 2, "t", &length);
  return length;
}

static guint64
get_locked_memory (GVariant *arguments)
{
  g_autoptr (GVariant) options =
      g_variant_get_child_value (arguments, g_variant_n_children (arguments) - 1);
  guint64 n_bytes = 0;

  (void) g_variant_lookup (options, "locked-memory", "t", &n_bytes);
  return n_bytes;
}

static guint64
get_cost (guint limit, const IommudRequest *request, GVariant *arguments)
{
  switch (limit)
    {
    case IOMMUD_LIMIT_DEVICES:
      return count_new_devices (request);
    case IOMMUD_LIMIT_MAPPINGS:
      /* A long mapping is made in pieces. */
      return get_length (arguments) / GIBIBYTE + 1;
    case IOMMUD_LIMIT_MAPPED_BYTES:
      return get_length (arguments);
    case IOMMUD_LIMIT_LOCKED_MEMORY:
      return get_locked_memory (arguments);
    default:
      return 1;
    }
}

void
iommud_costs_find (IommudLimits *costs, const IommudRequest *request, GVariant *arguments)
{
  const Cost *cost = find (request);

  *costs = (IommudLimits){ { 0 } };
  for (guint i = 0; cost != NULL && i < IOMMUD_N_LIMITS; i++)
    if (cost->makes[i])
      costs->values[i] = get_cost (i, request, arguments);
}
