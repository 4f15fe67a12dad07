/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which processes have nodes of this machine's VFIO devices and groups open, or files that stand
 * for them.
 *
 * Since Linux 6.18 the kernel says which device such a file is of, also of a file that was made by
 * a group and has no node. Before that, only the number of a node says it. */
#include "config.h"

#include "probe/holders.h"

#include "base/process.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#define MADE_BY_GROUP "anon_inode:[vfio-device]"
#define DEVICE_LINE "\nvfio-device-syspath:"
#define UNLINKED " (deleted)"

/* What is read of a file's state. The locks on it stand there too. */
#define INFO_BYTES 65536

typedef struct
{
  const GArray *targets; /* of IommudHeld */
  GHashTable *nodes;     /* their names, which are not owned */
  char info[INFO_BYTES];
} Search;

static void
held_clear (gpointer data)
{
  IommudHeld *self = data;

  g_free (self->node);
  g_free (self->sysfs_path);
  g_free (self->group_node);
}

GArray *
iommud_held_array_new (void)
{
  GArray *targets = g_array_new (FALSE, FALSE, sizeof (IommudHeld));

  g_array_set_clear_func (targets, held_clear);
  return targets;
}

IommudHeld *
iommud_held_array_add (GArray *targets, dev_t number, const char *node, const char *sysfs_path)
{
  const IommudHeld held = { .number = number,
                            .node = g_strdup (node),
                            .sysfs_path = g_strdup (sysfs_path) };

  g_array_append_val (targets, held);
  return &g_array_index (targets, IommudHeld, targets->len - 1);
}

/* Only a file that may be a node is looked at, and without asking the server of a file system: if
 * that is dead, there is no answer. What is open says its path without that. */
static gboolean
may_be_node (const Search *self, const char *target)
{
  g_autofree char *name = NULL;

  if (*target != '/')
    return FALSE;
  /* A process in a container may have it below another folder. */
  if (g_str_has_prefix (target, "/dev/"))
    return TRUE;
  name = g_strdup (strrchr (target, '/') + 1);
  if (g_str_has_suffix (name, UNLINKED))
    name[strlen (name) - strlen (UNLINKED)] = '\0';
  return g_hash_table_contains (self->nodes, name);
}

static gboolean
read_number (const IommudProcessFile *file, dev_t *number)
{
  char name[NAME_MAX];
  struct statx status;

  g_snprintf (name, sizeof name, "fd/%s", file->number);
  if (statx (file->folder, name, AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT, STATX_TYPE, &status) < 0
      || !S_ISCHR (status.stx_mode))
    return FALSE;
  *number = makedev (status.stx_rdev_major, status.stx_rdev_minor);
  return *number != 0;
}

/* The device that the kernel says the file is of; NULL if it does not say it. */
static const char *
read_device (Search *self, IommudProcessFiles *files, const IommudProcessFile *file)
{
  char name[NAME_MAX];
  gssize length;
  char *line;

  g_snprintf (name, sizeof name, "fdinfo/%s", file->number);
  length = iommud_process_read_file (file->folder, name, self->info, sizeof self->info);
  if (length < 0)
    {
      iommud_process_files_miss (files, errno);
      return NULL;
    }
  line = strstr (self->info, DEVICE_LINE);
  if (line == NULL)
    {
      if (length == sizeof self->info - 1)
        iommud_process_files_miss (files, E2BIG);
      return NULL;
    }
  line += strlen (DEVICE_LINE);
  line[strcspn (line, "\n")] = '\0';
  return g_strstrip (line);
}

static void
mark_by_device (Search *self, IommudProcessFiles *files, const char *device)
{
  for (guint i = 0; i < self->targets->len; i++)
    if (g_strcmp0 (g_array_index (self->targets, IommudHeld, i).sysfs_path, device) == 0)
      iommud_process_files_mark (files, i);
}

/* A number is given to the next device as soon as it is free, perhaps since it was read. */
static void
mark_by_number (Search *self, IommudProcessFiles *files, const IommudProcessFile *file,
                dev_t number)
{
  const char *device = NULL;
  gboolean was_read = FALSE;

  for (guint i = 0; i < self->targets->len; i++)
    {
      const IommudHeld *held = &g_array_index (self->targets, IommudHeld, i);

      if (held->group_number == number)
        iommud_process_files_mark (files, i);
      if (held->number != number)
        continue;
      if (!was_read)
        device = read_device (self, files, file);
      was_read = TRUE;
      if (device == NULL || held->sysfs_path == NULL || g_str_equal (device, held->sysfs_path))
        iommud_process_files_mark (files, i);
    }
}

static void
look (IommudProcessFiles *files, const IommudProcessFile *file, gpointer user_data)
{
  Search *self = user_data;
  const char *device;
  dev_t number;

  if (g_str_equal (file->target, MADE_BY_GROUP))
    {
      device = read_device (self, files, file);
      if (device != NULL)
        mark_by_device (self, files, device);
    }
  else if (may_be_node (self, file->target) && read_number (file, &number))
    mark_by_number (self, files, file, number);
}

static void
add_nodes (GHashTable *nodes, const IommudHeld *held)
{
  g_hash_table_add (nodes, held->node);
  if (held->group_node != NULL)
    g_hash_table_add (nodes, held->group_node);
}

GPtrArray *
iommud_holders_find (const GArray *targets, guint max_holders, guint max_seconds, const char *proc,
                     gboolean *complete)
{
  g_autofree Search *search = g_new (Search, 1);
  g_autoptr (GHashTable) nodes = g_hash_table_new (g_str_hash, g_str_equal);
  const IommudProcessFilesQuestion question = { .n_devices = targets->len,
                                                .max_holders = max_holders,
                                                .max_seconds = max_seconds,
                                                .max_files = IOMMUD_MAX_FILES_OF_USER,
                                                .look = look,
                                                .user_data = search,
                                                .proc = proc };

  search->targets = targets;
  search->nodes = nodes;
  for (guint i = 0; i < targets->len; i++)
    add_nodes (nodes, &g_array_index (targets, IommudHeld, i));
  return iommud_process_files_search (&question, complete);
}
