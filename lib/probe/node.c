/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The node of a VFIO device as the file system and other processes see it.
 *
 * A node's name is not reliable for long: the kernel gives vfioN to the next device as soon as it
 * is free. Its number, read below the device's own directory, belongs to that device. Safe to call
 * from any thread. */
#include "config.h"

#include "probe/node.h"

#include "probe/sysfs.h"

#include <sys/stat.h>
#include <unistd.h>

#define MAX_HOLDERS 4

static gboolean
read_number (const IommudDeviceInfo *info, dev_t *number)
{
  g_autofree char *folder = g_build_filename (info->sysfs_path, "vfio-dev", info->vfio_name, NULL);

  return iommud_sysfs_read_device_number (folder, "dev", number);
}

static gboolean
has_open (const char *process, dev_t number)
{
  g_autofree char *folder = g_build_filename ("/proc", process, "fd", NULL);
  g_autoptr (GDir) files = g_dir_open (folder, 0, NULL);
  const char *file;

  while (files != NULL && (file = g_dir_read_name (files)) != NULL)
    {
      g_autofree char *path = g_build_filename (folder, file, NULL);
      struct stat status;

      if (stat (path, &status) == 0 && S_ISCHR (status.st_mode) && status.st_rdev == number)
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

/* The other processes that have the node open, as "qemu-system-x86 (pid 42)"; NULL if none can be
 * seen, perhaps for lack of rights. */
char *
iommud_node_describe_holder (const IommudDeviceInfo *info)
{
  g_autoptr (GDir) processes = g_dir_open ("/proc", 0, NULL);
  g_autofree char *own = g_strdup_printf ("%d", (int) getpid ());
  g_autoptr (GPtrArray) holders = g_ptr_array_new_with_free_func (g_free);
  const char *process;
  dev_t number;

  if (processes == NULL || !read_number (info, &number))
    return NULL;
  while (holders->len < MAX_HOLDERS && (process = g_dir_read_name (processes)) != NULL)
    if (g_ascii_isdigit (*process) && !g_str_equal (process, own) && has_open (process, number))
      g_ptr_array_add (holders, describe_process (process));
  if (holders->len == 0)
    return NULL;
  g_ptr_array_add (holders, NULL);
  return g_strjoinv (", ", (char **) holders->pdata);
}

/* Whether @fd is open on the node that the device has at this moment. */
gboolean
iommud_node_is_open_as (const IommudDeviceInfo *info, int fd)
{
  struct stat status;
  dev_t number;

  return read_number (info, &number) && fstat (fd, &status) == 0 && S_ISCHR (status.st_mode)
         && status.st_rdev == number;
}
