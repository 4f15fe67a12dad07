/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The properties of an interface: what each is called in the model, and how the interface's
 * description wants changes to be signalled. */
#include "members.h"

#include "properties.h"

#define SIGNAL_ANNOTATION "org.freedesktop.DBus.Property.EmitsChangedSignal"
#define COUNT_ANNOTATION "org.iommud1.CountOf"

static gboolean
signal_is (const GDBusPropertyInfo *info, const char *what)
{
  return g_strcmp0 (g_dbus_annotation_info_lookup (info->annotations, SIGNAL_ANNOTATION), what)
         == 0;
}

/* The member that is shown, or whose elements are counted. */
static const char *
get_subject (const GDBusPropertyInfo *info)
{
  const char *counted = g_dbus_annotation_info_lookup (info->annotations, COUNT_ANNOTATION);

  return counted == NULL ? info->name : counted;
}

static void
clear_member (gpointer member)
{
  g_free (((IommudMember *) member)->name);
}

/* Owned; of IommudMember. */
GArray *
iommud_members_new (const GDBusInterfaceInfo *info)
{
  GArray *members = g_array_new (FALSE, FALSE, sizeof (IommudMember));

  g_array_set_clear_func (members, clear_member);
  for (guint i = 0; info->properties != NULL && info->properties[i] != NULL; i++)
    {
      IommudMember member = {
        .info = info->properties[i],
        .name = iommud_properties_name_from_member (get_subject (info->properties[i])),
        .is_count = get_subject (info->properties[i]) != info->properties[i]->name,
        .constant = signal_is (info->properties[i], "const"),
        .only_invalidated = signal_is (info->properties[i], "invalidates"),
      };

      g_array_append_val (members, member);
    }
  return members;
}

/* NULL if the interface has no such property. */
const IommudMember *
iommud_members_find (const GArray *members, const char *property)
{
  for (guint i = 0; i < members->len; i++)
    if (g_str_equal (g_array_index (members, IommudMember, i).info->name, property))
      return &g_array_index (members, IommudMember, i);
  return NULL;
}
