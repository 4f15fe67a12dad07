/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The containers of a host, found by name. */
#include "model/container-table.h"

#include "iommud-error.h"
#include "model/container.h"
#include "model/record.h"

struct _IommudContainerTable
{
  GListStore *list;
  GHashTable *by_name; /* name -> IommudContainer, NULL while it is being made */
  guint64 last_name_number;
};

IommudContainerTable *
iommud_container_table_new (void)
{
  IommudContainerTable *self = g_new0 (IommudContainerTable, 1);

  self->list = g_list_store_new (IOMMUD_TYPE_CONTAINER);
  self->by_name = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  return self;
}

void
iommud_container_table_free (IommudContainerTable *self)
{
  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (self->list)); i++)
    {
      g_autoptr (IommudContainer) container = g_list_model_get_item (G_LIST_MODEL (self->list), i);

      iommud_container_forget_host (container);
    }
  g_object_unref (self->list);
  g_hash_table_unref (self->by_name);
  g_free (self);
}

GListModel *
iommud_container_table_get_list (IommudContainerTable *self)
{
  return G_LIST_MODEL (self->list);
}

IommudContainer *
iommud_container_table_find (IommudContainerTable *self, const char *name)
{
  return g_hash_table_lookup (self->by_name, name);
}

gboolean
iommud_container_table_reserve_name (IommudContainerTable *self, const char *name)
{
  if (g_hash_table_contains (self->by_name, name))
    return FALSE;
  g_hash_table_insert (self->by_name, g_strdup (name), NULL);
  return TRUE;
}

void
iommud_container_table_release_name (IommudContainerTable *self, const char *name)
{
  g_hash_table_remove (self->by_name, name);
}

static gboolean
is_creating (IommudContainerTable *self)
{
  return g_hash_table_size (self->by_name) > g_list_model_get_n_items (G_LIST_MODEL (self->list));
}

gboolean
iommud_container_table_check_idle (IommudContainerTable *self, const char *what, GError **error)
{
  GListModel *containers = G_LIST_MODEL (self->list);
  gboolean busy = is_creating (self);

  for (guint i = 0; !busy && i < g_list_model_get_n_items (containers); i++)
    {
      g_autoptr (IommudContainer) container = g_list_model_get_item (containers, i);

      busy = !iommud_queue_is_idle (
          iommud_context_get_queue (iommud_container_get_context (container)));
    }
  if (!busy)
    return TRUE;
  g_set_error (error, IOMMUD_ERROR, IOMMUD_ERROR_BUSY, "Cannot %s: an operation is under way",
               what);
  return FALSE;
}

gboolean
iommud_container_table_is_full (IommudContainerTable *self)
{
  return g_hash_table_size (self->by_name) >= IOMMUD_MAX_CONTAINERS;
}

guint64
iommud_container_table_next_name_number (IommudContainerTable *self)
{
  return ++self->last_name_number;
}

static int
compare_serials (gconstpointer a, gconstpointer b, gpointer unused)
{
  guint64 first = iommud_container_get_serial ((IommudContainer *) a);
  guint64 second = iommud_container_get_serial ((IommudContainer *) b);

  return first < second ? -1 : first > second;
}

/* The list is sorted by serial, so that none of thousands is looked for one by one. */
static guint
find_position (IommudContainerTable *self, IommudContainer *container)
{
  GListModel *list = G_LIST_MODEL (self->list);
  guint low = 0;
  guint high = g_list_model_get_n_items (list);

  while (low + 1 < high)
    {
      guint middle = low + (high - low) / 2;
      g_autoptr (IommudContainer) other = g_list_model_get_item (list, middle);

      if (compare_serials (other, container, NULL) <= 0)
        low = middle;
      else
        high = middle;
    }
  return low;
}

void
iommud_container_table_add (IommudContainerTable *self, IommudContainer *container)
{
  g_hash_table_insert (self->by_name, g_strdup (iommud_container_get_name (container)), container);
  g_list_store_insert_sorted (self->list, container, compare_serials, NULL);
}

void
iommud_container_table_remove (IommudContainerTable *self, IommudContainer *container)
{
  guint position = find_position (self, container);

  g_hash_table_remove (self->by_name, iommud_container_get_name (container));
  g_list_store_remove (self->list, position);
}
