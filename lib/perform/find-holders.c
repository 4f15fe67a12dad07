/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Finding out which processes have devices open. */
#include "perform/find-holders.h"

IommudFindHoldersPlan *
iommud_find_holders_plan_new (IommudHolderPasses *passes, IommudProcessId keeper)
{
  IommudFindHoldersPlan *self = g_new0 (IommudFindHoldersPlan, 1);

  self->passes = iommud_holder_passes_ref (passes);
  self->keeper = keeper;
  self->infos = g_ptr_array_new_with_free_func ((GDestroyNotify) iommud_device_info_unref);
  return self;
}

void
iommud_find_holders_plan_free (IommudFindHoldersPlan *self)
{
  g_clear_pointer (&self->holders, g_ptr_array_unref);
  g_clear_pointer (&self->exiting, g_array_unref);
  g_ptr_array_unref (self->infos);
  iommud_holder_passes_unref (self->passes);
  g_free (self);
}

static gboolean
is_keeper (const IommudFindHoldersPlan *self, const IommudFoundHolder *holder)
{
  return holder->pid == self->keeper.pid && holder->start_time == self->keeper.start_time;
}

static void
search (IommudFindHoldersPlan *self, GArray **exiting)
{
  self->holders = iommud_holder_passes_search (self->passes, self->infos, exiting, &self->complete);
  for (guint i = self->holders->len; i > 0; i--)
    if (is_keeper (self, g_ptr_array_index (self->holders, i - 1)))
      g_ptr_array_remove_index (self->holders, i - 1);
}

void
iommud_find_holders_plan_search (IommudFindHoldersPlan *self)
{
  search (self, NULL);
}

void
iommud_find_holders_plan_search_exiting (IommudFindHoldersPlan *self)
{
  search (self, &self->exiting);
}

/* Nothing is taken to be free that is not known to be. */
gboolean
iommud_find_holders_plan_is_held (const IommudFindHoldersPlan *self, guint device)
{
  for (guint i = 0; i < self->holders->len; i++)
    if (((const IommudFoundHolder *) g_ptr_array_index (self->holders, i))->device == device)
      return TRUE;
  return !self->complete;
}
