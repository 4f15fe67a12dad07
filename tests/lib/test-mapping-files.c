/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which files can be mapped, and what happens when they change or are closed afterwards. */
#include "config.h"

#include "mapping-fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#define OLD "6.12"
#define NEW "6.13"

static void
refuse_file (MappingFixture *fixture, int file, const char *text)
{
  mapping_fixture_map_fails (fixture, file, 0, PAGE, 0, FIXED, IOMMUD_ERROR_INVALID_ARGUMENT, text);
  if (file >= 0)
    close (file);
}

static int
open_again (int file, int flags)
{
  g_autofree char *path = g_strdup_printf ("/proc/self/fd/%d", file);
  int opened = open (path, flags | O_CLOEXEC);

  g_assert_cmpint (opened, >=, 0);
  return opened;
}

static void
test_other_files (MappingFixture *fixture, gconstpointer unused)
{
  const char *text = "must be a memfd, or a regular file on tmpfs or hugetlbfs";
  int ends[2];
  int sockets[2];

  g_assert_cmpint (pipe (ends), ==, 0);
  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM, 0, sockets), ==, 0);
  refuse_file (fixture, -1, "Bad file descriptor (EBADF)");
  refuse_file (fixture, ends[0], text);
  refuse_file (fixture, ends[1], text);
  refuse_file (fixture, sockets[0], text);
  refuse_file (fixture, sockets[1], text);
  refuse_file (fixture, open ("/dev/null", O_RDWR | O_CLOEXEC), text);
  refuse_file (fixture, open ("/dev/zero", O_RDWR | O_CLOEXEC), text);
  refuse_file (fixture, open ("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC), text);
  refuse_file (fixture, open ("/dev/shm", O_RDONLY | O_DIRECTORY | O_CLOEXEC), text);
  refuse_file (fixture, open_again (fixture->file, O_PATH), "O_PATH");
  refuse_file (fixture, open_again (fixture->file, O_RDONLY), "open read-only");
  refuse_file (fixture, open_again (fixture->file, O_WRONLY), "not open for reading");
}

static void
test_regular_file_elsewhere (MappingFixture *fixture, gconstpointer unused)
{
  g_autofree char *name = NULL;
  g_autoptr (GError) error = NULL;
  int file = g_file_open_tmp ("iommud-XXXXXX", &name, &error);
  int seals;

  g_assert_no_error (error);
  unlink (name);
  g_assert_cmpint (ftruncate (file, (off_t) PAGE), ==, 0);
  seals = fcntl (file, F_GET_SEALS);
  if (seals < 0)
    refuse_file (fixture, file, "must be a memfd, or a regular file on tmpfs or hugetlbfs");
  else
    {
      g_test_skip ("the folder for temporary files is on tmpfs");
      close (file);
    }
}

static void
test_seals (MappingFixture *fixture, gconstpointer unused)
{
  IommudMapFlags read = IOMMUD_MAP_FLAGS_READABLE | IOMMUD_MAP_FLAGS_FIXED;
  g_autoptr (GError) error = NULL;
  int sealed = mapping_fixture_new_file (PAGE);
  int future = mapping_fixture_new_file (PAGE);
  int size = mapping_fixture_new_file (PAGE);

  g_assert_cmpint (fcntl (sealed, F_ADD_SEALS, F_SEAL_WRITE), ==, 0);
  g_assert_cmpint (fcntl (future, F_ADD_SEALS, F_SEAL_FUTURE_WRITE), ==, 0);
  g_assert_cmpint (fcntl (size, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL), ==, 0);
  refuse_file (fixture, sealed, "sealed against writing");
  mapping_fixture_map_fails (fixture, future, 0, PAGE, 0, FIXED, IOMMUD_ERROR_INVALID_ARGUMENT,
                             "sealed against writing");
  call_map_file (fixture->container, future, 0, PAGE, 0, read, NULL, NULL, &error);
  g_assert_no_error (error);
  call_map_file (fixture->container, size, 0, PAGE, PAGE, FIXED, NULL, NULL, &error);
  g_assert_no_error (error);
  close (future);
  close (size);
  mapping_fixture_unmap (fixture->container, 0, 2 * PAGE);
}

static void
test_read_only_file (MappingFixture *fixture, gconstpointer unused)
{
  IommudMapFlags read = IOMMUD_MAP_FLAGS_READABLE | IOMMUD_MAP_FLAGS_FIXED;
  int file = open_again (fixture->file, O_RDONLY);
  g_autoptr (GError) error = NULL;

  call_map_file (fixture->container, file, 0, PAGE, 0, read, NULL, NULL, &error);
  g_assert_no_error (error);
  close (file);
  model_fixture_attach (&fixture->model, fixture->container, DIRTY_A);
  g_assert_false (iommud_simulator_device_write (fixture->model.simulator, DIRTY_A, 0, 1, 1, NULL));
  mapping_fixture_unmap (fixture->container, 0, PAGE);
}

static void
test_file_on_tmpfs (MappingFixture *fixture, gconstpointer unused)
{
  int file = open ("/dev/shm", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  g_autoptr (GError) error = NULL;

  if (file < 0 || fcntl (file, F_GET_SEALS) < 0)
    {
      g_test_skip ("/dev/shm is no tmpfs");
      return;
    }
  g_assert_cmpint (ftruncate (file, (off_t) PAGE), ==, 0);
  call_map_file (fixture->container, file, 0, PAGE, 0, FIXED, NULL, NULL, &error);
  g_assert_no_error (error);
  close (file);
  mapping_fixture_unmap (fixture->container, 0, PAGE);
}

/* The pages of a huge page's file that there are none of: nothing is pinned until a device comes.
 */
static void
test_huge_pages_of_the_file (MappingFixture *fixture, gconstpointer unused)
{
  int file = memfd_create ("iommud-huge", MFD_CLOEXEC | MFD_HUGETLB);

  if (file < 0 || ftruncate (file, (off_t) (4 * MIB)) < 0)
    {
      g_test_skip ("no hugetlbfs");
      if (file >= 0)
        close (file);
      return;
    }
  mapping_fixture_map_fails (fixture, file, 0, PAGE, 0, FIXED, IOMMUD_ERROR_INVALID_ARGUMENT,
                             "multiples of the file's page size, 0x");
  mapping_fixture_map_fails (fixture, file, PAGE, 2 * MIB, 0, FIXED, IOMMUD_ERROR_INVALID_ARGUMENT,
                             "multiples of the file's page size, 0x");
  close (file);
}

/* A client may make its file shorter: no process dies of SIGBUS, and an error says what cannot be
 * pinned. */
static void
test_truncated (MappingFixture *fixture, gconstpointer kernel)
{
  gboolean by_file = g_str_equal (kernel, NEW);
  g_autoptr (GError) error = NULL;
  int file = mapping_fixture_new_file (4 * PAGE);
  IommudDevice *device = model_fixture_device (&fixture->model, DIRTY_A);

  call_map_file (fixture->container, file, 0, 4 * PAGE, 0, FIXED, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpint (ftruncate (file, (off_t) PAGE), ==, 0);
  if (!call_attach_device (fixture->container, device, IOMMUD_ATTACH_MODE_AUTO,
                           IOMMUD_TRACKER_CHOICE_AUTO, NULL, NULL, &error))
    {
      mapping_fixture_assert_refused (
          error, by_file ? IOMMUD_ERROR_INCOMPATIBLE : IOMMUD_ERROR_INVALID_ARGUMENT,
          "made shorter");
      g_clear_error (&error);
    }
  mapping_fixture_unmap (fixture->container, 0, 4 * PAGE);
  g_assert_cmpint (ftruncate (file, 0), ==, 0);
  mapping_fixture_map_fails (fixture, file, 0, PAGE, 0, FIXED, IOMMUD_ERROR_INVALID_ARGUMENT,
                             "past the end of the file, 0");
  close (file);
}

static void
test_truncated_while_attached (MappingFixture *fixture, gconstpointer unused)
{
  g_autoptr (GError) error = NULL;
  int file = mapping_fixture_new_file (4 * PAGE);

  model_fixture_attach (&fixture->model, fixture->container, DIRTY_A);
  call_map_file (fixture->container, file, 0, 4 * PAGE, 0, FIXED, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpint (ftruncate (file, 0), ==, 0);
  mapping_fixture_unmap (fixture->container, 0, 4 * PAGE);
  close (file);
}

static void
test_caller_closes (MappingFixture *fixture, gconstpointer unused)
{
  int file = mapping_fixture_new_file (PAGE);
  g_autoptr (GError) error = NULL;

  call_map_file (fixture->container, file, 0, PAGE, 0, FIXED, NULL, NULL, &error);
  g_assert_no_error (error);
  close (file);
  model_fixture_attach (&fixture->model, fixture->container, DIRTY_A);
  mapping_fixture_write (fixture, DIRTY_A, 0, PAGE, 'y');
}

#define ADD(path, kernel, function)                                                                \
  g_test_add ("/mapping-files/" kernel "/" path, MappingFixture, kernel, mapping_fixture_set_up,   \
              function, mapping_fixture_tear_down)
#define ADD_BOTH(path, function)                                                                   \
  ADD (path, OLD, function);                                                                       \
  ADD (path, NEW, function)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("other-files", OLD, test_other_files);
  ADD ("regular-file-elsewhere", OLD, test_regular_file_elsewhere);
  ADD_BOTH ("seals", test_seals);
  ADD_BOTH ("read-only-file", test_read_only_file);
  ADD_BOTH ("file-on-tmpfs", test_file_on_tmpfs);
  ADD ("huge-pages-of-the-file", OLD, test_huge_pages_of_the_file);
  ADD_BOTH ("truncated", test_truncated);
  ADD_BOTH ("truncated-while-attached", test_truncated_while_attached);
  ADD_BOTH ("caller-closes", test_caller_closes);
  return g_test_run ();
}
