/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a call needs of its caller: what the row of its method asks for, and each object that its
 * arguments and options name. They are found by their types, so that no method can forget one. */
#include "access/needs.h"

#include <iommud.h>

struct _IommudNeeds
{
  GObject *called; /* that the call is for */
  GArray *needs;   /* of IommudNeed */
  gboolean are_too_many;
};

static void
clear_need (gpointer need)
{
  g_clear_object (&((IommudNeed *) need)->object);
}

static void
add (IommudNeeds *self, gpointer object, gboolean may_be_granted, IommudAction action)
{
  const IommudNeed need = { object, may_be_granted, action, IOMMUD_BASIS_NONE };

  if (object != NULL)
    g_object_ref (object);
  g_array_append_val (self->needs, need);
}

static gboolean
has_object (const IommudNeeds *self, gpointer object)
{
  for (guint i = 0; i < self->needs->len; i++)
    if (g_array_index (self->needs, IommudNeed, i).object == object)
      return TRUE;
  return FALSE;
}

/* What is not there is not needed either: the handler says so. */
static void
add_path (IommudNeeds *self, GVariant *path, IommudObjects *objects)
{
  IommudBusObject *object = iommud_objects_lookup (objects, g_variant_get_string (path, NULL));

  if (object == NULL || has_object (self, object->model))
    return;
  if (self->needs->len >= IOMMUD_NEEDS_MAX_OBJECTS)
    self->are_too_many = TRUE;
  else if (IOMMUD_IS_DEVICE (object->model))
    add (self, object->model, TRUE, IOMMUD_ACTION_LEASE_DEVICE);
  else
    add (self, object->model, FALSE, IOMMUD_ACTION_MANAGE);
}

/* The paths in an argument, however deep: in lists, in options and in what these hold. */
static void
add_paths (IommudNeeds *self, GVariant *value, IommudObjects *objects)
{
  GVariantIter iter;
  GVariant *child = NULL;

  if (g_variant_is_of_type (value, G_VARIANT_TYPE_OBJECT_PATH))
    add_path (self, value, objects);
  /* Most bytes of a call are numbers, which hold none. */
  if (!g_variant_is_container (value) || strpbrk (g_variant_get_type_string (value), "ov") == NULL)
    return;
  g_variant_iter_init (&iter, value);
  while (!self->are_too_many && (child = g_variant_iter_next_value (&iter)) != NULL)
    {
      add_paths (self, child, objects);
      g_variant_unref (child);
    }
}

/* A list of devices of which all are the caller's needs no grant beside them. */
static void
add_access (IommudNeeds *self, IommudAccess access)
{
  if (access == IOMMUD_ACCESS_OWNER)
    add (self, self->called, FALSE, IOMMUD_ACTION_MANAGE);
  else
    add (self, NULL, access == IOMMUD_ACCESS_USE_CONTAINERS || access == IOMMUD_ACCESS_LEASE_DEVICE,
         iommud_access_get_action (access));
}

/* @called: the object that the call is for. @arguments: NULL for none. */
IommudNeeds *
iommud_needs_new (IommudAccess access, GObject *called, GVariant *arguments, IommudObjects *objects)
{
  IommudNeeds *self = g_new0 (IommudNeeds, 1);

  self->called = g_object_ref (called);
  self->needs = g_array_new (FALSE, FALSE, sizeof (IommudNeed));
  g_array_set_clear_func (self->needs, clear_need);
  if (arguments != NULL)
    add_paths (self, arguments, objects);
  add_access (self, access);
  return self;
}

void
iommud_needs_free (IommudNeeds *self)
{
  g_array_unref (self->needs);
  g_object_unref (self->called);
  g_free (self);
}

/* Then not all of them are listed. */
gboolean
iommud_needs_are_too_many (const IommudNeeds *self)
{
  return self->are_too_many;
}

guint
iommud_needs_count (const IommudNeeds *self)
{
  return self->needs->len;
}

/* Borrowed. */
IommudNeed *
iommud_needs_get (IommudNeeds *self, guint index)
{
  return &g_array_index (self->needs, IommudNeed, index);
}

/* The first one. Borrowed; NULL if the caller has all that is needed. */
IommudNeed *
iommud_needs_find_unmet (IommudNeeds *self)
{
  for (guint i = 0; i < self->needs->len; i++)
    if (iommud_needs_get (self, i)->basis == IOMMUD_BASIS_NONE)
      return iommud_needs_get (self, i);
  return NULL;
}

/* The caller is let do this, whatever it is needed for. */
void
iommud_needs_meet (IommudNeeds *self, IommudAction action, IommudBasis basis)
{
  for (guint i = 0; i < self->needs->len; i++)
    {
      IommudNeed *need = iommud_needs_get (self, i);

      if (need->basis == IOMMUD_BASIS_NONE && need->action == action)
        need->basis = basis;
    }
}

/* Whether all objects but the called one are still on the bus. */
gboolean
iommud_needs_check_objects (const IommudNeeds *self, IommudObjects *objects, GError **error)
{
  for (guint i = 0; i < self->needs->len; i++)
    {
      const IommudNeed *need = &g_array_index (self->needs, IommudNeed, i);

      if (need->object == NULL || need->object == self->called
          || !g_str_equal (iommud_objects_get_path (objects, need->object), "/"))
        continue;
      g_set_error (error, IOMMUD_ERROR, IOMMUD_ERROR_NOT_FOUND,
                   "An object that the call names was gone before it could begin");
      return FALSE;
    }
  return TRUE;
}
