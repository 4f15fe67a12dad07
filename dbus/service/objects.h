/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The objects on the bus. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define IOMMUD_OBJECT_MAX_INTERFACES 3

typedef struct _IommudExport IommudExport;
typedef struct _IommudObjects IommudObjects;

typedef struct
{
  char *path;
  GObject *model;
  const char *interfaces[IOMMUD_OBJECT_MAX_INTERFACES + 1]; /* their names, up to a NULL */
  IommudExport *exports[IOMMUD_OBJECT_MAX_INTERFACES + 1];  /* owned, one for each name */
  GDestroyNotify free_export;
  GVariant *entry; /* its properties: {oa{sa{sv}}}; NULL if something has changed since */
  GList stale;     /* the link in the list of those without an entry */
} IommudBusObject;

/* An object that has changed, come or gone since changes are noted. */
typedef struct
{
  char *path;
  gboolean added;
  char **interfaces; /* it had, if it has gone */
} IommudNotedObject;

/* @name: not terminated. */
typedef void (*IommudChildFunc) (const char *name, gsize length, gpointer user_data);

IommudObjects *iommud_objects_new (void);
void iommud_objects_free (IommudObjects *self);
IommudBusObject *iommud_objects_add (IommudObjects *self, const char *path, gpointer model);
void iommud_objects_remove (IommudObjects *self, gpointer model);
const char *iommud_objects_get_path (IommudObjects *self, gpointer model);
gpointer iommud_objects_find (IommudObjects *self, const char *path, GType type, GError **error);
IommudBusObject *iommud_objects_lookup (IommudObjects *self, const char *path);
gpointer iommud_objects_get_model (IommudObjects *self, const char *path);
gboolean iommud_objects_foreach_child (IommudObjects *self, const char *path, IommudChildFunc func,
                                       gpointer user_data);

IommudExport *iommud_objects_find_export (IommudObjects *self, const char *path,
                                          const char *interface, GDBusError missing,
                                          GError **error);
GError *iommud_objects_new_missing_error (const char *path);
void iommud_bus_object_add_export (IommudBusObject *self, const char *interface,
                                   IommudExport *export, GDestroyNotify free_export);
void iommud_objects_touch (IommudObjects *self, IommudBusObject *object);
void iommud_objects_set_entry (IommudObjects *self, IommudBusObject *object, GVariant *entry);
IommudBusObject *iommud_objects_peek_stale (IommudObjects *self);
GPtrArray *iommud_objects_list (IommudObjects *self);
guint iommud_objects_count (IommudObjects *self);

void iommud_objects_note_changes (IommudObjects *self);
GPtrArray *iommud_objects_take_noted (IommudObjects *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (IommudObjects, iommud_objects_free)

G_END_DECLS
