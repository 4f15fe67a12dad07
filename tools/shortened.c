/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Names as tables show them if they are too long: "83b8f4f2…1001" is a name that begins and ends
 * like this. People copy what they see. */
#include "config.h"

#include "shortened.h"

#include "cut.h"
#include "exit-status.h"
#include "records.h"

#include <glib/gi18n.h>
#include <string.h>

gboolean
iommuctl_shortened_is (const char *name)
{
  return strstr (name, IOMMUCTL_CUT_MARK) != NULL;
}

static gboolean
fits (const char *name, const char *shortened)
{
  const char *mark = strstr (shortened, IOMMUCTL_CUT_MARK);
  const char *tail = mark + strlen (IOMMUCTL_CUT_MARK);
  const gsize n_head = mark - shortened;

  return strlen (name) > n_head + strlen (tail) && strncmp (name, shortened, n_head) == 0
         && g_str_has_suffix (name, tail);
}

static char *
fail_ambiguous (const char *name, const char *one, const char *other, GError **error)
{
  g_set_error (error, IOMMUCTL_ERROR, IOMMUCTL_EXIT_USAGE,
               _ ("'%s' can be %s or %s. '--names' prints whole names"), name, one, other);
  return NULL;
}

char *
iommuctl_shortened_find (IommuctlService *service, const char *name, const char *interface_name,
                         GError **error)
{
  g_autoptr (GVariant) listing = iommuctl_records_list (service, error);
  g_autoptr (GVariant) records = NULL;
  g_autofree char *found = NULL;
  g_autofree char *path = NULL;

  if (listing == NULL)
    return NULL;
  records = iommuctl_records_of_listing (listing, interface_name);
  for (gsize i = 0; i < g_variant_n_children (records); i++)
    {
      g_autoptr (GVariant) record = g_variant_get_child_value (records, i);
      g_autofree char *candidate = iommuctl_records_dup_string (record, "Name");

      if (!fits (candidate, name))
        continue;
      if (found != NULL)
        return fail_ambiguous (name, found, candidate, error);
      found = g_steal_pointer (&candidate);
      path = iommuctl_records_dup_string (record, "Path");
    }
  if (path == NULL)
    g_set_error (error, IOMMUD_DBUS_ERROR, IOMMUD_DBUS_ERROR_NOT_FOUND,
                 _ ("No name is shortened to '%s'"), name);
  return g_steal_pointer (&path);
}
