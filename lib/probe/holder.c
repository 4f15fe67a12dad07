/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a search says of a process that has a device's file open. */
#include "config.h"

#include "probe/holder.h"

#include <string.h>

/* An error says enough with these. */
#define MAX_DESCRIBED 4

/* What stands behind the path of a cgroup that was removed while it had processes. */
#define REMOVED " (deleted)"

IommudFoundHolder *
iommud_found_holder_new (guint device, gint pid, guint64 start_time, char *command, char *unit)
{
  IommudFoundHolder *self = g_new0 (IommudFoundHolder, 1);

  self->device = device;
  self->pid = pid;
  self->start_time = start_time;
  self->command = command;
  self->unit = unit;
  return self;
}

IommudFoundHolder *
iommud_found_holder_copy (const IommudFoundHolder *self)
{
  return iommud_found_holder_new (self->device, self->pid, self->start_time,
                                  g_strdup (self->command), g_strdup (self->unit));
}

void
iommud_found_holder_free (IommudFoundHolder *self)
{
  g_free (self->command);
  g_free (self->unit);
  g_free (self);
}

static void
append_holder (GString *text, const IommudFoundHolder *self)
{
  if (text->len > 0)
    g_string_append (text, ", ");
  g_string_append (text, *self->command != '\0' ? self->command : "a process");
  g_string_append_printf (text, " (pid %d", self->pid);
  if (*self->unit != '\0')
    g_string_append_printf (text, ", %s %s", *self->unit == '/' ? "cgroup" : "unit", self->unit);
  g_string_append_c (text, ')');
}

char *
iommud_found_holders_describe (GPtrArray *holders, guint device)
{
  GString *text = g_string_new (NULL);
  guint n = 0;

  for (guint i = 0; i < holders->len && n < MAX_DESCRIBED; i++)
    {
      const IommudFoundHolder *holder = g_ptr_array_index (holders, i);

      if (holder->device != device)
        continue;
      append_holder (text, holder);
      n++;
    }
  return g_string_free (text, n == 0);
}

static gboolean
is_unit (const char *name)
{
  return g_str_has_suffix (name, ".service") || g_str_has_suffix (name, ".scope");
}

static char *
find_unit_in_path (const char *path)
{
  g_auto (GStrv) parts = g_strsplit (path, "/", -1);

  for (guint i = g_strv_length (parts); i > 0; i--)
    if (is_unit (parts[i - 1]))
      return g_strdup (parts[i - 1]);
  return NULL;
}

/* The path of the hierarchy in which systemd puts processes: the unified one, and the one of its
 * own where there is none of that kind. */
static char *
get_path (const char *line)
{
  const char *controllers = strchr (line, ':');
  const char *path = controllers != NULL ? strchr (controllers + 1, ':') : NULL;
  char *copy;

  if (path == NULL
      || (!g_str_has_prefix (line, "0::") && !g_str_has_prefix (controllers, ":name=systemd:")))
    return NULL;
  copy = g_strdup (path + 1);
  if (g_str_has_suffix (copy, REMOVED))
    copy[strlen (copy) - strlen (REMOVED)] = '\0';
  return copy;
}

char *
iommud_found_holder_find_unit (const char *cgroups)
{
  g_auto (GStrv) lines = g_strsplit (cgroups, "\n", -1);
  g_autofree char *path = NULL;

  for (guint i = 0; lines[i] != NULL; i++)
    {
      g_autofree char *candidate = get_path (lines[i]);
      char *unit = candidate != NULL ? find_unit_in_path (candidate) : NULL;

      if (unit != NULL)
        return unit;
      if (candidate != NULL && strlen (candidate) > 1 && path == NULL)
        path = g_steal_pointer (&candidate);
    }
  return path != NULL ? g_steal_pointer (&path) : g_strdup ("");
}
