/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The objects on the bus: which object of the model has which path, and whose entry something has
 * changed of. */
#include "objects.h"

#include <iommud.h>

#include "iommud-dbus-names.h"
#include "quote.h"

struct _IommudObjects
{
  GTree *by_path;       /* path -> IommudBusObject (owned) */
  GHashTable *by_model; /* model -> IommudBusObject */
  GQueue stale;         /* of IommudBusObject: those without an entry */
  GHashTable *noted;    /* path -> IommudNotedObject (owned); NULL if changes are not noted */
};

static int
compare_paths (gconstpointer a, gconstpointer b, gpointer unused)
{
  return strcmp (a, b);
}

static void
free_object (gpointer data)
{
  IommudBusObject *object = data;

  for (gsize i = 0; object->exports[i] != NULL; i++)
    object->free_export (object->exports[i]);
  g_clear_pointer (&object->entry, g_variant_unref);
  g_object_unref (object->model);
  g_free (object->path);
  g_free (object);
}

static void
free_noted (gpointer data)
{
  IommudNotedObject *noted = data;

  g_strfreev (noted->interfaces);
  g_free (noted->path);
  g_free (noted);
}

/* NULL if changes are not noted. */
static IommudNotedObject *
note (IommudObjects *self, const char *path)
{
  IommudNotedObject *noted = NULL;

  if (self->noted == NULL)
    return NULL;
  noted = g_hash_table_lookup (self->noted, path);
  if (noted != NULL)
    return noted;
  noted = g_new0 (IommudNotedObject, 1);
  noted->path = g_strdup (path);
  g_hash_table_insert (self->noted, noted->path, noted);
  return noted;
}

static void
note_added (IommudObjects *self, const char *path)
{
  IommudNotedObject *noted = note (self, path);

  if (noted != NULL)
    noted->added = TRUE;
}

static void
note_removed (IommudObjects *self, const IommudBusObject *object)
{
  IommudNotedObject *noted = note (self, object->path);

  if (noted == NULL)
    return;
  g_strfreev (noted->interfaces);
  noted->interfaces = g_strdupv ((char **) object->interfaces);
}

/* From now on. */
void
iommud_objects_note_changes (IommudObjects *self)
{
  g_clear_pointer (&self->noted, g_hash_table_unref);
  self->noted = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, free_noted);
}

/* What was noted, in no order; nothing more is noted. Owned; of IommudNotedObject. */
GPtrArray *
iommud_objects_take_noted (IommudObjects *self)
{
  GPtrArray *changes = g_ptr_array_new_with_free_func (free_noted);
  GHashTableIter iter;
  gpointer noted;

  g_hash_table_iter_init (&iter, self->noted);
  while (g_hash_table_iter_next (&iter, NULL, &noted))
    {
      g_hash_table_iter_steal (&iter);
      g_ptr_array_add (changes, noted);
    }
  g_clear_pointer (&self->noted, g_hash_table_unref);
  return changes;
}

IommudObjects *
iommud_objects_new (void)
{
  IommudObjects *self = g_new0 (IommudObjects, 1);

  self->by_path = g_tree_new_full (compare_paths, NULL, NULL, free_object);
  self->by_model = g_hash_table_new (NULL, NULL);
  g_queue_init (&self->stale);
  return self;
}

void
iommud_objects_free (IommudObjects *self)
{
  g_clear_pointer (&self->noted, g_hash_table_unref);
  g_hash_table_unref (self->by_model);
  g_tree_unref (self->by_path);
  g_free (self);
}

/* Borrowed. It has no interfaces yet. NULL if another object has the path. */
IommudBusObject *
iommud_objects_add (IommudObjects *self, const char *path, gpointer model)
{
  IommudBusObject *object;

  g_return_val_if_fail (G_IS_OBJECT (model), NULL);

  if (g_tree_lookup (self->by_path, path) != NULL)
    return NULL;
  object = g_new0 (IommudBusObject, 1);
  object->path = g_strdup (path);
  object->model = g_object_ref (model);
  object->stale.data = object;
  g_queue_push_tail_link (&self->stale, &object->stale);
  g_tree_insert (self->by_path, object->path, object);
  g_hash_table_insert (self->by_model, model, object);
  note_added (self, path);
  return object;
}

void
iommud_objects_remove (IommudObjects *self, gpointer model)
{
  IommudBusObject *object = g_hash_table_lookup (self->by_model, model);

  if (object == NULL)
    return;
  note_removed (self, object);
  if (object->entry == NULL)
    g_queue_unlink (&self->stale, &object->stale);
  g_hash_table_remove (self->by_model, model);
  g_tree_remove (self->by_path, object->path);
}

/* "/" for an object that is not on the bus, or no longer, and for NULL. */
const char *
iommud_objects_get_path (IommudObjects *self, gpointer model)
{
  const IommudBusObject *object =
      model == NULL ? NULL : g_hash_table_lookup (self->by_model, model);

  return object == NULL ? IOMMUD_DBUS_NO_PATH : object->path;
}

/* Borrowed; NULL if there is none. */
IommudBusObject *
iommud_objects_lookup (IommudObjects *self, const char *path)
{
  return g_tree_lookup (self->by_path, path);
}

/* Borrowed; NULL if there is none. */
gpointer
iommud_objects_get_model (IommudObjects *self, const char *path)
{
  const IommudBusObject *object = path == NULL ? NULL : iommud_objects_lookup (self, path);

  return object == NULL ? NULL : object->model;
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
  if (type == IOMMUD_TYPE_LEASE)
    return "a lease";
  return "the host";
}

/* The object of the model, borrowed; NULL with error set if the path is wrong. */
gpointer
iommud_objects_find (IommudObjects *self, const char *path, GType type, GError **error)
{
  const IommudBusObject *object = iommud_objects_lookup (self, path);
  g_autofree char *quoted = NULL;

  if (object != NULL && G_TYPE_CHECK_INSTANCE_TYPE (object->model, type))
    return object->model;

  quoted = iommud_quote (path);
  if (object == NULL)
    g_set_error (error, IOMMUD_ERROR, IOMMUD_ERROR_NOT_FOUND,
                 "There is no object %s: it never was there, or it is gone", quoted);
  else
    g_set_error (error, IOMMUD_ERROR, IOMMUD_ERROR_INVALID_ARGUMENT, "The object %s is %s, not %s",
                 quoted, describe_type (G_OBJECT_TYPE (object->model)), describe_type (type));
  return NULL;
}

/* Whether the path is that of the node of so many characters, or lies below it. */
static gboolean
is_at_or_below (const char *path, const char *node, gsize length)
{
  return strncmp (path, node, length) == 0 && (path[length] == '\0' || path[length] == '/');
}

/* The next object that is not below the child, whose path has so many characters. Few children have
 * objects below them, and only these cost a search. */
static GTreeNode *
skip_child (IommudObjects *self, GTreeNode *node, gsize length)
{
  const char *path = g_tree_node_key (node);
  GTreeNode *next = g_tree_node_next (node);
  g_autofree char *end = NULL;

  if (next == NULL || !is_at_or_below (g_tree_node_key (next), path, length))
    return next;
  end = g_strdup_printf ("%.*s0", (int) length, path); /* the character after '/' */
  return g_tree_lower_bound (self->by_path, end);
}

/* Calls the function for each node right below the path, in their order. FALSE if there is no node
 * of that path: no object is there or below it. */
gboolean
iommud_objects_foreach_child (IommudObjects *self, const char *path, IommudChildFunc func,
                              gpointer user_data)
{
  g_autofree char *prefix =
      g_str_equal (path, "/") ? g_strdup (path) : g_strconcat (path, "/", NULL);
  gsize length = strlen (prefix);
  GTreeNode *node = g_tree_lower_bound (self->by_path, prefix);
  gboolean found = iommud_objects_lookup (self, path) != NULL;

  while (node != NULL && strncmp (g_tree_node_key (node), prefix, length) == 0)
    {
      const char *name = (const char *) g_tree_node_key (node) + length;
      gsize name_length = strcspn (name, "/");

      func (name, name_length, user_data);
      found = TRUE;
      node = skip_child (self, node, length + name_length);
    }
  return found;
}

/* For a path at which no object is. */
GError *
iommud_objects_new_missing_error (const char *path)
{
  return g_error_new (G_DBUS_ERROR, G_DBUS_ERROR_UNKNOWN_METHOD,
                      "Object does not exist at path %.255s: it never was there, or it is gone",
                      path);
}

static IommudExport *
get_export (IommudBusObject *object, const char *interface)
{
  for (gsize i = 0; object->exports[i] != NULL; i++)
    if (g_strcmp0 (object->interfaces[i], interface) == 0)
      return object->exports[i];
  return NULL;
}

/* @interface: NULL if it was not named. @missing: the error's code if the object has no such
 * interface. Borrowed; NULL with error set. */
IommudExport *
iommud_objects_find_export (IommudObjects *self, const char *path, const char *interface,
                            GDBusError missing, GError **error)
{
  IommudBusObject *object = iommud_objects_lookup (self, path);
  IommudExport *export = object == NULL ? NULL : get_export (object, interface);
  g_autofree char *quoted = NULL;

  if (export != NULL)
    return export;
  quoted = iommud_quote (interface == NULL ? "" : interface);
  if (object == NULL)
    g_propagate_error (error, iommud_objects_new_missing_error (path));
  else
    g_set_error (error, G_DBUS_ERROR, missing, "The object %s has no interface %s", path, quoted);
  return NULL;
}

/* @interface: must outlive the object. Takes the export. */
void
iommud_bus_object_add_export (IommudBusObject *self, const char *interface, IommudExport *export,
                              GDestroyNotify free_export)
{
  gsize n = 0;

  while (self->exports[n] != NULL)
    n++;
  g_return_if_fail (n < IOMMUD_OBJECT_MAX_INTERFACES);
  self->interfaces[n] = interface;
  self->exports[n] = export;
  self->free_export = free_export;
}

/* To be called if a property has changed. */
void
iommud_objects_touch (IommudObjects *self, IommudBusObject *object)
{
  note (self, object->path);
  if (object->entry == NULL)
    return;
  g_clear_pointer (&object->entry, g_variant_unref);
  g_queue_push_tail_link (&self->stale, &object->stale);
}

/* What the object shows, until it is touched again. Takes the entry. */
void
iommud_objects_set_entry (IommudObjects *self, IommudBusObject *object, GVariant *entry)
{
  g_return_if_fail (object->entry == NULL);
  object->entry = entry;
  g_queue_unlink (&self->stale, &object->stale);
}

/* An object that has no entry, borrowed; NULL if all have one. */
IommudBusObject *
iommud_objects_peek_stale (IommudObjects *self)
{
  return g_queue_peek_head (&self->stale);
}

guint
iommud_objects_count (IommudObjects *self)
{
  return g_hash_table_size (self->by_model);
}

/* All objects, in the order of their paths. Owned; of IommudBusObject, borrowed. */
GPtrArray *
iommud_objects_list (IommudObjects *self)
{
  GPtrArray *objects = g_ptr_array_sized_new (g_hash_table_size (self->by_model));

  for (GTreeNode *node = g_tree_node_first (self->by_path); node != NULL;
       node = g_tree_node_next (node))
    g_ptr_array_add (objects, g_tree_node_value (node));
  return objects;
}
