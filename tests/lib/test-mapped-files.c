/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Parts of files that are mapped into this process: many small ones take few mappings of it. */
#include "config.h"

#include "handle/mapped-file.h"
#include "iommud-error.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE G_GUINT64_CONSTANT (4096)
#define N_PIECES 100000
#define GIBIBYTE (G_GUINT64_CONSTANT (1) << 30)

typedef struct
{
  IommudMappedFiles *files;
  IommudKernelAccess access;
  int file;
} Fixture;

static void
set_up (Fixture *self, gconstpointer unused)
{
  self->files = iommud_mapped_files_new ();
  self->access.syscalls = iommud_syscalls_get_real ();
  self->access.what = g_strdup ("map a file");
  self->file = memfd_create ("test-mapped-files", MFD_CLOEXEC);
  g_assert_cmpint (self->file, >=, 0);
}

static void
tear_down (Fixture *self, gconstpointer unused)
{
  close (self->file);
  g_free (self->access.what);
  iommud_mapped_files_unref (self->files);
}

static IommudMappedFile *
map_for (Fixture *self, guint64 owner, guint64 offset, guint64 length, gboolean writable)
{
  g_autoptr (GError) error = NULL;
  IommudMappedFile *file = NULL;

  iommud_mapped_file_new (self->files, &self->access, owner, self->file, offset, length, writable,
                          &file, &error);
  g_assert_no_error (error);
  return file;
}

static IommudMappedFile *
map (Fixture *self, guint64 offset, guint64 length, gboolean writable)
{
  return map_for (self, 1, offset, length, writable);
}

static void
resize (Fixture *self, guint64 size)
{
  g_assert_cmpint (ftruncate (self->file, (off_t) size), ==, 0);
}

static void
write_at (Fixture *self, guint64 offset, guint64 value)
{
  g_assert_cmpint (pwrite (self->file, &value, sizeof value, (off_t) offset), ==, sizeof value);
}

static guint64
read_at (const IommudMappedFile *file, guint64 offset)
{
  return *(const guint64 *) (guintptr) (iommud_mapped_file_get_address (file) + offset);
}

/* Mappings of this process that are of the file. */
static guint
count_mappings (void)
{
  g_autofree char *maps = NULL;
  guint n = 0;

  g_assert_true (g_file_get_contents ("/proc/self/maps", &maps, NULL, NULL));
  for (const char *p = maps; (p = strstr (p, "memfd:test-mapped-files")) != NULL; p++)
    n++;
  return n;
}

/* More than Linux lets a process have mappings. */
static void
test_many_pieces (Fixture *self, gconstpointer unused)
{
  g_autoptr (GPtrArray) pieces =
      g_ptr_array_new_with_free_func ((GDestroyNotify) iommud_mapped_file_unref);

  resize (self, N_PIECES * PAGE);
  write_at (self, 0, 1);
  write_at (self, (N_PIECES - 1) * PAGE, 2);
  for (guint64 i = 0; i < N_PIECES; i++)
    g_ptr_array_add (pieces, map (self, i * PAGE, PAGE, TRUE));
  g_assert_cmpuint (count_mappings (), ==, 1);
  g_assert_cmpuint (read_at (g_ptr_array_index (pieces, 0), 0), ==, 1);
  g_assert_cmpuint (read_at (g_ptr_array_index (pieces, N_PIECES - 1), 0), ==, 2);
  g_ptr_array_set_size (pieces, 0);
  g_assert_cmpuint (count_mappings (), ==, 0);
}

/* Who may only read does not get at memory that can be written. */
static void
test_access (Fixture *self, gconstpointer unused)
{
  IommudMappedFile *readable = NULL;
  IommudMappedFile *writable = NULL;

  resize (self, 2 * PAGE);
  readable = map (self, 0, PAGE, FALSE);
  writable = map (self, 0, PAGE, TRUE);
  g_assert_cmpuint (count_mappings (), ==, 2);
  g_assert_cmpuint (iommud_mapped_file_get_address (readable), !=,
                    iommud_mapped_file_get_address (writable));
  iommud_mapped_file_unref (readable);
  iommud_mapped_file_unref (writable);
  g_assert_cmpuint (count_mappings (), ==, 0);
}

/* A file system may give two files one number, so nobody gets what was mapped for another. */
static void
test_owners (Fixture *self, gconstpointer unused)
{
  IommudMappedFile *first = NULL;
  IommudMappedFile *second = NULL;

  resize (self, 2 * PAGE);
  first = map_for (self, 1, 0, PAGE, TRUE);
  second = map_for (self, 2, 0, PAGE, TRUE);
  g_assert_cmpuint (count_mappings (), ==, 2);
  g_assert_cmpuint (iommud_mapped_file_get_address (first), !=,
                    iommud_mapped_file_get_address (second));
  iommud_mapped_file_unref (first);
  iommud_mapped_file_unref (second);
  g_assert_cmpuint (count_mappings (), ==, 0);
}

/* A file that has grown needs a longer window; what is mapped stays where it is. */
static void
test_growth (Fixture *self, gconstpointer unused)
{
  IommudMappedFile *first = NULL;
  IommudMappedFile *second = NULL;
  IommudMappedFile *third = NULL;

  resize (self, PAGE);
  first = map (self, 0, PAGE, TRUE);
  resize (self, 2 * PAGE);
  write_at (self, 0, 3);
  write_at (self, PAGE, 4);
  second = map (self, PAGE, PAGE, TRUE);
  third = map (self, 0, 2 * PAGE, TRUE);
  g_assert_cmpuint (count_mappings (), ==, 2);
  g_assert_cmpuint (read_at (first, 0), ==, 3);
  g_assert_cmpuint (read_at (second, 0), ==, 4);
  g_assert_cmpuint (read_at (third, PAGE), ==, 4);
  iommud_mapped_file_unref (first);
  g_assert_cmpuint (count_mappings (), ==, 1);
  iommud_mapped_file_unref (second);
  iommud_mapped_file_unref (third);
  g_assert_cmpuint (count_mappings (), ==, 0);
}

/* A window can be found as long as one piece of it is left. */
static void
test_left_pieces (Fixture *self, gconstpointer unused)
{
  IommudMappedFile *first = NULL;
  IommudMappedFile *second = NULL;
  IommudMappedFile *third = NULL;

  resize (self, 3 * PAGE);
  first = map (self, 0, PAGE, TRUE);
  second = map (self, PAGE, PAGE, TRUE);
  iommud_mapped_file_unref (first);
  third = map (self, 2 * PAGE, PAGE, TRUE);
  g_assert_cmpuint (count_mappings (), ==, 1);
  iommud_mapped_file_unref (second);
  iommud_mapped_file_unref (third);
  g_assert_cmpuint (count_mappings (), ==, 0);
}

static void *
refuse_mmap (const IommudSyscalls *self, void *address, size_t length, int protection, int flags,
             int fd, off_t offset)
{
  errno = ENOMEM;
  return MAP_FAILED;
}

/* What could not be mapped takes no room, here all that there is. */
static void
test_refused (Fixture *self, gconstpointer unused)
{
  IommudSyscalls refusing = *iommud_syscalls_get_real ();
  const IommudKernelAccess access = { .syscalls = &refusing, .what = self->access.what };
  g_autoptr (GError) error = NULL;
  IommudMappedFile *file = NULL;

  resize (self, PAGE);
  refusing.mmap = refuse_mmap;
  g_assert_false (iommud_mapped_file_new (self->files, &access, 1, self->file, 0, 65536 * GIBIBYTE,
                                          TRUE, &file, &error));
  g_assert_error (error, IOMMUD_ERROR, IOMMUD_ERROR_NO_MEMORY);
  iommud_mapped_file_unref (map (self, 0, PAGE, TRUE));
}

/* A piece across the border of two windows, and one that is larger than a window. */
static void
test_borders (Fixture *self, gconstpointer unused)
{
  IommudMappedFile *across = NULL;
  IommudMappedFile *large = NULL;
  IommudMappedFile *last = NULL;

  resize (self, 3 * GIBIBYTE);
  write_at (self, GIBIBYTE, 5);
  write_at (self, 3 * GIBIBYTE - PAGE, 6);
  across = map (self, GIBIBYTE - PAGE, 2 * PAGE, TRUE);
  large = map (self, 0, 3 * GIBIBYTE, TRUE);
  last = map (self, 3 * GIBIBYTE - PAGE, PAGE, TRUE);
  g_assert_cmpuint (count_mappings (), ==, 3);
  g_assert_cmpuint (read_at (across, PAGE), ==, 5);
  g_assert_cmpuint (read_at (large, GIBIBYTE), ==, 5);
  g_assert_cmpuint (read_at (last, 0), ==, 6);
  iommud_mapped_file_unref (across);
  iommud_mapped_file_unref (large);
  iommud_mapped_file_unref (last);
  g_assert_cmpuint (count_mappings (), ==, 0);
}

/* A core dump of this process does not have the memory of its clients. */
static void
test_core_dumps (Fixture *self, gconstpointer unused)
{
  g_autofree char *maps = NULL;
  IommudMappedFile *file = NULL;
  const char *flags;

  resize (self, PAGE);
  file = map (self, 0, PAGE, TRUE);
  g_assert_true (g_file_get_contents ("/proc/self/smaps", &maps, NULL, NULL));
  flags = strstr (strstr (maps, "memfd:test-mapped-files"), "VmFlags:");
  g_assert_nonnull (flags);
  *strchrnul (flags, '\n') = '\0';
  g_assert_nonnull (strstr (flags, " dd"));
  iommud_mapped_file_unref (file);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, test) g_test_add ("/mapped-files/" name, Fixture, NULL, set_up, test, tear_down)
  ADD ("many-pieces", test_many_pieces);
  ADD ("access", test_access);
  ADD ("owners", test_owners);
  ADD ("growth", test_growth);
  ADD ("left-pieces", test_left_pieces);
  ADD ("refused", test_refused);
  ADD ("borders", test_borders);
  if (g_file_test ("/proc/self/smaps", G_FILE_TEST_EXISTS))
    ADD ("core-dumps", test_core_dumps);
  return g_test_run ();
}
