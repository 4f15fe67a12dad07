/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Bounded reads from sysfs and procfs: a driver may put anything into an attribute. */
#include "config.h"

#include "probe/sysfs.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

char *
iommud_sysfs_read_line (const char *folder, const char *name)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);
  char content[4096];
  ssize_t length;
  int fd = open (path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

  if (fd < 0)
    return NULL;
  length = read (fd, content, sizeof content - 1);
  close (fd);
  if (length < 0)
    return NULL;
  content[length] = '\0';
  content[strcspn (content, "\n")] = '\0';
  return g_utf8_make_valid (g_strstrip (content), -1);
}

char *
iommud_sysfs_read_link (const char *folder, const char *name)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);
  char target[PATH_MAX];
  ssize_t length = readlink (path, target, sizeof target - 1);
  const char *slash;

  if (length < 0)
    return NULL;
  target[length] = '\0';
  slash = strrchr (target, '/');
  return g_utf8_make_valid (slash != NULL ? slash + 1 : target, -1);
}

gboolean
iommud_sysfs_read_number (const char *folder, const char *name, gint64 minimum, gint64 maximum,
                          gint64 *number)
{
  g_autofree char *line = iommud_sysfs_read_line (folder, name);
  char *end = NULL;
  gint64 value;

  if (line == NULL || *line == '\0')
    return FALSE;
  value = g_ascii_strtoll (line, &end, 0);
  if (*end != '\0' || value < minimum || value > maximum)
    return FALSE;
  *number = value;
  return TRUE;
}

gboolean
iommud_sysfs_read_device_number (const char *folder, const char *name, dev_t *number)
{
  g_autofree char *line = iommud_sysfs_read_line (folder, name);
  g_auto (GStrv) parts = line != NULL ? g_strsplit (line, ":", 3) : NULL;
  guint64 major_number;
  guint64 minor_number;

  if (parts == NULL || g_strv_length (parts) != 2
      || !g_ascii_string_to_unsigned (parts[0], 10, 0, G_MAXUINT32, &major_number, NULL)
      || !g_ascii_string_to_unsigned (parts[1], 10, 0, G_MAXUINT32, &minor_number, NULL))
    return FALSE;
  *number = makedev (major_number, minor_number);
  return TRUE;
}
