/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Adoption: operations that were interrupted, and what is in doubt because of them. */
#include "adoption/adoption.h"
#include "dirty/store.h"

/* Whether its trackers are as they were written down, and what they had seen was delivered, is not
 * known: all that is mapped for writing counts as dirty, and the trackers are started again by the
 * next read. */
static void
doubt_tracking (IommudAdoption *self, IommudTrackingRecord *record)
{
  IommudAdoptedContainer *container = iommud_adoption_find_container (self, record->container);

  if (!record->active || container == NULL)
    return;
  for (guint i = 0; i < record->trackers->len; i++)
    iommud_tracker_record_free (g_ptr_array_index (record->trackers, i));
  g_ptr_array_set_size (record->trackers, 0);
  container->lost_logs = TRUE;
  container->lost_hwpts = TRUE;
}

/* A bitmap that was read, and did not reach its reader. */
static gboolean
is_delivery (const IommudIntentRecord *intent)
{
  return g_str_equal (intent->act, "deliver-bitmap");
}

static void
save_undelivered (IommudAdoption *self, IommudTrackingRecord *record)
{
  for (guint i = 0; i < self->record->intents->len; i++)
    {
      const IommudIntentRecord *intent = g_ptr_array_index (self->record->intents, i);
      guint64 last = intent->iova + (intent->length - 1);

      if (!is_delivery (intent) || intent->container != record->container || !record->active)
        continue;
      iommud_ranges_add (record->saved_of_logs, intent->iova, last);
      iommud_ranges_add (record->saved_of_hwpts, intent->iova, last);
      iommud_ranges_join (record->saved_of_logs, IOMMUD_DIRTY_STORE_MAX_RUNS);
      iommud_ranges_join (record->saved_of_hwpts, IOMMUD_DIRTY_STORE_MAX_RUNS);
    }
}

static gboolean
is_interrupted (IommudAdoption *self, guint64 container)
{
  for (guint i = 0; i < self->record->intents->len; i++)
    {
      const IommudIntentRecord *intent = g_ptr_array_index (self->record->intents, i);

      if (intent->container == container && !is_delivery (intent))
        return TRUE;
    }
  return FALSE;
}

void
iommud_adoption_doubt (IommudAdoption *self)
{
  for (guint i = 0; i < self->record->trackings->len; i++)
    {
      IommudTrackingRecord *record = g_ptr_array_index (self->record->trackings, i);

      save_undelivered (self, record);
      if (self->record->damaged || is_interrupted (self, record->container))
        doubt_tracking (self, record);
    }
}

static void
free_intent (gpointer intent)
{
  iommud_intent_record_free (intent);
}

/* If records are missing, what is not written down may be in use, so nothing is undone. */
void
iommud_adoption_keep_intents (IommudAdoption *self)
{
  GPtrArray *kept = g_ptr_array_new_with_free_func (free_intent);

  for (guint i = 0; i < self->record->intents->len; i++)
    {
      IommudIntentRecord *intent = g_ptr_array_index (self->record->intents, i);
      IommudAdoptedContainer *container = iommud_adoption_find_container (self, intent->container);

      if (intent->container != 0)
        iommud_adoption_drop (self, "Container %" G_GUINT64_FORMAT ": %s was interrupted",
                              intent->container, intent->act);
      else
        iommud_adoption_drop (self, "The host: %s was interrupted", intent->act);
      if (self->record->damaged || container == NULL || is_delivery (intent))
        iommud_intent_record_free (intent);
      else
        g_ptr_array_add (kept, intent);
    }
  g_ptr_array_set_size (self->record->intents, 0);
  iommud_host_set_interrupted (self->host, kept);
}
