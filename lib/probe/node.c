/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The node of a VFIO device as the file system and other processes see it.
 *
 * A node's name is not reliable for long: the kernel gives vfioN to the next device as soon as it
 * is free. Its number, read below the device's own directory, belongs to that device. Safe to call
 * from any thread. */
#include "config.h"

#include "probe/node.h"

#include "probe/sysfs.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define MAX_HOLDERS 4

/* For all files of all processes. It is the worker of one context that looks. */
#define MAX_SECONDS 2

typedef struct
{
  dev_t number;
  const char *name; /* the last part of the node's path */
  gint64 end;       /* of the time to search */
} Search;

gboolean
iommud_node_find_number (IommudProbe *probe, const IommudDeviceInfo *info, dev_t *number)
{
  g_autofree char *folder = g_build_filename (info->sysfs_path, "vfio-dev", info->vfio_name, NULL);

  return iommud_sysfs_read_device_number (folder, "dev", number);
}

/* Only a file that may be the node is looked at, and without asking the server of a file system:
 * if that is dead, there is no answer. What is open says its path without that. */
static gboolean
may_be_node (const Search *self, const char *path)
{
  char target[PATH_MAX];
  ssize_t length = readlink (path, target, sizeof target - 1);

  if (length < 0)
    return FALSE;
  target[length] = '\0';
  /* A process in a container may have it below another folder, and after an unplug the path ends
   * with " (deleted)". */
  return g_str_has_prefix (target, "/dev/")
         || (*target == '/' && g_str_has_prefix (strrchr (target, '/') + 1, self->name));
}

static gboolean
is_node (const Search *self, const char *path)
{
  struct statx status;

  return may_be_node (self, path)
         && statx (AT_FDCWD, path, AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT, STATX_TYPE, &status) == 0
         && S_ISCHR (status.stx_mode)
         && makedev (status.stx_rdev_major, status.stx_rdev_minor) == self->number;
}

static gboolean
has_time (const Search *self)
{
  return g_get_monotonic_time () < self->end;
}

static gboolean
has_open (const Search *self, const char *process)
{
  g_autofree char *folder = g_build_filename ("/proc", process, "fd", NULL);
  g_autoptr (GDir) files = g_dir_open (folder, 0, NULL);
  const char *file;

  while (files != NULL && has_time (self) && (file = g_dir_read_name (files)) != NULL)
    {
      g_autofree char *path = g_build_filename (folder, file, NULL);

      if (is_node (self, path))
        return TRUE;
    }
  return FALSE;
}

/* A process may give itself any name. */
static char *
describe_process (const char *process)
{
  g_autofree char *folder = g_build_filename ("/proc", process, NULL);
  g_autofree char *name = iommud_sysfs_read_line (folder, "comm");

  for (char *byte = name; byte != NULL && *byte != '\0'; byte++)
    if (g_ascii_iscntrl (*byte))
      *byte = '?';
  return g_strdup_printf ("%s (pid %s)", name != NULL ? name : "a process", process);
}

static gint64
get_end (void)
{
  return g_get_monotonic_time () + MAX_SECONDS * G_USEC_PER_SEC;
}

/* The other processes that have a node open, as "qemu-system-x86 (pid 42)"; NULL if none can be
 * seen, perhaps for lack of rights. @complete: whether there was time for all. */
static char *
find_holders (const Search *search, gboolean *complete)
{
  g_autoptr (GDir) processes = g_dir_open ("/proc", 0, NULL);
  g_autofree char *own = g_strdup_printf ("%d", (int) getpid ());
  g_autoptr (GPtrArray) holders = g_ptr_array_new_with_free_func (g_free);
  const char *process;

  while (processes != NULL && holders->len < MAX_HOLDERS && has_time (search)
         && (process = g_dir_read_name (processes)) != NULL)
    if (g_ascii_isdigit (*process) && !g_str_equal (process, own) && has_open (search, process))
      g_ptr_array_add (holders, describe_process (process));
  *complete = has_time (search);
  if (holders->len == 0)
    return NULL;
  g_ptr_array_add (holders, NULL);
  return g_strjoinv (", ", (char **) holders->pdata);
}

char *
iommud_node_describe_holder (IommudProbe *probe, const IommudDeviceInfo *info, gboolean *complete)
{
  Search search = { .name = info->vfio_name, .end = get_end () };

  *complete = TRUE;
  if (!iommud_node_find_number (probe, info, &search.number))
    return NULL;
  return find_holders (&search, complete);
}

/* Who has the VFIO device below @device open. */
static char *
find_holders_of (const char *device, gint64 end)
{
  g_autofree char *folder = g_build_filename (device, "vfio-dev", NULL);
  g_autoptr (GDir) nodes = g_dir_open (folder, 0, NULL);
  const char *name = nodes != NULL ? g_dir_read_name (nodes) : NULL;
  g_autofree char *path = name != NULL ? g_build_filename (folder, name, NULL) : NULL;
  Search search = { .name = name, .end = end };
  gboolean complete;

  if (path == NULL || !iommud_sysfs_read_device_number (path, "dev", &search.number))
    return NULL;
  return find_holders (&search, &complete);
}

char *
iommud_node_describe_sibling_holder (IommudProbe *probe, const IommudDeviceInfo *info)
{
  g_autoptr (GPtrArray) members = iommud_probe_list_group (probe, info->iommu_group);
  gint64 end = get_end ();

  for (guint i = 0; i < members->len; i++)
    {
      const IommudGroupMember *member = g_ptr_array_index (members, i);
      g_autofree char *path = g_strdup_printf ("/sys/kernel/iommu_groups/%d/devices/%s",
                                               (int) info->iommu_group, member->name);
      g_autofree char *holders =
          g_str_equal (member->name, info->name) ? NULL : find_holders_of (path, end);

      if (holders != NULL)
        return g_strdup_printf ("%s, which %s has open", member->name, holders);
    }
  return NULL;
}

char *
iommud_node_describe_group_holder (IommudProbe *probe, const IommudDeviceInfo *info,
                                   gboolean *complete)
{
  g_autofree char *name = g_strdup_printf ("%d", (int) info->iommu_group);
  g_autofree char *folder = g_build_filename ("/sys/class/vfio", name, NULL);
  Search search = { .name = name, .end = get_end () };

  *complete = TRUE;
  if (!iommud_sysfs_read_device_number (folder, "dev", &search.number))
    return NULL;
  return find_holders (&search, complete);
}

/* Whether @fd is open on the node that the device has at this moment. */
gboolean
iommud_node_is_open_as (IommudProbe *probe, const IommudDeviceInfo *info, int fd)
{
  struct stat status;
  dev_t number;

  return iommud_node_find_number (probe, info, &number) && fstat (fd, &status) == 0
         && S_ISCHR (status.st_mode) && status.st_rdev == number;
}
