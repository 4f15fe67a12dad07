/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Adoption: operations that were interrupted, and what is in doubt because of them. */
#include "adoption/adoption.h"

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

static gboolean
is_interrupted (IommudAdoption *self, guint64 container)
{
  for (guint i = 0; i < self->record->intents->len; i++)
    if (((IommudIntentRecord *) g_ptr_array_index (self->record->intents, i))->container
        == container)
      return TRUE;
  return FALSE;
}

void
iommud_adoption_doubt (IommudAdoption *self)
{
  for (guint i = 0; i < self->record->trackings->len; i++)
    {
      IommudTrackingRecord *record = g_ptr_array_index (self->record->trackings, i);

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

      iommud_adoption_drop (self, "Container %" G_GUINT64_FORMAT ": %s was interrupted",
                            intent->container, intent->act);
      if (self->record->damaged || container == NULL)
        iommud_intent_record_free (intent);
      else
        g_ptr_array_add (kept, intent);
    }
  g_ptr_array_set_size (self->record->intents, 0);
  iommud_host_set_interrupted (self->host, kept);
}
