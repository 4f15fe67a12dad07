/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Ids and references of the objects of a context. The lowest free id is given out first. */
#include "config.h"

#include "sim/objects/context.h"

#include <errno.h>

static int
compare_ids (gconstpointer a, gconstpointer b)
{
  guint x = GPOINTER_TO_UINT (a);
  guint y = GPOINTER_TO_UINT (b);

  return x < y ? -1 : x > y;
}

IommudSimulatedContext *
iommud_simulated_context_new (IommudSimulatedCensus *census)
{
  IommudSimulatedContext *self = g_new0 (IommudSimulatedContext, 1);

  self->references = 1;
  self->objects = g_ptr_array_new ();
  /* There is no object 0. */
  g_ptr_array_add (self->objects, NULL);
  self->free_ids = g_tree_new (compare_ids);
  self->census = census;
  census->contexts++;
  return self;
}

IommudSimulatedContext *
iommud_simulated_context_ref (IommudSimulatedContext *self)
{
  self->references++;
  return self;
}

static void
remove_object (IommudSimulatedObject *object)
{
  IommudSimulatedContext *self = object->context;

  self->objects->pdata[object->id] = NULL;
  g_tree_insert (self->free_ids, GUINT_TO_POINTER (object->id), NULL);
  self->count--;
  self->census->objects--;
  if (self->vfio_ioas == object)
    self->vfio_ioas = NULL;
  object->destroy (object);
}

/* Each pass destroys the objects without references; those that they referred to go in a later
 * pass. */
static void
destroy_all (IommudSimulatedContext *self)
{
  guint before;

  do
    {
      before = self->count;
      for (guint id = 1; id < self->objects->len; id++)
        {
          IommudSimulatedObject *object = self->objects->pdata[id];

          if (object != NULL && object->users == 1)
            remove_object (object);
        }
    }
  while (self->count != 0 && self->count != before);
  g_assert (self->count == 0);
}

void
iommud_simulated_context_unref (IommudSimulatedContext *self)
{
  if (--self->references != 0)
    return;
  destroy_all (self);
  self->census->contexts--;
  g_ptr_array_unref (self->objects);
  g_tree_unref (self->free_ids);
  g_free (self);
}

void
iommud_simulated_context_add (IommudSimulatedContext *self, IommudSimulatedObject *object)
{
  GTreeNode *lowest = g_tree_node_first (self->free_ids);

  object->context = self;
  object->users = 1;
  if (lowest != NULL)
    {
      object->id = GPOINTER_TO_UINT (g_tree_node_key (lowest));
      g_tree_remove (self->free_ids, GUINT_TO_POINTER (object->id));
      self->objects->pdata[object->id] = object;
    }
  else
    {
      object->id = self->objects->len;
      g_ptr_array_add (self->objects, object);
    }
  self->count++;
  self->census->objects++;
}

IommudSimulatedObject *
iommud_simulated_context_get (IommudSimulatedContext *self, guint32 id,
                              IommudSimulatedObjectType type)
{
  IommudSimulatedObject *object = id < self->objects->len ? self->objects->pdata[id] : NULL;

  if (object == NULL || (type != IOMMUD_SIMULATED_ANY && object->type != type))
    return NULL;
  return object;
}

int
iommud_simulated_object_destroy (IommudSimulatedObject *self)
{
  if (self->users != 1)
    return EBUSY;
  remove_object (self);
  return 0;
}

void
iommud_simulated_object_put_and_try_destroy (IommudSimulatedObject *self)
{
  g_assert (self->users > 1);
  self->users--;
  if (self->users == 1)
    remove_object (self);
}
