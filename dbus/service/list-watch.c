/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The objects that enter and leave a list model. The model itself says only where it has changed.
 */
#include "list-watch.h"

struct _IommudListWatch
{
  GListModel *list;
  gulong handler;
  GPtrArray *items; /* the list as it was told last */
  IommudListWatchFunc added;
  IommudListWatchFunc removed;
  gpointer user_data;
};

static void
tell_removed (IommudListWatch *self, guint position, guint n_removed)
{
  for (guint i = 0; i < n_removed; i++)
    {
      g_autoptr (GObject) item = g_ptr_array_steal_index (self->items, position);

      self->removed (item, self->user_data);
    }
}

static void
tell_added (IommudListWatch *self, guint position, guint n_added)
{
  for (guint i = position; i < position + n_added; i++)
    {
      GObject *item = g_list_model_get_item (self->list, i);

      g_ptr_array_insert (self->items, (int) i, item);
      self->added (item, self->user_data);
    }
}

static void
on_items_changed (GListModel *list, guint position, guint n_removed, guint n_added,
                  IommudListWatch *self)
{
  tell_removed (self, position, n_removed);
  tell_added (self, position, n_added);
}

/* Tells of the items that are there already before it returns. */
IommudListWatch *
iommud_list_watch_new (GListModel *list, IommudListWatchFunc added, IommudListWatchFunc removed,
                       gpointer user_data)
{
  IommudListWatch *self = g_new0 (IommudListWatch, 1);

  self->list = g_object_ref (list);
  self->items = g_ptr_array_new_with_free_func (g_object_unref);
  self->added = added;
  self->removed = removed;
  self->user_data = user_data;
  self->handler = g_signal_connect (list, "items-changed", G_CALLBACK (on_items_changed), self);
  tell_added (self, 0, g_list_model_get_n_items (list));
  return self;
}

/* Tells of every item that is left, as if it were removed. */
void
iommud_list_watch_free (IommudListWatch *self)
{
  g_clear_signal_handler (&self->handler, self->list);
  tell_removed (self, 0, self->items->len);
  g_ptr_array_unref (self->items);
  g_object_unref (self->list);
  g_free (self);
}
