/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files that cannot be mapped, ranges that cannot be mapped or unmapped, and callers that take the
 * memory away: each gets its error, and leaves nothing mapped and no file open. */
#include "config.h"

#include "memory.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#define PCI_1 "0000:01:00.0" /* reserves 0xfee00000 to 0xfeefffff */
#define PCI_2 "0000:02:00.0"
#define SIZE (16 * PAGE)

typedef struct
{
  Bed *bed;
  char *container;
  int file;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  g_autofree char *device = NULL;
  g_autofree char *hwpt = NULL;

  fixture->bed = bed_new (NULL);
  fixture->container = bed_create (fixture->bed, "{'name': <'vm1'>}");
  device = bed_device (fixture->bed, PCI_1);
  hwpt = bed_attach (fixture->bed, fixture->container, device);
  fixture->file = memory_new (SIZE);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  bed_assert (fixture->bed, fixture->container, "MappedBytes", "0");
  bed_call_ok (fixture->bed, fixture->container, "Free", bed_options ("{'force': <true>}"));
  close (fixture->file);
  g_free (fixture->container);
  bed_free (fixture->bed);
}

/* Maps a whole file, and closes it. */
static void
check_file (Fixture *fixture, int file, const char *options, const char *pattern)
{
  g_assert_cmpint (file, >=, 0);
  memory_map_fails (fixture->bed, fixture->container, file,
                    memory_map_arguments (0, 0, PAGE, GIBIBYTE, options),
                    IOMMUD_ERROR_INVALID_ARGUMENT, pattern);
  close (file);
}

static int
reopen (int file, int flags)
{
  g_autofree char *path = g_strdup_printf ("/proc/self/fd/%d", file);

  return open (path, flags | O_CLOEXEC);
}

static void
test_kinds (Fixture *fixture, gconstpointer data)
{
  const char *pattern = "*vm1*memfd*tmpfs*";
  int ends[2];

  g_assert_cmpint (pipe2 (ends, O_CLOEXEC), ==, 0);
  check_file (fixture, ends[1], NULL, "*");
  check_file (fixture, ends[0], "{'writable': <false>}", pattern);
  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), ==, 0);
  check_file (fixture, ends[0], NULL, pattern);
  check_file (fixture, ends[1], NULL, pattern);
  check_file (fixture, open ("/dev/null", O_RDWR | O_CLOEXEC), NULL, pattern);
  check_file (fixture, open ("/dev/zero", O_RDWR | O_CLOEXEC), NULL, pattern);
  check_file (fixture, open ("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC), "{'writable': <false>}",
              pattern);
  check_file (fixture, open ("/proc/self/status", O_RDONLY | O_CLOEXEC), "{'writable': <false>}",
              pattern);
  check_file (fixture, epoll_create1 (EPOLL_CLOEXEC), NULL, pattern);
}

static void
test_access (Fixture *fixture, gconstpointer data)
{
  int sealed = memory_new (SIZE);
  int read_only = reopen (fixture->file, O_RDONLY);

  check_file (fixture, reopen (fixture->file, O_PATH), NULL, "*O_PATH*");
  check_file (fixture, reopen (fixture->file, O_WRONLY), NULL, "*not open for reading*");
  check_file (fixture, dup (read_only), NULL, "*open read-only*");
  memory_map (fixture->bed, fixture->container, read_only, 0, PAGE, GIBIBYTE,
              "{'writable': <false>}");
  memory_unmap (fixture->bed, fixture->container, GIBIBYTE, PAGE);
  close (read_only);

  g_assert_cmpint (fcntl (sealed, F_ADD_SEALS, F_SEAL_WRITE), ==, 0);
  check_file (fixture, dup (sealed), NULL, "*sealed*");
  memory_map (fixture->bed, fixture->container, sealed, 0, PAGE, GIBIBYTE, "{'writable': <false>}");
  memory_unmap (fixture->bed, fixture->container, GIBIBYTE, PAGE);
  close (sealed);
}

static void
check_arguments (Fixture *fixture, int file, gint32 handle, const char *pattern)
{
  memory_map_fails (fixture->bed, fixture->container, file,
                    memory_map_arguments (handle, 0, PAGE, GIBIBYTE, NULL),
                    IOMMUD_ERROR_INVALID_ARGUMENT, pattern);
}

static void
test_handles (Fixture *fixture, gconstpointer data)
{
  check_arguments (fixture, fixture->file, 1, "*index 1*carries 1 file descriptor");
  check_arguments (fixture, fixture->file, -1, "*index -1*carries 1 file descriptor");
  check_arguments (fixture, fixture->file, G_MAXINT32, "*index 2147483647*");
  check_arguments (fixture, -1, 0, "*carries no file descriptor");
}

static void
check_range (Fixture *fixture, guint64 offset, guint64 length, guint64 iova, const char *pattern)
{
  memory_map_fails (fixture->bed, fixture->container, fixture->file,
                    memory_map_arguments (0, offset, length, iova, NULL),
                    IOMMUD_ERROR_INVALID_ARGUMENT, pattern);
}

static void
test_ranges (Fixture *fixture, gconstpointer data)
{
  const guint64 highest = G_MAXUINT64 - PAGE + 1;

  check_range (fixture, 0, 0, GIBIBYTE, "*vm1*");
  check_range (fixture, 0, 100, GIBIBYTE, "*vm1*");
  check_range (fixture, 100, PAGE, GIBIBYTE, "*vm1*");
  check_range (fixture, 0, PAGE, GIBIBYTE + 1, "*vm1*");
  check_range (fixture, SIZE, PAGE, GIBIBYTE, "*end of the file*");
  check_range (fixture, 0, SIZE + PAGE, GIBIBYTE, "*end of the file*");
  check_range (fixture, highest, PAGE, GIBIBYTE, "*end of the file*");
  check_range (fixture, PAGE, highest, GIBIBYTE, "*");
  check_range (fixture, 0, highest, 0, "*");
  check_range (fixture, 0, 2 * PAGE, highest, "*");
  check_range (fixture, G_MAXUINT64, G_MAXUINT64, G_MAXUINT64, "*");
}

static void
test_options (Fixture *fixture, gconstpointer data)
{
  check_file (fixture, dup (fixture->file), "{'readable': <false>, 'writable': <false>}", "*vm1*");
  check_file (fixture, dup (fixture->file), "{'readable': <'yes'>}", "*'readable'*'b'*'s'*");
  check_file (fixture, dup (fixture->file), "{'executable': <true>}",
              "*'executable'*readable, writable, fixed");
}

static void
test_taken (Fixture *fixture, gconstpointer data)
{
  memory_map (fixture->bed, fixture->container, fixture->file, 0, 4 * PAGE, GIBIBYTE, NULL);
  memory_map_fails (fixture->bed, fixture->container, fixture->file,
                    memory_map_arguments (0, 0, 2 * PAGE, GIBIBYTE + 3 * PAGE, NULL),
                    IOMMUD_ERROR_EXISTS, "*vm1*");
  memory_map_fails (fixture->bed, fixture->container, fixture->file,
                    memory_map_arguments (0, 0, PAGE, 0xfee00000, NULL),
                    IOMMUD_ERROR_ADDRESS_IN_USE, "*vm1*");
  memory_unmap (fixture->bed, fixture->container, GIBIBYTE, 4 * PAGE);
}

static void
check_unmap (Fixture *fixture, guint64 iova, guint64 length, const char *options, int code,
             const char *pattern)
{
  bed_call_fails (fixture->bed, fixture->container, "Unmap",
                  memory_range_arguments (iova, length, options), code, pattern);
  bed_assert (fixture->bed, fixture->container, "MappedBytes", "16384");
}

static void
check_unmap_and_read (Fixture *fixture, guint64 page_size, const char *options, const char *pattern)
{
  bed_call_fails (fixture->bed, fixture->container, "UnmapAndReadBitmap",
                  memory_read_arguments (GIBIBYTE, 4 * PAGE, page_size, options),
                  IOMMUD_ERROR_INVALID_ARGUMENT, pattern);
  bed_assert (fixture->bed, fixture->container, "MappedBytes", "16384");
}

static void
test_unmap (Fixture *fixture, gconstpointer data)
{
  const int invalid = IOMMUD_ERROR_INVALID_ARGUMENT;
  const guint64 length = 4 * PAGE;

  memory_map (fixture->bed, fixture->container, fixture->file, 0, length, GIBIBYTE, NULL);
  check_unmap (fixture, GIBIBYTE, 0, NULL, invalid, "*vm1*");
  check_unmap (fixture, GIBIBYTE + 1, length, NULL, invalid, "*vm1*");
  check_unmap (fixture, GIBIBYTE, length + 1, NULL, invalid, "*vm1*");
  check_unmap (fixture, GIBIBYTE, 0 - PAGE, NULL, invalid, "*vm1*");
  check_unmap (fixture, GIBIBYTE, PAGE, NULL, invalid, "*vm1*");
  check_unmap (fixture, GIBIBYTE + PAGE, length, NULL, invalid, "*vm1*");
  check_unmap (fixture, 2 * GIBIBYTE, length, NULL, IOMMUD_ERROR_NOT_FOUND, "*vm1*");
  check_unmap (fixture, GIBIBYTE, length, "{'force': <true>}", invalid, "*'force'*none");
  bed_call_fails (fixture->bed, fixture->container, "UnmapAll", bed_options ("{'force': <true>}"),
                  invalid, "*'force'*none");
  check_unmap_and_read (fixture, PAGE, NULL, "*vm1*active*");
  check_unmap_and_read (fixture, 0, NULL, "*vm1*power of two*");
  check_unmap_and_read (fixture, PAGE, "{'force': <true>}", "*'force'*none");
  memory_unmap (fixture->bed, fixture->container, GIBIBYTE, length);
}

static void
check_allowed (Fixture *fixture, GVariant *arguments, int code, const char *pattern)
{
  bed_call_fails (fixture->bed, fixture->container, "SetAllowedIovas", arguments, code, pattern);
  bed_assert (fixture->bed, fixture->container, "AllowedIovas", "[(4096, 8191)]");
}

static void
test_allowed (Fixture *fixture, gconstpointer data)
{
  const int invalid = IOMMUD_ERROR_INVALID_ARGUMENT;
  GVariantBuilder many;

  bed_call_ok (fixture->bed, fixture->container, "SetAllowedIovas",
               g_variant_new_parsed ("([(@t 0x1000, @t 0x1fff)], @a{sv} {})"));
  check_allowed (fixture, g_variant_new_parsed ("([(@t 0x2000, @t 0x1000)], @a{sv} {})"), invalid,
                 "*vm1*");
  check_allowed (fixture, g_variant_new_parsed ("([(@t 0x2000, @t 0x2000)], @a{sv} {})"), invalid,
                 "*vm1*");
  check_allowed (fixture,
                 g_variant_new_parsed ("([(@t 0x1000, @t 0x2fff), (0x2000, 0x3fff)], @a{sv} {})"),
                 invalid, "*vm1*");
  check_allowed (fixture, g_variant_new_parsed ("([(@t 0xfee00000, @t 0xfee0ffff)], @a{sv} {})"),
                 IOMMUD_ERROR_ADDRESS_IN_USE, "*vm1*");
  check_allowed (fixture, g_variant_new_parsed ("([(@t 0x1000, @t 0x1fff)], {'force': <true>})"),
                 invalid, "*'force'*none");

  g_variant_builder_init (&many, G_VARIANT_TYPE ("a(tt)"));
  for (guint64 i = 0; i < 4097; i++)
    g_variant_builder_add (&many, "(tt)", 2 * i * PAGE, (2 * i + 1) * PAGE);
  check_allowed (fixture, g_variant_new ("(@a(tt)a{sv})", g_variant_builder_end (&many), NULL),
                 IOMMUD_ERROR_LIMITS_EXCEEDED, "*4096*");
}

/* The service does not touch the memory of a file that is shorter now, and can give it back. */
static void
test_truncated (Fixture *fixture, gconstpointer data)
{
  memory_map (fixture->bed, fixture->container, fixture->file, 0, SIZE, GIBIBYTE, NULL);
  g_assert_cmpint (ftruncate (fixture->file, 0), ==, 0);
  bed_assert (fixture->bed, fixture->container, "MappedBytes", "65536");
  g_assert_cmpuint (memory_unmap (fixture->bed, fixture->container, GIBIBYTE, SIZE), ==, SIZE);
  check_range (fixture, 0, PAGE, GIBIBYTE, "*end of the file*");
}

/* Memory is taken with the first device: if it has gone by then, the attach fails. */
static void
test_truncated_early (Fixture *fixture, gconstpointer data)
{
  g_autofree char *container = bed_create (fixture->bed, "{'name': <'vm2'>}");
  g_autofree char *device = bed_device (fixture->bed, PCI_2);
  g_autofree char *hwpt = NULL;

  memory_map (fixture->bed, container, fixture->file, 0, SIZE, GIBIBYTE, NULL);
  g_assert_cmpint (ftruncate (fixture->file, (off_t) PAGE), ==, 0);
  bed_call_fails (fixture->bed, container, "AttachDevice", bed_device_arguments (device, NULL),
                  IOMMUD_ERROR_INVALID_ARGUMENT, "*" PCI_2 "*EFAULT*");
  bed_assert (fixture->bed, device, "State", "'available'");
  g_assert_cmpuint (memory_unmap (fixture->bed, container, GIBIBYTE, SIZE), ==, SIZE);
  hwpt = bed_attach (fixture->bed, container, device);
  bed_call_ok (fixture->bed, container, "Free", bed_options ("{'force': <true>}"));
}

#define ADD(name, function)                                                                        \
  g_test_add ("/bad-files/" name, Fixture, NULL, set_up, function, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("kinds", test_kinds);
  ADD ("access", test_access);
  ADD ("handles", test_handles);
  ADD ("ranges", test_ranges);
  ADD ("options", test_options);
  ADD ("taken", test_taken);
  ADD ("unmap", test_unmap);
  ADD ("allowed", test_allowed);
  ADD ("truncated", test_truncated);
  ADD ("truncated-early", test_truncated_early);
  return g_test_run ();
}
