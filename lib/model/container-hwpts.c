/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The HWPTs of a container: how they are found, added and removed in the model. */
#include "iommud-error.h"
#include "model/container-private.h"
#include "model/hwpt.h"

guint
iommud_container_get_n_refusals (IommudContainer *self)
{
  return self->n_refusals;
}

void
iommud_container_count_refusal (IommudContainer *self)
{
  self->n_refusals++;
}

gboolean
iommud_container_check_room (IommudContainer *self, const char *what, GError **error)
{
  if (g_list_model_get_n_items (G_LIST_MODEL (self->devices)) < IOMMUD_MAX_DEVICES
      && g_list_model_get_n_items (G_LIST_MODEL (self->hwpts)) < IOMMUD_MAX_HWPTS)
    return TRUE;
  g_set_error (error, IOMMUD_ERROR, IOMMUD_ERROR_LIMITS_EXCEEDED,
               "Cannot %s: a container can have %d devices and %d HWPTs", what, IOMMUD_MAX_DEVICES,
               IOMMUD_MAX_HWPTS);
  return FALSE;
}

IommudHwpt *
iommud_container_find_hwpt (IommudContainer *self, guint32 hwpt_id)
{
  return g_hash_table_lookup (self->hwpts_by_id, GUINT_TO_POINTER (hwpt_id));
}

/* If there is no journal, nobody takes what is noted. */
void
iommud_container_note_hwpt (IommudContainer *self, IommudHwpt *hwpt)
{
  if (iommud_queue_has_journal (iommud_context_get_queue (self->context)))
    g_hash_table_add (self->changed_hwpts, g_object_ref (hwpt));
}

GPtrArray *
iommud_container_take_changed_hwpts (IommudContainer *self)
{
  GPtrArray *changed = g_ptr_array_new_with_free_func (g_object_unref);
  GHashTableIter iter;
  gpointer hwpt;

  g_hash_table_iter_init (&iter, self->changed_hwpts);
  while (g_hash_table_iter_next (&iter, &hwpt, NULL))
    {
      g_ptr_array_add (changed, hwpt);
      g_hash_table_iter_steal (&iter);
    }
  return changed;
}

static void
list_hwpt (IommudContainer *self, IommudHwpt *hwpt)
{
  iommud_container_note_hwpt (self, hwpt);
  g_hash_table_insert (self->hwpts_by_id, GUINT_TO_POINTER (iommud_hwpt_get_id (hwpt)), hwpt);
  g_list_store_append (self->hwpts, hwpt);
}

IommudHwpt *
iommud_container_add_hwpt (IommudContainer *self, guint32 hwpt_id, IommudHwptManagement management,
                           IommudHwptFlags flags, const char *iommu, IommudDevice *device)
{
  g_autoptr (IommudHwptRecord) record = iommud_hwpt_record_new ();
  g_autoptr (IommudHwpt) hwpt = NULL;

  record->serial = ++self->last_hwpt_serial;
  record->hwpt_id = hwpt_id;
  record->management = management;
  record->flags = flags;
  iommud_record_set_string (&record->iommu, iommu);
  hwpt = iommud_hwpt_new (self, record);
  if (device != NULL)
    iommud_hwpt_add_device (hwpt, device);
  list_hwpt (self, hwpt);
  return hwpt;
}

void
iommud_container_adopt_hwpt (IommudContainer *self, const IommudHwptRecord *record)
{
  g_autoptr (IommudHwpt) hwpt = iommud_hwpt_new (self, record);

  self->last_hwpt_serial = MAX (self->last_hwpt_serial, record->serial);
  list_hwpt (self, hwpt);
}

void
iommud_container_remove_hwpt (IommudContainer *self, IommudHwpt *hwpt)
{
  g_autoptr (IommudHwpt) removed = g_object_ref (hwpt);
  guint position;

  iommud_container_note_hwpt (self, removed);
  g_hash_table_remove (self->hwpts_by_id, GUINT_TO_POINTER (iommud_hwpt_get_id (hwpt)));
  if (g_list_store_find (self->hwpts, hwpt, &position))
    g_list_store_remove (self->hwpts, position);
  iommud_hwpt_set_freed (removed);
}
