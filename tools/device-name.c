/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The names of devices as text: the forms that people type, and what object paths say. */
#include "config.h"

#include "device-name.h"

#include <string.h>

/* The service knows a device's own folder in sysfs. These lead to it too, or to its file. */
static const char *const last_part_is_name[] = {
  "^/dev/vfio/devices/[^/]+$",
  "^/sys/bus/[^/]+/devices/[^/]+$",
  "^/sys/bus/[^/]+/drivers/[^/]+/[^/]+$",
  "^/sys/class/vfio-dev/[^/]+$",
  "^/sys/class/mdev_bus/[^/]+/[^/]+$",
  "^/sys/kernel/iommu_groups/[0-9]+/devices/[^/]+$",
  "^/sys/devices/.*/vfio-dev/[^/]+$",
};

static char *
without_slashes_at_end (const char *name)
{
  gsize length = strlen (name);

  while (length > 1 && name[length - 1] == '/')
    length--;
  return g_strndup (name, length);
}

static gboolean
matches (const char *pattern, const char *text)
{
  return g_regex_match_simple (pattern, text, G_REGEX_CASELESS | G_REGEX_DOLLAR_ENDONLY, 0);
}

char *
iommuctl_device_name_complete (const char *name)
{
  g_autofree char *trimmed = without_slashes_at_end (name);

  if (*name != '/')
    {
      g_autofree char *lower = g_ascii_strdown (trimmed, -1);

      return matches ("^[0-9a-f]{2}:[0-9a-f]{2}\\.[0-7]$", name)
                 ? g_strconcat ("0000:", lower, NULL)
                 : g_strdup (name);
    }
  for (gsize i = 0; i < G_N_ELEMENTS (last_part_is_name); i++)
    if (matches (last_part_is_name[i], trimmed))
      return g_path_get_basename (trimmed);
  return g_steal_pointer (&trimmed);
}

char *
iommuctl_device_name_of_path (const char *path)
{
  const char *escaped = strrchr (path, '/') + 1;
  GString *name = g_string_new (NULL);

  for (const char *c = escaped; *c != '\0'; c++)
    if (*c == '_' && g_ascii_isxdigit (c[1]) && g_ascii_isxdigit (c[2]))
      {
        g_string_append_c (name, g_ascii_xdigit_value (c[1]) << 4 | g_ascii_xdigit_value (c[2]));
        c += 2;
      }
    else
      g_string_append_c (name, *c);
  return g_string_free (name, FALSE);
}
