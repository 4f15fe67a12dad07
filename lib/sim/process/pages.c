/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* References to memory. A file is mapped into this process because safe copies need an address; we
 * never touch it through that mapping. */
#include "config.h"

#include "sim/process/pages.h"

#include "sim/process/user-memory.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

struct _IommudSimulatedPages
{
  guint references;
  guint64 address;                 /* of the first page */
  guint64 origin;                  /* the same, or the offset of that page in the file */
  guint64 length;                  /* of a file that is mapped here; 0 for none */
  int file;                        /* our own descriptor of it; -1 */
  IommudSimulatedAccount *account; /* NULL for none */
  GHashTable *charged;             /* how often each page is pinned; NULL without an account */
  gboolean is_file;
  gboolean writable;
};

static guint64
get_page (guint64 address)
{
  return address - address % IOMMUD_SIMULATED_PAGE_SIZE;
}

IommudSimulatedPages *
iommud_simulated_pages_new (guint64 address, gboolean writable)
{
  IommudSimulatedPages *self = g_new0 (IommudSimulatedPages, 1);

  self->references = 1;
  self->address = get_page (address);
  self->origin = self->address;
  self->file = -1;
  self->writable = writable;
  return self;
}

/* Only the pages of such files can be pinned for long. */
static gboolean
is_memory_file (int file)
{
  struct statfs status;
  struct stat node;

  return fstatfs (file, &status) == 0
         && ((guint32) status.f_type == TMPFS_MAGIC || (guint32) status.f_type == HUGETLBFS_MAGIC)
         && fstat (file, &node) == 0 && S_ISREG (node.st_mode);
}

/* A file that may not be written is mapped read-only: writes to it will give EFAULT. */
static void
map_file (IommudSimulatedPages *self, int file, guint64 length)
{
  int protection = self->writable ? PROT_READ | PROT_WRITE : PROT_READ;
  void *memory = MAP_FAILED;

  if (!is_memory_file (file) || length > MIN (G_MAXSIZE, G_MAXINT64)
      || self->origin > G_MAXINT64 - length)
    return;
  memory = mmap (NULL, (gsize) length, protection, MAP_SHARED | MAP_NORESERVE, file,
                 (off_t) self->origin);
  if (memory == MAP_FAILED && (errno == EACCES || errno == EPERM))
    memory = mmap (NULL, (gsize) length, PROT_READ, MAP_SHARED | MAP_NORESERVE, file,
                   (off_t) self->origin);
  if (memory == MAP_FAILED)
    return;
  self->address = (guintptr) memory;
  self->length = length;
  self->file = fcntl (file, F_DUPFD_CLOEXEC, 0);
}

IommudSimulatedPages *
iommud_simulated_pages_new_of_file (int file, guint64 offset, guint64 length, gboolean writable)
{
  int flags = fcntl (file, F_GETFL);
  IommudSimulatedPages *self;

  /* An ioctl refuses a descriptor that gives no access to its file. */
  if (flags < 0 || (flags & O_PATH) != 0)
    return NULL;
  self = g_new0 (IommudSimulatedPages, 1);
  self->references = 1;
  self->origin = get_page (offset);
  self->file = -1;
  self->is_file = TRUE;
  self->writable = writable;
  map_file (self, file, length + offset % IOMMUD_SIMULATED_PAGE_SIZE);
  return self;
}

IommudSimulatedPages *
iommud_simulated_pages_ref (IommudSimulatedPages *self)
{
  self->references++;
  return self;
}

void
iommud_simulated_pages_unref (IommudSimulatedPages *self)
{
  if (--self->references != 0)
    return;
  if (self->length != 0)
    munmap ((void *) (guintptr) self->address, (gsize) self->length);
  if (self->file >= 0)
    close (self->file);
  g_clear_pointer (&self->charged, g_hash_table_unref);
  g_free (self);
}

void
iommud_simulated_pages_set_account (IommudSimulatedPages *self, IommudSimulatedAccount *account)
{
  self->account = account;
  if (account != NULL)
    self->charged = g_hash_table_new (NULL, NULL);
}

gboolean
iommud_simulated_pages_is_writable (const IommudSimulatedPages *self)
{
  return self->writable;
}

guint64
iommud_simulated_pages_get_origin (const IommudSimulatedPages *self, guint64 start)
{
  return self->origin + start;
}

/* Whole pages of the file must be there. */
static gboolean
has_file (const IommudSimulatedPages *self, guint64 start, guint64 length)
{
  struct stat status;
  guint64 last = start + (length - 1);

  last += IOMMUD_SIMULATED_PAGE_SIZE - 1 - last % IOMMUD_SIMULATED_PAGE_SIZE;
  return self->file >= 0 && fstat (self->file, &status) == 0
         && self->origin + last < (guint64) status.st_size;
}

static gpointer
page_key (guint64 page)
{
  return GSIZE_TO_POINTER ((gsize) page);
}

static guint
count_pins (const IommudSimulatedPages *self, guint64 page)
{
  return GPOINTER_TO_UINT (g_hash_table_lookup (self->charged, page_key (page)));
}

static void
set_pins (IommudSimulatedPages *self, guint64 page, guint count)
{
  if (count != 0)
    g_hash_table_insert (self->charged, page_key (page), GUINT_TO_POINTER (count));
  else
    g_hash_table_remove (self->charged, page_key (page));
}

static int
charge (IommudSimulatedPages *self, guint64 first, guint64 last)
{
  guint64 before = g_hash_table_size (self->charged);
  guint64 added = 0;

  /* No more pages than the limit are ever charged, so there is no need to look at more. */
  if (last - first > IOMMUD_SIMULATED_LOCKED_PAGES_LIMIT + before)
    return ENOMEM;
  for (guint64 page = first; page <= last; page++)
    added += count_pins (self, page) == 0 ? 1 : 0;
  if (self->account->pages + added > IOMMUD_SIMULATED_LOCKED_PAGES_LIMIT)
    return ENOMEM;
  for (guint64 page = first; page <= last; page++)
    set_pins (self, page, count_pins (self, page) + 1);
  self->account->pages += added;
  return 0;
}

int
iommud_simulated_pages_pin (IommudSimulatedPages *self, guint64 start, guint64 length)
{
  int errnum;

  if (self->is_file && !has_file (self, start, length))
    return EINVAL;
  errnum = iommud_simulated_pin_user (self->address + start, length, self->writable);
  if (errnum != 0 || self->account == NULL)
    return errnum;
  return charge (self, start / IOMMUD_SIMULATED_PAGE_SIZE,
                 (start + (length - 1)) / IOMMUD_SIMULATED_PAGE_SIZE);
}

void
iommud_simulated_pages_unpin (IommudSimulatedPages *self, guint64 start, guint64 length)
{
  guint64 last = (start + (length - 1)) / IOMMUD_SIMULATED_PAGE_SIZE;

  for (guint64 page = start / IOMMUD_SIMULATED_PAGE_SIZE; self->account != NULL && page <= last;
       page++)
    {
      guint pins = count_pins (self, page);

      set_pins (self, page, pins - 1);
      self->account->pages -= pins == 1 ? 1 : 0;
    }
}

/* A file that has no memory, or that is too long for us. */
static gboolean
is_absent (const IommudSimulatedPages *self)
{
  return self->is_file && self->length == 0;
}

int
iommud_simulated_pages_read (const IommudSimulatedPages *self, guint64 start, void *to,
                             gsize length)
{
  if (is_absent (self))
    return EFAULT;
  return iommud_simulated_copy_from_user (to, self->address + start, length);
}

int
iommud_simulated_pages_write (const IommudSimulatedPages *self, guint64 start, const void *from,
                              gsize length)
{
  if (is_absent (self))
    return EFAULT;
  return iommud_simulated_copy_to_user (self->address + start, from, length);
}
