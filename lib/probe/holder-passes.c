/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Searches for holders that share passes over the open files of all processes.
 *
 * When many leases end at once, each wants to know who has its devices open. The first worker that
 * asks makes a pass; those that ask meanwhile wait, and one of them makes the next pass for all of
 * them. */
#include "probe/holder-passes.h"

#include "probe/holder.h"

/* It belongs to the worker that waits for it. */
typedef struct
{
  GPtrArray *infos;
  gboolean wants_exiting;
  GPtrArray *found; /* NULL: it was not answered yet */
  GArray *exiting;
  gboolean complete;
} Search;

/* What a pass has found out. */
typedef struct
{
  GPtrArray *found;
  gboolean complete;
  GArray *exiting; /* NULL: nobody wants it */
  gboolean all_exiting;
} Pass;

IommudHolderPasses *
iommud_holder_passes_new (IommudProbe *probe)
{
  IommudHolderPasses *self = g_new0 (IommudHolderPasses, 1);

  g_atomic_ref_count_init (&self->references);
  self->probe = g_object_ref (probe);
  g_mutex_init (&self->mutex);
  g_cond_init (&self->ended);
  self->waiting = g_ptr_array_new ();
  return self;
}

IommudHolderPasses *
iommud_holder_passes_ref (IommudHolderPasses *self)
{
  g_atomic_ref_count_inc (&self->references);
  return self;
}

void
iommud_holder_passes_unref (IommudHolderPasses *self)
{
  if (!g_atomic_ref_count_dec (&self->references))
    return;
  g_object_unref (self->probe);
  g_mutex_clear (&self->mutex);
  g_cond_clear (&self->ended);
  g_ptr_array_unref (self->waiting);
  g_free (self);
}

static gboolean
wants_exiting (const GPtrArray *searches)
{
  for (guint i = 0; i < searches->len; i++)
    if (((const Search *) g_ptr_array_index (searches, i))->wants_exiting)
      return TRUE;
  return FALSE;
}

/* In this order: who began to end before the search came to it has ended since, or is listed. */
static void
pass_over (Pass *pass, IommudProbe *probe, GPtrArray *infos, gboolean with_exiting)
{
  pass->found = iommud_probe_find_holders (probe, infos, &pass->complete);
  if (with_exiting)
    pass->exiting = iommud_exiting_list (NULL, &pass->all_exiting);
}

static void
pass_clear (Pass *self)
{
  g_ptr_array_unref (self->found);
  g_clear_pointer (&self->exiting, g_array_unref);
}

static GPtrArray *
list_devices (const GPtrArray *searches)
{
  GPtrArray *infos = g_ptr_array_new_with_free_func ((GDestroyNotify) iommud_device_info_unref);

  for (guint i = 0; i < searches->len; i++)
    {
      const Search *search = g_ptr_array_index (searches, i);

      for (guint j = 0; j < search->infos->len; j++)
        g_ptr_array_add (infos, iommud_device_info_ref (g_ptr_array_index (search->infos, j)));
    }
  return infos;
}

/* The numbers of a search's devices begin at @first in the pass. */
static void
answer (Search *self, const Pass *pass, guint first)
{
  self->found = g_ptr_array_new_with_free_func ((GDestroyNotify) iommud_found_holder_free);
  self->complete = pass->complete;
  if (self->wants_exiting)
    {
      self->exiting = g_array_ref (pass->exiting);
      self->complete = pass->complete && pass->all_exiting;
    }
  for (guint i = 0; i < pass->found->len; i++)
    {
      const IommudFoundHolder *holder = g_ptr_array_index (pass->found, i);
      IommudFoundHolder *copy;

      if (holder->device < first || holder->device - first >= self->infos->len)
        continue;
      copy = iommud_found_holder_copy (holder);
      copy->device -= first;
      g_ptr_array_add (self->found, copy);
    }
}

/* The mutex is held before and after. */
static void
make_pass (IommudHolderPasses *self)
{
  g_autoptr (GPtrArray) searches = g_steal_pointer (&self->waiting);
  g_autoptr (GPtrArray) infos = list_devices (searches);
  gboolean with_exiting = wants_exiting (searches);
  Pass pass = { 0 };
  guint first = 0;

  self->waiting = g_ptr_array_new ();
  self->running = TRUE;
  g_mutex_unlock (&self->mutex);
  pass_over (&pass, self->probe, infos, with_exiting);
  g_mutex_lock (&self->mutex);
  self->running = FALSE;
  for (guint i = 0; i < searches->len; i++)
    {
      Search *search = g_ptr_array_index (searches, i);

      answer (search, &pass, first);
      first += search->infos->len;
    }
  pass_clear (&pass);
  g_cond_broadcast (&self->ended);
}

GPtrArray *
iommud_holder_passes_search (IommudHolderPasses *self, GPtrArray *infos, GArray **exiting,
                             gboolean *complete)
{
  Search search = { .infos = infos, .wants_exiting = exiting != NULL };

  /* Nobody need wait for the pass of others to learn that of nothing. */
  if (infos->len == 0)
    {
      *complete = TRUE;
      if (exiting != NULL)
        *exiting = iommud_exiting_list (NULL, complete);
      return g_ptr_array_new_with_free_func ((GDestroyNotify) iommud_found_holder_free);
    }
  g_mutex_lock (&self->mutex);
  g_ptr_array_add (self->waiting, &search);
  while (search.found == NULL)
    if (self->running)
      g_cond_wait (&self->ended, &self->mutex);
    else
      make_pass (self);
  g_mutex_unlock (&self->mutex);
  *complete = search.complete;
  if (exiting != NULL)
    *exiting = search.exiting;
  return search.found;
}
