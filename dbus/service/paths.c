/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which object of the model has which object path, and the errors for wrong paths. */
#include "paths.h"

#include <iommud.h>

#include "iommud-dbus-names.h"
#include "quote.h"

struct _IommudPaths
{
  GHashTable *objects; /* path (owned) -> object (a reference) */
  GHashTable *paths;   /* object -> path (owned by objects) */
};

IommudPaths *
iommud_paths_new (void)
{
  IommudPaths *self = g_new0 (IommudPaths, 1);

  self->objects = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_object_unref);
  self->paths = g_hash_table_new (NULL, NULL);
  return self;
}

void
iommud_paths_free (IommudPaths *self)
{
  g_hash_table_unref (self->paths);
  g_hash_table_unref (self->objects);
  g_free (self);
}

/* FALSE if another object has the path. */
gboolean
iommud_paths_add (IommudPaths *self, const char *path, gpointer object)
{
  char *key = NULL;

  g_return_val_if_fail (G_IS_OBJECT (object), FALSE);

  if (g_hash_table_contains (self->objects, path))
    return FALSE;
  key = g_strdup (path);
  g_hash_table_insert (self->objects, key, g_object_ref (object));
  g_hash_table_insert (self->paths, object, key);
  return TRUE;
}

void
iommud_paths_remove (IommudPaths *self, gpointer object)
{
  const char *path = g_hash_table_lookup (self->paths, object);

  if (path == NULL)
    return;
  g_hash_table_remove (self->paths, object);
  g_hash_table_remove (self->objects, path);
}

/* "/" for an object that is not on the bus, or no longer, and for NULL. */
const char *
iommud_paths_get_path (IommudPaths *self, gpointer object)
{
  const char *path = object == NULL ? NULL : g_hash_table_lookup (self->paths, object);

  return path == NULL ? IOMMUD_DBUS_NO_PATH : path;
}

static const char *
describe_type (GType type)
{
  if (type == IOMMUD_TYPE_DEVICE)
    return "a device";
  if (type == IOMMUD_TYPE_CONTAINER)
    return "a container";
  if (type == IOMMUD_TYPE_HWPT)
    return "a HWPT";
  return "the host";
}

/* The object is borrowed. */
gpointer
iommud_paths_find (IommudPaths *self, const char *path, GType type, GError **error)
{
  gpointer object = g_hash_table_lookup (self->objects, path);
  g_autofree char *quoted = NULL;

  if (object != NULL && G_TYPE_CHECK_INSTANCE_TYPE (object, type))
    return object;

  quoted = iommud_quote (path);
  if (object == NULL)
    g_set_error (error, IOMMUD_ERROR, IOMMUD_ERROR_NOT_FOUND,
                 "There is no object %s: it never was there, or it is gone", quoted);
  else
    g_set_error (error, IOMMUD_ERROR, IOMMUD_ERROR_INVALID_ARGUMENT, "The object %s is %s, not %s",
                 quoted, describe_type (G_OBJECT_TYPE (object)), describe_type (type));
  return NULL;
}
