/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An object of the model as an interface on the bus. Its properties are the model's, bound by name.
 * No value is kept here, only which properties have changed since the last signal. */
#include "export.h"

#include "dictionary.h"
#include "members.h"
#include "properties.h"
#include "quote.h"

struct _IommudExport
{
  const IommudInterface *interface;
  const GArray *members; /* of IommudMember */
  IommudServiceState *state;
  IommudBusObject *object;
  GObject *model;
  guint64 changed; /* since the last signal: a bit for each member */
};

const IommudMethod *
iommud_interface_find_method (const IommudInterface *self, const char *name)
{
  for (gsize i = 0; i < self->n_methods; i++)
    if (g_str_equal (self->methods[i].name, name))
      return &self->methods[i];
  return NULL;
}

/* Owned; NULL, with a message in the log, if it cannot be read. */
static GVariant *
read_member (IommudExport *self, const IommudMember *member)
{
  GVariant *value = NULL;

  if (self->interface->read_own_property != NULL)
    value = self->interface->read_own_property (self, member->info->name);
  if (value != NULL)
    return value;
  if (member->is_count)
    return iommud_properties_count (self->model, member->name);
  return iommud_properties_read (self->model, member->name,
                                 G_VARIANT_TYPE (member->info->signature), self->state->objects);
}

static void
add_to_dict (GVariantBuilder *dict, IommudExport *self, const IommudMember *member)
{
  g_autoptr (GVariant) value = read_member (self, member);

  if (value != NULL)
    iommud_dictionary_add (dict, member->info->name, value);
}

/* The value of one property. Owned; NULL with error set. */
GVariant *
iommud_export_read (IommudExport *self, const char *property, GError **error)
{
  const IommudMember *member = iommud_members_find (self->members, property);
  GVariant *value = member == NULL ? NULL : read_member (self, member);

  if (member == NULL)
    {
      g_autofree char *quoted = iommud_quote (property);

      g_set_error (error, G_DBUS_ERROR, G_DBUS_ERROR_INVALID_ARGS, "%s has no property %s",
                   iommud_export_get_info (self)->name, quoted);
    }
  else if (value == NULL)
    g_set_error (error, IOMMUD_ERROR, IOMMUD_ERROR_FAILED, "%s cannot be read", property);
  return value;
}

/* All properties as a{sv}. Floating. */
GVariant *
iommud_export_read_all (IommudExport *self)
{
  GVariantBuilder dict;

  g_variant_builder_init (&dict, G_VARIANT_TYPE_VARDICT);
  for (guint i = 0; i < self->members->len; i++)
    add_to_dict (&dict, self, &g_array_index (self->members, IommudMember, i));
  return g_variant_builder_end (&dict);
}

/* One PropertiesChanged for all that has changed since the last one. */
static void
signal_changes (gpointer export)
{
  IommudExport *self = export;
  guint64 changed = self->changed;
  GVariantBuilder dict;
  GVariantBuilder invalidated;

  self->changed = 0;
  if (changed == 0)
    return;
  g_variant_builder_init (&dict, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_init (&invalidated, G_VARIANT_TYPE_STRING_ARRAY);
  for (guint i = 0; i < self->members->len; i++)
    {
      const IommudMember *member = &g_array_index (self->members, IommudMember, i);

      if ((changed & (G_GUINT64_CONSTANT (1) << i)) == 0)
        continue;
      if (member->only_invalidated)
        g_variant_builder_add (&invalidated, "s", member->info->name);
      else
        add_to_dict (&dict, self, member);
    }
  g_dbus_connection_emit_signal (
      self->state->connection, NULL, self->object->path, "org.freedesktop.DBus.Properties",
      "PropertiesChanged",
      g_variant_new ("(sa{sv}as)", iommud_export_get_info (self)->name, &dict, &invalidated), NULL);
}

static void
mark_changed (IommudExport *self, guint index)
{
  if (self->changed == 0)
    iommud_changes_add (self->state->changes, self, signal_changes);
  self->changed |= G_GUINT64_CONSTANT (1) << index;
  iommud_objects_touch (self->state->objects, self->object);
}

/* What shows the model's property, and what counts its elements. */
static void
mark_property (IommudExport *self, const char *name)
{
  for (guint i = 0; i < self->members->len; i++)
    {
      const IommudMember *member = &g_array_index (self->members, IommudMember, i);

      if (!member->constant && g_str_equal (member->name, name))
        mark_changed (self, i);
    }
}

static void
on_notify (GObject *model, GParamSpec *pspec, IommudExport *self)
{
  mark_property (self, g_param_spec_get_name (pspec));
}

static GListModel *
get_list (IommudExport *self, const IommudMember *member)
{
  GListModel *list = NULL;

  if (g_str_equal (member->info->signature, "ao"))
    g_object_get (self->model, member->name, &list, NULL);
  return list;
}

static void
on_items_changed (GListModel *list, guint position, guint removed, guint added, IommudExport *self)
{
  for (guint i = 0; i < self->members->len; i++)
    {
      const IommudMember *member = &g_array_index (self->members, IommudMember, i);
      g_autoptr (GListModel) candidate = get_list (self, member);

      if (candidate == list)
        mark_property (self, member->name);
    }
}

static void
watch_lists (IommudExport *self)
{
  for (guint i = 0; i < self->members->len; i++)
    {
      g_autoptr (GListModel) list =
          get_list (self, &g_array_index (self->members, IommudMember, i));

      if (list != NULL)
        g_signal_connect (list, "items-changed", G_CALLBACK (on_items_changed), self);
    }
}

static void
leave_lists (IommudExport *self)
{
  for (guint i = 0; i < self->members->len; i++)
    {
      g_autoptr (GListModel) list =
          get_list (self, &g_array_index (self->members, IommudMember, i));

      if (list != NULL)
        g_signal_handlers_disconnect_by_data (list, self);
    }
}

/* @object: what @model, or the part of it, belongs to on the bus. */
IommudExport *
iommud_export_new (const IommudInterface *interface, IommudServiceState *state,
                   IommudBusObject *object, gpointer model)
{
  IommudExport *self = g_new0 (IommudExport, 1);

  self->interface = interface;
  self->members = iommud_service_state_get_members (state, interface->get_info ());
  g_assert (self->members->len <= 64); /* each has a bit in changed */
  self->state = state;
  self->object = object;
  self->model = g_object_ref (model);
  g_signal_connect (model, "notify", G_CALLBACK (on_notify), self);
  watch_lists (self);
  if (interface->connect != NULL)
    interface->connect (self);
  return self;
}

/* Changes that were not signalled need not be: the object leaves the bus. */
void
iommud_export_forget_changes (IommudExport *self)
{
  if (self->changed != 0)
    iommud_changes_forget (self->state->changes, self);
  self->changed = 0;
}

void
iommud_export_free (gpointer export)
{
  IommudExport *self = export;

  iommud_export_forget_changes (self);
  leave_lists (self);
  g_signal_handlers_disconnect_by_data (self->model, self);
  g_object_unref (self->model);
  g_free (self);
}

/* Borrowed. */
gpointer
iommud_export_get_model (IommudExport *self)
{
  return self->model;
}

/* Borrowed. */
IommudBusObject *
iommud_export_get_object (IommudExport *self)
{
  return self->object;
}

GDBusInterfaceInfo *
iommud_export_get_info (IommudExport *self)
{
  return self->interface->get_info ();
}

const IommudInterface *
iommud_export_get_interface (IommudExport *self)
{
  return self->interface;
}

/* "/" for an object that is not on the bus. */
const char *
iommud_export_get_path_of (IommudExport *self, gpointer model)
{
  return iommud_objects_get_path (self->state->objects, model);
}

/* A signal of the interface itself. Takes a floating reference. */
void
iommud_export_emit (IommudExport *self, const char *signal, GVariant *parameters)
{
  g_dbus_connection_emit_signal (self->state->connection, NULL, self->object->path,
                                 iommud_export_get_info (self)->name, signal, parameters, NULL);
}
