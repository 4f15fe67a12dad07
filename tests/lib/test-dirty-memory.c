/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The memory of dirty bitmaps: it is there before the kernel writes to it, or no page is lost. */
#include "config.h"

#include "dirty-fixture.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <unistd.h>

#include "sim/kernel-testing.h"
#include "simulator/simulator-testing.h"

/* A page of the bitmap stands for so much. */
#define OF_A_PAGE (128 * MIB)

/* The first call and the calls that repeat it. */
#define MAX_TRIES 32

typedef struct
{
  gboolean interrupted;
  guint n_calls;
} Interruption;

/* The functions below stand before those of the C library. */
static Interruption allocation;
static Interruption reading;
static gboolean sealing_fails;

__attribute__ ((visibility ("default"))) int
posix_fallocate (int fd, off_t offset, off_t length)
{
  allocation.n_calls++;
  if (allocation.interrupted)
    return EINTR;
  return fallocate (fd, 0, offset, length) == 0 ? 0 : errno;
}

__attribute__ ((visibility ("default"))) ssize_t
pread (int fd, void *buffer, size_t length, off_t offset)
{
  reading.n_calls++;
  if (reading.interrupted)
    {
      errno = EINTR;
      return -1;
    }
  return lseek (fd, offset, SEEK_SET) < 0 ? -1 : read (fd, buffer, length);
}

__attribute__ ((visibility ("default"))) int
fcntl (int fd, int command, ...)
{
  static int (*real) (int, int, ...);
  va_list arguments;
  long argument;

  va_start (arguments, command);
  argument = va_arg (arguments, long);
  va_end (arguments);
  if (command == F_ADD_SEALS && sealing_fails)
    {
      errno = EPERM;
      return -1;
    }
  if (real == NULL)
    *(void **) &real = dlsym (RTLD_NEXT, "fcntl");
  return real (fd, command, argument);
}

/* Writes on both sides of each border between two pages of the bitmap, and at the end. */
static void
write_everywhere (MappingFixture *self, const char *device)
{
  for (guint64 border = OF_A_PAGE; border < 4 * OF_A_PAGE; border += OF_A_PAGE)
    dirty_fixture_write (self, device, border - PAGE, 2);
  dirty_fixture_write (self, device, 4 * OF_A_PAGE - PAGE, 1);
}

static void
start_and_write (MappingFixture *self, const char *device)
{
  dirty_fixture_map (self, 0, 4 * OF_A_PAGE);
  dirty_fixture_attach (self, device, IOMMUD_TRACKER_CHOICE_AUTO);
  dirty_fixture_start (self);
  write_everywhere (self, device);
}

#define EVERYWHERE "32767-32768 65535-65536 98303-98304 131071"

/* On Linux 6.19 to 7.3, bits behind the first page of the bitmap would be gone. */
static void
test_present (MappingFixture *self, gconstpointer unused)
{
  start_and_write (self, DIRTY_A);
  dirty_fixture_assert_dirty (self, 0, 4 * OF_A_PAGE, EVERYWHERE);
  dirty_fixture_assert_dirty (self, 0, 4 * OF_A_PAGE, "");
  dirty_fixture_stop (self);
}

static void
inject (MappingFixture *self, int errnum)
{
  model_fixture_inject (&self->model, "madvise", 0, errnum, 0);
}

/* What is only interrupted, or comes too early, is there in the end. */
static void
test_late (MappingFixture *self, gconstpointer unused)
{
  start_and_write (self, DIRTY_A);
  model_fixture_inject (&self->model, "madvise", 1, EAGAIN, 0);
  model_fixture_inject (&self->model, "madvise", 2, EINTR, 0);
  dirty_fixture_assert_dirty (self, 0, 4 * OF_A_PAGE, EVERYWHERE);
  dirty_fixture_stop (self);
}

static void
test_absent (MappingFixture *self, const char *device, const char *operation)
{
  guint n_calls;

  start_and_write (self, device);
  mapping_fixture_map (self, self->container, 0, 2 * PAGE, 4 * OF_A_PAGE,
                       IOMMUD_MAP_FLAGS_READABLE | IOMMUD_MAP_FLAGS_FIXED);
  n_calls = dirty_fixture_count (self, operation);
  inject (self, ENOMEM);
  /* What is not mapped for writing is clean. */
  dirty_fixture_assert_dirty (self, 4 * PAGE, 4 * OF_A_PAGE, "0-131067");
  g_assert_cmpuint (dirty_fixture_count (self, operation), ==, n_calls);
  iommud_simulated_kernel_clear_faults (iommud_simulator_get_kernel (self->model.simulator));
  /* Nothing was taken from the kernel, and nothing more than was asked for counts as dirty. */
  dirty_fixture_assert_dirty (self, 0, 4 * OF_A_PAGE + 2 * PAGE, EVERYWHERE);
  dirty_fixture_stop (self);
}

static void
test_absent_for_hwpt (MappingFixture *self, gconstpointer unused)
{
  test_absent (self, DIRTY_A, "get-dirty-bitmap");
}

static void
test_absent_for_log (MappingFixture *self, gconstpointer unused)
{
  test_absent (self, LOGGING, "dma-logging-report");
}

/* A device that leaves is read too. */
static void
test_absent_at_detach (MappingFixture *self, gconstpointer unused)
{
  start_and_write (self, DIRTY_A);
  inject (self, ENOMEM);
  dirty_fixture_detach (self, DIRTY_A);
  iommud_simulated_kernel_clear_faults (iommud_simulator_get_kernel (self->model.simulator));
  dirty_fixture_assert_dirty (self, 0, 4 * OF_A_PAGE, "0-131071");
  dirty_fixture_stop (self);
}

/* If the kernel says that it could not store everything, the bits are gone nevertheless. */
static void
test_kernel_says_so (MappingFixture *self, gconstpointer unused)
{
  start_and_write (self, DIRTY_A);
  model_fixture_inject (&self->model, "get-dirty-bitmap", 1, EFAULT, 0);
  dirty_fixture_read_fails (self, 0, 4 * OF_A_PAGE, PAGE, IOMMUD_ERROR_NO_MEMORY, "(EFAULT)");
  dirty_fixture_assert_dirty (self, 0, 4 * OF_A_PAGE, "0-131071");
  dirty_fixture_stop (self);
}

static void
test_interrupted (MappingFixture *self, Interruption *interruption)
{
  start_and_write (self, DIRTY_A);
  interruption->n_calls = 0;
  interruption->interrupted = TRUE;
  dirty_fixture_read_fails (self, 0, 4 * OF_A_PAGE, PAGE, IOMMUD_ERROR_FAILED, "(EINTR)");
  interruption->interrupted = FALSE;
  g_assert_cmpuint (interruption->n_calls, ==, MAX_TRIES);
  dirty_fixture_assert_dirty (self, 0, 4 * OF_A_PAGE, EVERYWHERE);
  dirty_fixture_stop (self);
}

static void
test_allocation_interrupted (MappingFixture *self, gconstpointer unused)
{
  test_interrupted (self, &allocation);
}

static void
test_counting_interrupted (MappingFixture *self, gconstpointer unused)
{
  test_interrupted (self, &reading);
}

static void
test_sealing_fails (MappingFixture *self, gconstpointer unused)
{
  start_and_write (self, DIRTY_A);
  sealing_fails = TRUE;
  dirty_fixture_read_fails (self, 0, 4 * OF_A_PAGE, PAGE, IOMMUD_ERROR_PERMISSION_DENIED,
                            "sealing");
  sealing_fails = FALSE;
  dirty_fixture_assert_dirty (self, 0, 4 * OF_A_PAGE, EVERYWHERE);
  dirty_fixture_stop (self);
}

#define ADD(path, kernel, function)                                                                \
  g_test_add ("/dirty-memory/" path, MappingFixture, kernel, mapping_fixture_set_up, function,     \
              mapping_fixture_tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("present/6.12", "6.12", test_present);
  ADD ("present/6.19", "6.19", test_present);
  ADD ("present/7.4", "7.4", test_present);
  ADD ("late", "6.19", test_late);
  ADD ("absent-for-hwpt", "6.19", test_absent_for_hwpt);
  ADD ("absent-for-log", NULL, test_absent_for_log);
  ADD ("absent-at-detach", "6.19", test_absent_at_detach);
  ADD ("kernel-says-so", "7.4", test_kernel_says_so);
  ADD ("allocation-interrupted", NULL, test_allocation_interrupted);
  ADD ("counting-interrupted", NULL, test_counting_interrupted);
  ADD ("sealing-fails", NULL, test_sealing_fails);
  return g_test_run ();
}
