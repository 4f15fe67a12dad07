/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Parts of clients' files, mapped into this process for as long as some IOAS refers to them.
 *
 * A client may map a file in many small pieces. So what is mapped here are windows of files, and
 * all pieces that lie in one share it. */
#include "config.h"

#include "handle/mapped-file.h"

#include <errno.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/error.h"

/* Linux lets a process have 65530 mappings unless told otherwise, and 128 TiB of addresses. A
 * process that has none left cannot even allocate memory, so clients get a part of both. */
#define MAX_FILES 49152
#define MAX_BYTES (G_MAXSIZE > G_MAXUINT32 ? G_GUINT64_CONSTANT (1) << 46 : 1u << 31)

/* Windows begin at multiples of this in their file. A larger piece has a window of its own. */
#define WINDOW_BYTES (G_GUINT64_CONSTANT (1) << 30)

/* What is mapped keeps its file, so no other file should get its number meanwhile. But the numbers
 * of hugetlbfs, and of tmpfs in some kernels, have 32 bits and begin anew: so a window is shared
 * only by the pieces of one owner, whose files may all be mapped for it anyway. */
typedef struct
{
  guint64 owner;
  guint64 device; /* where the file is, and its number there */
  guint64 number;
  guint64 offset; /* of the window in the file */
  gboolean writable;
} Key;

typedef struct
{
  Key key;
  guint references; /* guarded by the lock of all files */
  gboolean shared;  /* it can be found by its key */
  void *address;
  gsize length;
} Window;

struct _IommudMappedFiles
{
  gatomicrefcount references;
  GMutex lock;
  GHashTable *windows; /* Key -> Window: the shared ones */
  guint count;
  guint64 bytes;
};

struct _IommudMappedFile
{
  gatomicrefcount references;
  IommudMappedFiles *files;
  Window *window;
  guint64 start; /* in the window */
};

static guint
hash_key (gconstpointer data)
{
  const Key *key = data;

  return (guint) (key->owner * 13 + key->number * 31 + key->device * 17
                  + key->offset / WINDOW_BYTES * 2 + (key->writable ? 1 : 0));
}

static gboolean
equal_keys (gconstpointer a, gconstpointer b)
{
  const Key *first = a;
  const Key *second = b;

  return first->owner == second->owner && first->device == second->device
         && first->number == second->number && first->offset == second->offset
         && first->writable == second->writable;
}

IommudMappedFiles *
iommud_mapped_files_new (void)
{
  IommudMappedFiles *self = g_new0 (IommudMappedFiles, 1);

  g_atomic_ref_count_init (&self->references);
  g_mutex_init (&self->lock);
  self->windows = g_hash_table_new (hash_key, equal_keys);
  return self;
}

IommudMappedFiles *
iommud_mapped_files_ref (IommudMappedFiles *self)
{
  g_atomic_ref_count_inc (&self->references);
  return self;
}

void
iommud_mapped_files_unref (IommudMappedFiles *self)
{
  if (!g_atomic_ref_count_dec (&self->references))
    return;
  g_hash_table_unref (self->windows);
  g_mutex_clear (&self->lock);
  g_free (self);
}

static gboolean
take_room (IommudMappedFiles *self, guint64 length)
{
  gboolean fits;

  g_mutex_lock (&self->lock);
  fits = self->count < MAX_FILES && length <= MAX_BYTES && self->bytes <= MAX_BYTES - length;
  if (fits)
    {
      self->count++;
      self->bytes += length;
    }
  g_mutex_unlock (&self->lock);
  return fits;
}

static void
give_room (IommudMappedFiles *self, guint64 length)
{
  g_mutex_lock (&self->lock);
  self->count--;
  self->bytes -= length;
  g_mutex_unlock (&self->lock);
}

static gboolean
map_address (Window *self, const IommudKernelAccess *access, int fd, GError **error)
{
  int protection = PROT_READ | (self->key.writable ? PROT_WRITE : 0);

  self->address = access->syscalls->mmap (access->syscalls, NULL, self->length, protection,
                                          MAP_SHARED | MAP_NORESERVE, fd, (off_t) self->key.offset);
  if (self->address == MAP_FAILED)
    {
      iommud_error_set_from_errno (error, -1, access->what, "mmap of the file", errno,
                                   errno == EAGAIN ? "too much memory is locked" : NULL);
      return FALSE;
    }
  /* A client's memory has no place in a core dump of this process. If the kernel refuses to leave
   * it out, the mapping is still of use. */
  (void) madvise (self->address, self->length, MADV_DONTDUMP);
  return TRUE;
}

/* The window that a piece of a file is in, as long as the file is. */
static void
choose_window (guint64 owner, int fd, guint64 offset, guint64 length, gboolean writable,
               Window *window)
{
  struct stat status = { 0 };
  guint64 start = offset - offset % WINDOW_BYTES;
  guint64 end = 0;

  if (fstat (fd, &status) == 0)
    end = MIN (start + WINDOW_BYTES, (guint64) MAX (status.st_size, 0));
  window->shared = offset + length <= end;
  window->key = (Key){ .owner = owner,
                       .device = status.st_dev,
                       .number = status.st_ino,
                       .offset = window->shared ? start : offset,
                       .writable = writable };
  window->length = (gsize) (window->shared ? end - start : length);
}

/* One that covers the piece up to @end, with one more reference; NULL if there is none. */
static Window *
find_window (IommudMappedFiles *files, const Key *key, guint64 end)
{
  Window *window;

  g_mutex_lock (&files->lock);
  window = g_hash_table_lookup (files->windows, key);
  if (window != NULL && key->offset + window->length < end)
    window = NULL; /* the file has grown since */
  if (window != NULL)
    window->references++;
  g_mutex_unlock (&files->lock);
  return window;
}

/* It takes the place of a window that is too short by now; that one stays as long as it is used. */
static void
share_window (IommudMappedFiles *files, Window *window)
{
  Window *other;

  g_mutex_lock (&files->lock);
  other = g_hash_table_lookup (files->windows, &window->key);
  if (other != NULL)
    other->shared = FALSE;
  g_hash_table_replace (files->windows, &window->key, window);
  g_mutex_unlock (&files->lock);
}

static Window *
map_window (IommudMappedFiles *files, const IommudKernelAccess *access, int fd,
            const Window *chosen, GError **error)
{
  Window *window;

  if (!take_room (files, chosen->length))
    {
      g_set_error (error, IOMMUD_ERROR, IOMMUD_ERROR_LIMITS_EXCEEDED,
                   "Cannot %s: on this kernel, the files of all containers can have at most %u "
                   "windows of 1 GiB and %#" G_GINT64_MODIFIER "x bytes mapped at a time",
                   access->what, MAX_FILES, (guint64) MAX_BYTES);
      return NULL;
    }
  window = g_memdup2 (chosen, sizeof *chosen);
  window->references = 1;
  if (!map_address (window, access, fd, error))
    {
      give_room (files, window->length);
      g_free (window);
      return NULL;
    }
  if (window->shared)
    share_window (files, window);
  return window;
}

/* Unmaps outside of the lock, since that can take long. */
static void
window_unref (IommudMappedFiles *files, Window *window)
{
  gboolean last;

  g_mutex_lock (&files->lock);
  last = --window->references == 0;
  if (last && window->shared)
    g_hash_table_remove (files->windows, &window->key);
  g_mutex_unlock (&files->lock);
  if (!last)
    return;
  if (munmap (window->address, window->length) < 0)
    g_warning ("munmap of a file that was mapped: %s", g_strerror (errno));
  give_room (files, window->length);
  g_free (window);
}

gboolean
iommud_mapped_file_new (IommudMappedFiles *files, const IommudKernelAccess *access, guint64 owner,
                        int fd, guint64 offset, guint64 length, gboolean writable,
                        IommudMappedFile **file, GError **error)
{
  Window chosen = { 0 };
  Window *window = NULL;
  IommudMappedFile *self;

  choose_window (owner, fd, offset, length, writable, &chosen);
  if (chosen.shared)
    window = find_window (files, &chosen.key, offset + length);
  if (window == NULL)
    window = map_window (files, access, fd, &chosen, error);
  if (window == NULL)
    return FALSE;
  self = g_new0 (IommudMappedFile, 1);
  g_atomic_ref_count_init (&self->references);
  self->files = iommud_mapped_files_ref (files);
  self->window = window;
  self->start = offset - window->key.offset;
  *file = self;
  return TRUE;
}

IommudMappedFile *
iommud_mapped_file_ref (IommudMappedFile *self)
{
  g_atomic_ref_count_inc (&self->references);
  return self;
}

void
iommud_mapped_file_unref (IommudMappedFile *self)
{
  if (!g_atomic_ref_count_dec (&self->references))
    return;
  window_unref (self->files, self->window);
  iommud_mapped_files_unref (self->files);
  g_free (self);
}

guint64
iommud_mapped_file_get_address (const IommudMappedFile *self)
{
  return (uintptr_t) self->window->address + self->start;
}
