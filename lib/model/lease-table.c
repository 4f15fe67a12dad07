/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The leases of a host, found by name, and their guards. */
#include "model/lease-table.h"

#include "base/hangups.h"
#include "iommud-error.h"
#include "model/lease.h"
#include "model/record.h"

struct _IommudLeaseTable
{
  GListStore *list;
  GHashTable *names; /* a set; also of those that are being made */
  IommudHangups *guards;
  GMainContext *main_context; /* the host's, which outlives it */
  void (*abandoned) (IommudLease *lease);
  guint64 last_name_number;
};

static void
on_guard_closed (gpointer lease, gpointer user_data)
{
  IommudLeaseTable *self = user_data;

  if (self->abandoned != NULL)
    self->abandoned (lease);
}

IommudLeaseTable *
iommud_lease_table_new (GMainContext *main_context)
{
  IommudLeaseTable *self = g_new0 (IommudLeaseTable, 1);

  self->list = g_list_store_new (IOMMUD_TYPE_LEASE);
  self->main_context = main_context;
  self->names = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->guards = iommud_hangups_new (main_context, on_guard_closed, self);
  return self;
}

void
iommud_lease_table_free (IommudLeaseTable *self)
{
  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (self->list)); i++)
    {
      g_autoptr (IommudLease) lease = g_list_model_get_item (G_LIST_MODEL (self->list), i);

      iommud_lease_forget_host (lease);
    }
  iommud_hangups_free (self->guards);
  g_object_unref (self->list);
  g_hash_table_unref (self->names);
  g_free (self);
}

GListModel *
iommud_lease_table_get_list (IommudLeaseTable *self)
{
  return G_LIST_MODEL (self->list);
}

static gboolean
check_name (const char *name, GError **error)
{
  if (iommud_container_name_is_valid (name))
    return TRUE;
  g_set_error (error, IOMMUD_ERROR, IOMMUD_ERROR_INVALID_ARGUMENT,
               "Cannot create a lease: its name must be 1 to %d letters, digits, '.', '_', '-' or "
               "':', and not a number",
               IOMMUD_MAX_NAME_LENGTH);
  return FALSE;
}

static char *
make_name (IommudLeaseTable *self)
{
  for (;;)
    {
      g_autofree char *name =
          g_strdup_printf ("lease-%" G_GUINT64_FORMAT, ++self->last_name_number);

      if (!g_hash_table_contains (self->names, name))
        return g_steal_pointer (&name);
    }
}

gboolean
iommud_lease_table_reserve_name (IommudLeaseTable *self, char **name, GError **error)
{
  if (g_hash_table_size (self->names) >= IOMMUD_MAX_LEASES)
    {
      g_set_error (error, IOMMUD_ERROR, IOMMUD_ERROR_LIMITS_EXCEEDED,
                   "Cannot create a lease: a host can have %d", IOMMUD_MAX_LEASES);
      return FALSE;
    }
  if (*name == NULL)
    *name = make_name (self);
  else if (!check_name (*name, error))
    return FALSE;
  if (g_hash_table_add (self->names, g_strdup (*name)))
    return TRUE;
  g_set_error (error, IOMMUD_ERROR, IOMMUD_ERROR_EXISTS,
               "Cannot create lease %s: there is one of that name", *name);
  return FALSE;
}

void
iommud_lease_table_release_name (IommudLeaseTable *self, const char *name)
{
  g_hash_table_remove (self->names, name);
}

void
iommud_lease_table_set_abandoned_handler (IommudLeaseTable *self,
                                          void (*handler) (IommudLease *lease))
{
  self->abandoned = handler;
}

typedef struct
{
  IommudLeaseTable *table;
  IommudLease *lease;
} LeftLease;

static void
left_lease_free (gpointer data)
{
  LeftLease *left = data;

  g_object_unref (left->lease);
  g_free (left);
}

static gboolean
on_abandoned (gpointer data)
{
  LeftLease *left = data;

  /* The table is gone with the host. */
  if (iommud_lease_get_host (left->lease) != NULL)
    on_guard_closed (left->lease, left->table);
  return G_SOURCE_REMOVE;
}

void
iommud_lease_table_abandon (IommudLeaseTable *self, IommudLease *lease)
{
  g_autoptr (GSource) source = g_idle_source_new ();
  LeftLease *left = g_new0 (LeftLease, 1);

  left->table = self;
  left->lease = g_object_ref (lease);
  g_source_set_callback (source, on_abandoned, left, left_lease_free);
  g_source_attach (source, self->main_context);
}

gboolean
iommud_lease_table_check_idle (IommudLeaseTable *self, const char *what, GError **error)
{
  GListModel *leases = G_LIST_MODEL (self->list);
  guint n_leases = g_list_model_get_n_items (leases);
  gboolean busy = g_hash_table_size (self->names) > n_leases;

  for (guint i = 0; !busy && i < n_leases; i++)
    {
      g_autoptr (IommudLease) lease = g_list_model_get_item (leases, i);

      busy = !iommud_queue_is_idle (iommud_lease_get_queue (lease));
    }
  if (busy)
    g_set_error (error, IOMMUD_ERROR, IOMMUD_ERROR_BUSY,
                 "Cannot %s: an operation of a lease is under way", what);
  return !busy;
}

int
iommud_lease_table_add (IommudLeaseTable *self, IommudLease *lease)
{
  int guard = iommud_lease_get_guard (lease);
  int errnum = guard >= 0 ? iommud_hangups_add (self->guards, guard, lease) : 0;

  if (errnum == 0)
    g_list_store_append (self->list, lease);
  return errnum;
}

void
iommud_lease_table_leave_guard (IommudLeaseTable *self, IommudLease *lease)
{
  if (iommud_lease_get_guard (lease) >= 0)
    iommud_hangups_remove (self->guards, iommud_lease_get_guard (lease));
}

void
iommud_lease_table_remove (IommudLeaseTable *self, IommudLease *lease)
{
  guint position;

  iommud_lease_table_leave_guard (self, lease);
  iommud_lease_table_release_name (self, iommud_lease_get_name (lease));
  iommud_lease_forget_host (lease);
  if (g_list_store_find (self->list, lease, &position))
    g_list_store_remove (self->list, position);
}
