/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a client of the fuzzer knows: objects that are there or were, and open files. */
#include "config.h"

#include "pool.h"

#include <fcntl.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

/* What is known of more is forgotten. */
#define MAX_DEAD 64
#define MAX_FILES 48

void
pool_init (Pool *self, guint uid, guint32 seed)
{
  self->uid = uid;
  self->rand = g_rand_new_with_seed (seed);
  self->live = g_ptr_array_new_with_free_func (g_free);
  self->own = g_ptr_array_new_with_free_func (g_free);
  self->dead = g_ptr_array_new_with_free_func (g_free);
  self->names = g_ptr_array_new_with_free_func (g_free);
  self->infos = g_hash_table_new_full (g_str_hash, g_str_equal, g_free,
                                       (GDestroyNotify) g_dbus_node_info_unref);
  self->files = g_array_new (FALSE, FALSE, sizeof (PoolFile));
}

/* From 0 to @n - 1. */
guint
pool_below (Pool *self, guint n)
{
  return (guint) g_rand_int_range (self->rand, 0, (gint32) n);
}

gboolean
pool_chance (Pool *self, guint percent)
{
  return pool_below (self, 100) < percent;
}

/* --- Objects ---------------------------------------------------------------------------------- */

static gboolean
knows (const GPtrArray *paths, const char *path)
{
  return g_ptr_array_find_with_equal_func ((GPtrArray *) paths, path, g_str_equal, NULL);
}

void
pool_learn_path (Pool *self, const char *path, gboolean own)
{
  if (!knows (self->live, path))
    g_ptr_array_add (self->live, g_strdup (path));
  if (own && !knows (self->own, path))
    g_ptr_array_add (self->own, g_strdup (path));
}

/* A HWPT is whose container it is in, and its path is below that of it. */
static gboolean
is_part_of_own (Pool *self, const char *path)
{
  for (guint i = 0; i < self->own->len; i++)
    if (g_str_has_prefix (path, self->own->pdata[i]))
      return TRUE;
  return FALSE;
}

static gboolean
names_own (Pool *self, GVariant *properties, const char *property)
{
  const char *path = NULL;

  return g_variant_lookup (properties, property, "&o", &path) && knows (self->own, path);
}

static void
learn_object (Pool *self, const char *path, GVariant *interfaces)
{
  gboolean own = is_part_of_own (self, path);
  GVariantIter iter;
  GVariant *properties = NULL;

  g_variant_iter_init (&iter, interfaces);
  while (g_variant_iter_loop (&iter, "{&s@a{sv}}", NULL, &properties))
    {
      char *name = NULL;
      guint32 owner = 0;

      if (g_variant_lookup (properties, "Name", "s", &name))
        g_ptr_array_add (self->names, name);
      own = own || (g_variant_lookup (properties, "Owner", "u", &owner) && owner == self->uid)
            || names_own (self, properties, "Container") || names_own (self, properties, "Lease");
    }
  pool_learn_path (self, path, own);
}

static void
remember_dead (Pool *self, char *path)
{
  if (self->dead->len == MAX_DEAD)
    g_ptr_array_remove_index_fast (self->dead, pool_below (self, MAX_DEAD));
  g_ptr_array_add (self->dead, path);
}

/* @objects: what GetManagedObjects returns. */
void
pool_learn_objects (Pool *self, GVariant *objects)
{
  g_autoptr (GPtrArray) before = self->live;
  GVariantIter iter;
  const char *path = NULL;
  GVariant *interfaces = NULL;

  self->live = g_ptr_array_new_with_free_func (g_free);
  g_ptr_array_set_size (self->own, 0);
  pool_learn_path (self, "/org/iommud1/Manager", FALSE);
  pool_learn_path (self, "/org/iommud1", FALSE);
  /* Twice, since devices come before what they belong to. */
  for (guint i = 0; i < 2; i++)
    {
      g_ptr_array_set_size (self->names, 0);
      g_variant_iter_init (&iter, objects);
      while (g_variant_iter_loop (&iter, "{&o@a{sa{sv}}}", &path, &interfaces))
        learn_object (self, path, interfaces);
    }
  for (guint i = 0; i < before->len; i++)
    if (!knows (self->live, before->pdata[i]))
      remember_dead (self, g_strdup (before->pdata[i]));
}

/* Objects of a kind are in a folder of their own, or in one of each container. */
static char *
get_kind (const char *path)
{
  g_autofree char *folder = g_path_get_dirname (path);

  return g_str_has_suffix (path, "/Manager") ? g_strdup ("Manager") : g_path_get_basename (folder);
}

void
pool_learn_info (Pool *self, const char *path, const char *xml)
{
  g_autoptr (GError) error = NULL;
  GDBusNodeInfo *info = g_dbus_node_info_new_for_xml (xml, &error);

  g_assert_no_error (error);
  g_hash_table_insert (self->infos, get_kind (path), info);
  for (guint i = 0; info->nodes != NULL && info->nodes[i] != NULL; i++)
    {
      g_autofree char *child = g_strdup_printf ("%s/%s", path, info->nodes[i]->path);

      pool_learn_path (self, child, is_part_of_own (self, child));
    }
}

/* What an object of the kind has; NULL: it was not read yet. */
GDBusNodeInfo *
pool_find_info (Pool *self, const char *path)
{
  g_autofree char *kind = get_kind (path);

  return g_hash_table_lookup (self->infos, kind);
}

static const char *
pick (Pool *self, const GPtrArray *paths, const char *kind)
{
  guint first = paths->len > 0 ? pool_below (self, paths->len) : 0;

  for (guint i = 0; i < paths->len; i++)
    {
      const char *path = paths->pdata[(first + i) % paths->len];

      if (kind == NULL || strstr (path, kind) != NULL)
        return path;
    }
  return NULL;
}

/* One whose path has @kind in it; NULL for any. More often the user's own. NULL: none is known. */
const char *
pool_pick_path (Pool *self, const char *kind)
{
  const char *own = pool_chance (self, 60) ? pick (self, self->own, kind) : NULL;

  return own != NULL ? own : pick (self, self->live, kind);
}

const char *
pool_pick_dead_path (Pool *self)
{
  return self->dead->len > 0 ? self->dead->pdata[pool_below (self, self->dead->len)]
                             : "/org/iommud1/containers/0";
}

const char *
pool_pick_name (Pool *self)
{
  return self->names->len > 0 ? self->names->pdata[pool_below (self, self->names->len)] : "none";
}

/* --- Files ------------------------------------------------------------------------------------ */

void
pool_take_file (Pool *self, PoolFileKind kind, int fd)
{
  const PoolFile file = { kind, fd };

  if (self->files->len == MAX_FILES)
    pool_close_file (self, pool_pick_file (self));
  g_array_append_val (self->files, file);
}

PoolFile *
pool_pick_file (Pool *self)
{
  return self->files->len > 0
             ? &g_array_index (self->files, PoolFile, pool_below (self, self->files->len))
             : NULL;
}

void
pool_close_file (Pool *self, PoolFile *file)
{
  close (file->fd);
  g_array_remove_index_fast (self->files,
                             (guint) (file - &g_array_index (self->files, PoolFile, 0)));
}

/* A copy of a bound cdev keeps the device in its context, even if the service has detached it. */
static gboolean
keeps_objects (const PoolFile *file)
{
  return file->kind == POOL_FILE_IOMMUFD || file->kind == POOL_FILE_BOUND_CDEV
         || file->kind == POOL_FILE_BITMAP;
}

/* @all: not only those that keep objects of the kernel, or a bitmap. */
void
pool_close_files (Pool *self, gboolean all)
{
  for (guint i = self->files->len; i > 0; i--)
    {
      PoolFile *file = &g_array_index (self->files, PoolFile, i - 1);

      if (all || keeps_objects (file))
        pool_close_file (self, file);
    }
}

static int
open_pipe_end (guint end)
{
  int ends[2];

  if (pipe2 (ends, O_CLOEXEC) != 0)
    return -1;
  close (ends[1 - end]);
  return ends[end];
}

static int
open_socket (void)
{
  int ends[2];

  if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
    return -1;
  close (ends[0]);
  return ends[1];
}

/* Another open file of the same memory. */
static int
reopen (int file, int flags)
{
  g_autofree char *path = g_strdup_printf ("/proc/self/fd/%d", file);
  int again = open (path, flags | O_CLOEXEC);

  close (file);
  return again;
}

static int
open_sealed (guint64 size, guint seals)
{
  int file = memfd_create ("fuzz", MFD_CLOEXEC | MFD_ALLOW_SEALING);

  if (ftruncate (file, (off_t) size) != 0 || fcntl (file, F_ADD_SEALS, seals) != 0)
    g_assert_not_reached ();
  return file;
}

/* Memory that can be mapped. */
int
pool_open_memory (Pool *self)
{
  static const guint64 sizes[] = { 4096,     32 << 12, 2 << 20,
                                   64 << 20, 64 << 20, G_GUINT64_CONSTANT (3) << 30 };
  static const guint seals[] = { 0, F_SEAL_SHRINK, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL };
  guint64 size = sizes[pool_below (self, G_N_ELEMENTS (sizes))];

  if (pool_chance (self, 10))
    return open ("/dev/shm", O_RDWR | O_TMPFILE | O_CLOEXEC, 0600);
  return open_sealed (size, seals[pool_below (self, G_N_ELEMENTS (seals))]);
}

static int
open_own (Pool *self)
{
  switch (pool_below (self, 15))
    {
    case 0:
    case 1:
      return open_pipe_end (pool_below (self, 2));
    case 2:
      return open_socket ();
    case 3:
      return open_sealed (16 << 12, F_SEAL_WRITE);
    case 4:
      return reopen (pool_open_memory (self), O_RDONLY);
    case 5:
      return reopen (pool_open_memory (self), O_PATH);
    case 6:
      return open ("/dev/null", O_RDWR | O_CLOEXEC);
    case 7:
      return open ("/dev/zero", O_RDWR | O_CLOEXEC);
    case 8:
      return open ("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    case 9:
      return open ("/tmp", O_PATH | O_CLOEXEC);
    case 10:
      return open ("/tmp", O_RDWR | O_TMPFILE | O_CLOEXEC, 0600);
    case 11:
      return eventfd (0, EFD_CLOEXEC);
    case 12:
      return epoll_create1 (EPOLL_CLOEXEC);
    case 13:
      return open ("/proc/self/status", O_RDONLY | O_CLOEXEC);
    default:
      return pool_open_memory (self);
    }
}

/* A file of any kind, for a message, which closes it. */
int
pool_open_file (Pool *self)
{
  PoolFile *taken = pool_chance (self, 40) ? pool_pick_file (self) : NULL;
  int file = taken != NULL ? fcntl (taken->fd, F_DUPFD_CLOEXEC, 0) : open_own (self);

  return file >= 0 ? file : open ("/dev/null", O_RDONLY | O_CLOEXEC);
}
