/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whose an object of the model is: that of the container or lease which it belongs to. */
#include "access/ownership.h"

#include <iommud.h>

/* The object of a property. Owned; NULL if there is no such property, or nothing in it. */
static GObject *
get_object (GObject *object, const char *property)
{
  GObject *value = NULL;

  if (g_object_class_find_property (G_OBJECT_GET_CLASS (object), property) != NULL)
    g_object_get (object, property, &value, NULL);
  return value;
}

/* What is a part of a container and can be nothing else. */
static gboolean
is_part (GObject *object)
{
  return IOMMUD_IS_MEMORY (object) || IOMMUD_IS_DIRTY_TRACKING (object) || IOMMUD_IS_HWPT (object);
}

/* Borrowed; NULL: the part was freed, or its container, while its caller was being looked at. */
static IommudContainer *
get_whole (GObject *part)
{
  if (IOMMUD_IS_MEMORY (part))
    return iommud_memory_get_container (IOMMUD_MEMORY (part));
  if (IOMMUD_IS_DIRTY_TRACKING (part))
    return iommud_dirty_tracking_get_container (IOMMUD_DIRTY_TRACKING (part));
  return iommud_hwpt_get_container (IOMMUD_HWPT (part));
}

/* What the object belongs to. Owned; NULL if it belongs to nothing. */
static GObject *
get_holder (GObject *object)
{
  IommudContainer *whole = NULL;
  GObject *container = NULL;

  if (is_part (object))
    {
      whole = get_whole (object);
      return whole != NULL ? g_object_ref (G_OBJECT (whole)) : NULL;
    }
  container = get_object (object, "container");
  return container != NULL ? container : get_object (object, "lease");
}

static gboolean
has_owner (GObject *object)
{
  return g_object_class_find_property (G_OBJECT_GET_CLASS (object), "owner") != NULL;
}

/* A lease that has ended is its owner's still, so that he sees what keeps it; but what it has not
 * given back yet is his no more. */
static gboolean
has_ended (GObject *holder)
{
  return IOMMUD_IS_LEASE (holder)
         && iommud_lease_get_state (IOMMUD_LEASE (holder)) != IOMMUD_LEASE_STATE_ACTIVE;
}

/* FALSE for what is nobody's, such as a device that is available. */
gboolean
iommud_ownership_find (gpointer object, guint32 *owner)
{
  g_autoptr (GObject) holder = NULL;

  if (!has_owner (object))
    {
      holder = get_holder (object);
      if (holder == NULL || !has_owner (holder) || has_ended (holder))
        return FALSE;
      object = holder;
    }
  g_object_get (object, "owner", owner, NULL);
  return TRUE;
}
