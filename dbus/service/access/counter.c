/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The objects of each user, counted as they come, go and change hands: nothing is looked for when a
 * call asks how many there are. */
#include "access/counter.h"

#include "access/ownership.h"
#include "list-watch.h"

struct _IommudCounter
{
  IommudQuotas *quotas;
  GHashTable *devices;    /* IommudDevice -> Holding, for those that belong to somebody */
  GHashTable *containers; /* IommudContainer -> Holding */
  GHashTable *leases;     /* IommudLease -> Holding */
  IommudListWatch *device_watch;
  IommudListWatch *container_watch;
  IommudListWatch *lease_watch;
};

/* What an object counts as, and for whom. */
typedef struct
{
  IommudCounter *counter;
  gpointer object;
  guint32 uid;
  IommudLimits counts;
} Holding;

/* --- Holdings --------------------------------------------------------------------------------- */

static void
set_count (Holding *holding, IommudLimit limit, guint64 n)
{
  gint64 more = (gint64) (n - holding->counts.values[limit]);

  holding->counts.values[limit] = n;
  if (more != 0)
    iommud_quotas_add (holding->counter->quotas, holding->uid, limit, more);
}

static Holding *
add_holding (IommudCounter *self, GHashTable *holdings, gpointer object, guint32 uid)
{
  Holding *holding = g_new0 (Holding, 1);

  holding->counter = self;
  holding->object = object;
  holding->uid = uid;
  g_hash_table_insert (holdings, object, holding);
  return holding;
}

static void
remove_holding (GHashTable *holdings, gpointer object)
{
  Holding *holding = g_hash_table_lookup (holdings, object);

  if (holding == NULL)
    return;
  for (guint i = 0; i < IOMMUD_N_LIMITS; i++)
    set_count (holding, i, 0);
  g_hash_table_remove (holdings, object);
}

static guint32
get_owner (gpointer object)
{
  guint32 owner = 0;

  (void) iommud_ownership_find (object, &owner);
  return owner;
}

/* --- Devices ---------------------------------------------------------------------------------- */

/* A device belongs to nobody, or to whom its container or lease does. */
static void
count_device (IommudCounter *self, gpointer device)
{
  guint32 owner = 0;

  remove_holding (self->devices, device);
  if (iommud_ownership_find (device, &owner))
    set_count (add_holding (self, self->devices, device, owner), IOMMUD_LIMIT_DEVICES, 1);
}

static void
on_device_changed (GObject *device, GParamSpec *pspec, IommudCounter *self)
{
  count_device (self, device);
}

static void
on_device_added (gpointer device, gpointer user_data)
{
  g_signal_connect (device, "notify::container", G_CALLBACK (on_device_changed), user_data);
  g_signal_connect (device, "notify::lease", G_CALLBACK (on_device_changed), user_data);
  count_device (user_data, device);
}

static void
on_device_removed (gpointer device, gpointer user_data)
{
  IommudCounter *self = user_data;

  g_signal_handlers_disconnect_by_data (device, self);
  remove_holding (self->devices, device);
}

/* --- Containers ------------------------------------------------------------------------------- */

static void
count_memory (Holding *holding)
{
  guint64 n_mappings = 0;
  guint64 mapped_bytes = 0;

  g_object_get (iommud_container_get_memory (holding->object), "mapping-count", &n_mappings,
                "mapped-bytes", &mapped_bytes, NULL);
  set_count (holding, IOMMUD_LIMIT_MAPPINGS, n_mappings);
  set_count (holding, IOMMUD_LIMIT_MAPPED_BYTES, mapped_bytes);
}

static void
on_memory_changed (IommudMemory *memory, GParamSpec *pspec, Holding *holding)
{
  count_memory (holding);
}

static void
on_hwpts_changed (GListModel *hwpts, guint position, guint removed, guint added, Holding *holding)
{
  set_count (holding, IOMMUD_LIMIT_HWPTS, g_list_model_get_n_items (hwpts));
}

static void
on_container_added (gpointer container, gpointer user_data)
{
  IommudCounter *self = user_data;
  Holding *holding = add_holding (self, self->containers, container, get_owner (container));
  IommudMemory *memory = iommud_container_get_memory (container);
  GListModel *hwpts = iommud_container_get_hwpts (container);

  g_signal_connect (memory, "notify::mapping-count", G_CALLBACK (on_memory_changed), holding);
  g_signal_connect (memory, "notify::mapped-bytes", G_CALLBACK (on_memory_changed), holding);
  g_signal_connect (hwpts, "items-changed", G_CALLBACK (on_hwpts_changed), holding);
  set_count (holding, IOMMUD_LIMIT_CONTAINERS, 1);
  set_count (holding, IOMMUD_LIMIT_HWPTS, g_list_model_get_n_items (hwpts));
  count_memory (holding);
}

static void
on_container_removed (gpointer container, gpointer user_data)
{
  IommudCounter *self = user_data;
  Holding *holding = g_hash_table_lookup (self->containers, container);

  g_signal_handlers_disconnect_by_data (iommud_container_get_memory (container), holding);
  g_signal_handlers_disconnect_by_data (iommud_container_get_hwpts (container), holding);
  remove_holding (self->containers, container);
}

/* --- Leases ----------------------------------------------------------------------------------- */

static guint64
get_locked_memory (gpointer lease)
{
  guint64 n_bytes = 0;

  g_object_get (lease, "locked-memory", &n_bytes, NULL);
  return n_bytes;
}

static void
on_lease_added (gpointer lease, gpointer user_data)
{
  IommudCounter *self = user_data;
  Holding *holding = add_holding (self, self->leases, lease, get_owner (lease));

  set_count (holding, IOMMUD_LIMIT_LEASES, 1);
  set_count (holding, IOMMUD_LIMIT_LOCKED_MEMORY, get_locked_memory (lease));
}

static void
on_lease_removed (gpointer lease, gpointer user_data)
{
  remove_holding (((IommudCounter *) user_data)->leases, lease);
}

/* Counts what is there already, too. */
IommudCounter *
iommud_counter_new (IommudHost *host, IommudQuotas *quotas)
{
  IommudCounter *self = g_new0 (IommudCounter, 1);

  self->quotas = quotas;
  self->devices = g_hash_table_new_full (NULL, NULL, NULL, g_free);
  self->containers = g_hash_table_new_full (NULL, NULL, NULL, g_free);
  self->leases = g_hash_table_new_full (NULL, NULL, NULL, g_free);
  self->lease_watch =
      iommud_list_watch_new (iommud_host_get_leases (host), on_lease_added, on_lease_removed, self);
  self->container_watch = iommud_list_watch_new (iommud_host_get_containers (host),
                                                 on_container_added, on_container_removed, self);
  self->device_watch = iommud_list_watch_new (iommud_host_get_devices (host), on_device_added,
                                              on_device_removed, self);
  return self;
}

void
iommud_counter_free (IommudCounter *self)
{
  g_clear_pointer (&self->device_watch, iommud_list_watch_free);
  g_clear_pointer (&self->container_watch, iommud_list_watch_free);
  g_clear_pointer (&self->lease_watch, iommud_list_watch_free);
  g_hash_table_unref (self->devices);
  g_hash_table_unref (self->containers);
  g_hash_table_unref (self->leases);
  g_free (self);
}
