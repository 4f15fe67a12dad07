/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An object of the model as an interface on the bus. Its properties are the model's, bound by name,
 * and calls go to the handlers of a table. No value is kept here, only which properties have
 * changed since the last signal. */
#include "export.h"

#include "properties.h"

#define SIGNAL_ANNOTATION "org.freedesktop.DBus.Property.EmitsChangedSignal"

typedef struct
{
  GDBusPropertyInfo *info;
  char *name; /* of the model's property */
  gboolean constant;
  gboolean only_invalidated; /* the signal for a change does not carry the value */
} IommudMember;

typedef struct
{
  IommudServiceState *state;
  GObject *model;
  guint64 changed; /* since the last signal: a bit for each member */
} IommudExportPrivate;

G_DEFINE_ABSTRACT_TYPE_WITH_PRIVATE (IommudExport, iommud_export, G_TYPE_DBUS_INTERFACE_SKELETON)

static IommudMember *
find_member (IommudExport *self, const char *member)
{
  GArray *members = IOMMUD_EXPORT_GET_CLASS (self)->members;

  for (guint i = 0; i < members->len; i++)
    if (g_str_equal (g_array_index (members, IommudMember, i).info->name, member))
      return &g_array_index (members, IommudMember, i);
  return NULL;
}

/* Owned; NULL, with a message in the log, if it cannot be read. */
static GVariant *
read_member (IommudExport *self, const IommudMember *member)
{
  IommudExportPrivate *priv = iommud_export_get_instance_private (self);
  IommudExportClass *class = IOMMUD_EXPORT_GET_CLASS (self);
  GVariant *value = NULL;

  if (class->read_own_property != NULL)
    value = class->read_own_property (self, member->info->name);
  if (value != NULL)
    return value;
  return iommud_properties_read (priv->model, member->name,
                                 G_VARIANT_TYPE (member->info->signature), priv->state->paths);
}

static void
add_to_dict (GVariantBuilder *dict, IommudExport *self, const IommudMember *member)
{
  g_autoptr (GVariant) value = read_member (self, member);

  if (value != NULL)
    g_variant_builder_add (dict, "{sv}", member->info->name, value);
}

static GVariant *
iommud_export_get_properties (GDBusInterfaceSkeleton *skeleton)
{
  IommudExport *self = IOMMUD_EXPORT (skeleton);
  GArray *members = IOMMUD_EXPORT_GET_CLASS (self)->members;
  GVariantBuilder dict;

  g_variant_builder_init (&dict, G_VARIANT_TYPE_VARDICT);
  for (guint i = 0; i < members->len; i++)
    add_to_dict (&dict, self, &g_array_index (members, IommudMember, i));
  return g_variant_ref_sink (g_variant_builder_end (&dict));
}

static void
emit_properties_changed (GDBusInterfaceSkeleton *skeleton, GVariant *changed, GVariant *invalidated)
{
  const char *path = g_dbus_interface_skeleton_get_object_path (skeleton);
  GDBusInterfaceInfo *info = g_dbus_interface_skeleton_get_info (skeleton);
  g_autolist (GDBusConnection) connections = g_dbus_interface_skeleton_get_connections (skeleton);
  g_autoptr (GVariant) body =
      g_variant_ref_sink (g_variant_new ("(s@a{sv}@as)", info->name, changed, invalidated));

  for (GList *l = connections; l != NULL; l = l->next)
    g_dbus_connection_emit_signal (l->data, NULL, path, "org.freedesktop.DBus.Properties",
                                   "PropertiesChanged", body, NULL);
}

static void
iommud_export_flush (GDBusInterfaceSkeleton *skeleton)
{
  IommudExport *self = IOMMUD_EXPORT (skeleton);
  IommudExportPrivate *priv = iommud_export_get_instance_private (self);
  GArray *members = IOMMUD_EXPORT_GET_CLASS (self)->members;
  guint64 changed = priv->changed;
  GVariantBuilder dict;
  GVariantBuilder invalidated;

  priv->changed = 0;
  if (changed == 0 || g_dbus_interface_skeleton_get_object_path (skeleton) == NULL)
    return;
  g_variant_builder_init (&dict, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_init (&invalidated, G_VARIANT_TYPE_STRING_ARRAY);
  for (guint i = 0; i < members->len; i++)
    {
      const IommudMember *member = &g_array_index (members, IommudMember, i);

      if ((changed & (G_GUINT64_CONSTANT (1) << i)) == 0)
        continue;
      if (member->only_invalidated)
        g_variant_builder_add (&invalidated, "s", member->info->name);
      else
        add_to_dict (&dict, self, member);
    }
  emit_properties_changed (skeleton, g_variant_builder_end (&dict),
                           g_variant_builder_end (&invalidated));
}

static void
mark_changed (IommudExport *self, const char *name)
{
  IommudExportPrivate *priv = iommud_export_get_instance_private (self);
  GArray *members = IOMMUD_EXPORT_GET_CLASS (self)->members;

  for (guint i = 0; i < members->len; i++)
    {
      const IommudMember *member = &g_array_index (members, IommudMember, i);

      if (!g_str_equal (member->name, name))
        continue;
      if (member->constant)
        return;
      if (priv->changed == 0)
        iommud_changes_add (priv->state->changes, G_DBUS_INTERFACE_SKELETON (self));
      priv->changed |= G_GUINT64_CONSTANT (1) << i;
      return;
    }
}

static void
on_notify (GObject *model, GParamSpec *pspec, IommudExport *self)
{
  mark_changed (self, g_param_spec_get_name (pspec));
}

static gboolean
is_list (const IommudMember *member)
{
  return g_str_equal (member->info->signature, "ao");
}

static GListModel *
get_list (IommudExport *self, const IommudMember *member)
{
  IommudExportPrivate *priv = iommud_export_get_instance_private (self);
  GListModel *list = NULL;

  g_object_get (priv->model, member->name, &list, NULL);
  return list;
}

static void
on_items_changed (GListModel *list, guint position, guint removed, guint added, IommudExport *self)
{
  GArray *members = IOMMUD_EXPORT_GET_CLASS (self)->members;

  for (guint i = 0; i < members->len; i++)
    {
      const IommudMember *member = &g_array_index (members, IommudMember, i);
      g_autoptr (GListModel) candidate = is_list (member) ? get_list (self, member) : NULL;

      if (candidate == list)
        mark_changed (self, member->name);
    }
}

static void
watch_model (IommudExport *self)
{
  IommudExportPrivate *priv = iommud_export_get_instance_private (self);
  GArray *members = IOMMUD_EXPORT_GET_CLASS (self)->members;

  g_signal_connect_object (priv->model, "notify", G_CALLBACK (on_notify), self, 0);
  for (guint i = 0; i < members->len; i++)
    {
      const IommudMember *member = &g_array_index (members, IommudMember, i);
      g_autoptr (GListModel) list = is_list (member) ? get_list (self, member) : NULL;

      if (list != NULL)
        g_signal_connect_object (list, "items-changed", G_CALLBACK (on_items_changed), self, 0);
    }
}

static GDBusInterfaceInfo *
iommud_export_get_info (GDBusInterfaceSkeleton *skeleton)
{
  return IOMMUD_EXPORT_GET_CLASS (skeleton)->info;
}

const IommudMethod *
iommud_export_class_find_method (IommudExportClass *class, const char *name)
{
  for (gsize i = 0; i < class->n_methods; i++)
    if (g_str_equal (class->methods[i].name, name))
      return &class->methods[i];
  return NULL;
}

static void
on_method_call (GDBusConnection *connection, const char *sender, const char *path,
                const char *interface, const char *method, GVariant *parameters,
                GDBusMethodInvocation *invocation, gpointer user_data)
{
  IommudExport *self = IOMMUD_EXPORT (user_data);

  iommud_dispatch (self, iommud_export_get_state (self),
                   iommud_export_class_find_method (IOMMUD_EXPORT_GET_CLASS (self), method),
                   invocation);
}

static GVariant *
on_get_property (GDBusConnection *connection, const char *sender, const char *path,
                 const char *interface, const char *property, GError **error, gpointer user_data)
{
  IommudExport *self = IOMMUD_EXPORT (user_data);
  const IommudMember *member = find_member (self, property);
  GVariant *value = member == NULL ? NULL : read_member (self, member);

  if (value == NULL)
    g_set_error (error, IOMMUD_ERROR, IOMMUD_ERROR_FAILED, "%s cannot be read", property);
  return value;
}

static GDBusInterfaceVTable *
iommud_export_get_vtable (GDBusInterfaceSkeleton *skeleton)
{
  static GDBusInterfaceVTable vtable = { on_method_call, on_get_property, NULL, { 0 } };

  return &vtable;
}

static void
iommud_export_finalize (GObject *object)
{
  IommudExport *self = IOMMUD_EXPORT (object);
  IommudExportPrivate *priv = iommud_export_get_instance_private (self);

  g_clear_object (&priv->model);
  g_clear_pointer (&priv->state, iommud_service_state_unref);
  G_OBJECT_CLASS (iommud_export_parent_class)->finalize (object);
}

static void
iommud_export_class_init (IommudExportClass *class)
{
  GDBusInterfaceSkeletonClass *skeleton_class = G_DBUS_INTERFACE_SKELETON_CLASS (class);

  G_OBJECT_CLASS (class)->finalize = iommud_export_finalize;
  skeleton_class->get_info = iommud_export_get_info;
  skeleton_class->get_vtable = iommud_export_get_vtable;
  skeleton_class->get_properties = iommud_export_get_properties;
  skeleton_class->flush = iommud_export_flush;
}

static void
iommud_export_init (IommudExport *self)
{
}

/* What the interface file says about the signal for a property's changes. */
static gboolean
signal_is (GDBusPropertyInfo *info, const char *what)
{
  return g_strcmp0 (g_dbus_annotation_info_lookup (info->annotations, SIGNAL_ANNOTATION), what)
         == 0;
}

/* Gives a class its interface and its handlers. To be called by its class_init. */
void
iommud_export_class_describe (IommudExportClass *class, GDBusInterfaceInfo *info,
                              const IommudMethod *methods, gsize n_methods)
{
  class->info = info;
  class->methods = methods;
  class->n_methods = n_methods;
  class->members = g_array_new (FALSE, FALSE, sizeof (IommudMember));
  for (guint i = 0; info->properties != NULL && info->properties[i] != NULL; i++)
    {
      IommudMember member = {
        .info = info->properties[i],
        .name = iommud_properties_name_from_member (info->properties[i]->name),
        .constant = signal_is (info->properties[i], "const"),
        .only_invalidated = signal_is (info->properties[i], "invalidates"),
      };

      g_array_append_val (class->members, member);
    }
  g_assert (class->members->len <= 64); /* each has a bit in changed */
}

IommudExport *
iommud_export_new (GType type, IommudServiceState *state, gpointer model)
{
  IommudExport *self = g_object_new (type, NULL);
  IommudExportPrivate *priv = iommud_export_get_instance_private (self);

  priv->state = iommud_service_state_ref (state);
  priv->model = g_object_ref (model);
  watch_model (self);
  return self;
}

/* Borrowed. */
gpointer
iommud_export_get_model (IommudExport *self)
{
  IommudExportPrivate *priv = iommud_export_get_instance_private (self);

  return priv->model;
}

/* Borrowed. */
IommudServiceState *
iommud_export_get_state (IommudExport *self)
{
  IommudExportPrivate *priv = iommud_export_get_instance_private (self);

  return priv->state;
}
