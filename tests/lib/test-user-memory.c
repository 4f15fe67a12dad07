/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copies from and to memory that may not be there, even if a system call filter or an old kernel
 * takes away the usual ways. */
#include "config.h"

#include "sim/process/user-memory.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PAGE IOMMUD_SIMULATED_PAGE_SIZE

/* Pages that are writable, read-only and inaccessible, and a hole after them. */
static char *
map_pages (void)
{
  char *pages = mmap (NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

  g_assert_true (pages != MAP_FAILED);
  memset (pages, 'x', 2 * PAGE);
  g_assert_cmpint (mprotect (pages + PAGE, PAGE, PROT_READ), ==, 0);
  g_assert_cmpint (mprotect (pages + 2 * PAGE, PAGE, PROT_NONE), ==, 0);
  g_assert_cmpint (munmap (pages + 3 * PAGE, PAGE), ==, 0);
  return pages;
}

static void
check_copies (guint64 writable)
{
  g_autofree char *buffer = g_malloc0 (2 * PAGE);
  guint64 readable = writable + PAGE;
  guint64 forbidden = writable + 2 * PAGE;
  guint64 hole = writable + 3 * PAGE;

  g_assert_cmpint (iommud_simulated_copy_from_user (buffer, writable, 2 * PAGE), ==, 0);
  g_assert_cmpint (buffer[2 * PAGE - 1], ==, 'x');
  g_assert_cmpint (iommud_simulated_copy_from_user (buffer, readable + 1, PAGE), ==, EFAULT);
  g_assert_cmpint (iommud_simulated_copy_from_user (buffer, forbidden, 1), ==, EFAULT);
  g_assert_cmpint (iommud_simulated_copy_from_user (buffer, hole, 1), ==, EFAULT);
  g_assert_cmpint (iommud_simulated_copy_from_user (buffer, G_MAXUINT64, 1), ==, EFAULT);
  g_assert_cmpint (iommud_simulated_copy_from_user (buffer, 0, 0), ==, 0);

  memset (buffer, 'y', PAGE);
  g_assert_cmpint (iommud_simulated_copy_to_user (writable, buffer, PAGE), ==, 0);
  g_assert_cmpint (((char *) (guintptr) writable)[PAGE - 1], ==, 'y');
  g_assert_cmpint (iommud_simulated_copy_to_user (writable + 1, buffer, PAGE), ==, EFAULT);
  g_assert_cmpint (iommud_simulated_copy_to_user (readable, buffer, 1), ==, EFAULT);
  g_assert_cmpint (iommud_simulated_copy_to_user (hole, buffer, 1), ==, EFAULT);
  g_assert_cmpint (((char *) (guintptr) readable)[0], ==, 'x');
}

static void
check_pins (guint64 writable)
{
  char before = *(char *) (guintptr) writable;

  g_assert_cmpint (iommud_simulated_pin_user (writable, PAGE, TRUE), ==, 0);
  g_assert_cmpint (iommud_simulated_pin_user (writable + 3, 5, TRUE), ==, 0);
  g_assert_cmpint (*(char *) (guintptr) writable, ==, before);
  g_assert_cmpint (iommud_simulated_pin_user (writable, 2 * PAGE, FALSE), ==, 0);
  g_assert_cmpint (iommud_simulated_pin_user (writable, 2 * PAGE, TRUE), ==, EFAULT);
  g_assert_cmpint (iommud_simulated_pin_user (writable + 2 * PAGE, 1, FALSE), ==, EFAULT);
  g_assert_cmpint (iommud_simulated_pin_user (writable, 4 * PAGE, FALSE), ==, EFAULT);
  g_assert_cmpint (iommud_simulated_pin_user (G_MAXUINT64 - 1, 1, FALSE), ==, EFAULT);
}

/* Segments that cannot be written are left out, and the others are not. */
static void
check_bits (guint64 writable)
{
  char *memory = (char *) (guintptr) writable;
  const IommudSimulatedSegment segments[] = {
    { writable + 10, 1 },       { writable + 20, 3 },       { writable + PAGE, 1 },
    { writable + PAGE + 8, 2 }, { writable + 2 * PAGE, 1 }, { writable + 3 * PAGE, 4 },
    { G_MAXUINT64 - 1, 1 },     { writable + 100, 2 },      { writable + 200, 1 },
  };
  const guint8 bytes[] = {
    0x81, 1, 0, 0x80, 0xff, 0xff, 0xff, 0xff, 1, 1, 1, 1, 1, 0x42, 0x24, 0x10
  };

  memset (memory, 0x01, PAGE);
  iommud_simulated_set_user_bits (segments, G_N_ELEMENTS (segments), bytes);
  g_assert_cmphex ((guint8) memory[10], ==, 0x81);
  g_assert_cmphex ((guint8) memory[11], ==, 0x01);
  g_assert_cmphex ((guint8) memory[20], ==, 0x01);
  g_assert_cmphex ((guint8) memory[22], ==, 0x81);
  g_assert_cmphex ((guint8) memory[100], ==, 0x43);
  g_assert_cmphex ((guint8) memory[101], ==, 0x25);
  g_assert_cmphex ((guint8) memory[200], ==, 0x11);
  g_assert_cmpint (memory[PAGE], ==, 'x');
  g_assert_cmpint (memory[PAGE + 8], ==, 'x');
}

/* A file that was cut short after it was mapped. */
static void
check_truncated (void)
{
  int file = memfd_create ("guest", MFD_CLOEXEC);
  char *memory;
  guint64 address;
  guint8 bytes[2] = { 1, 1 };

  g_assert_cmpint (file, >=, 0);
  g_assert_cmpint (ftruncate (file, 2 * PAGE), ==, 0);
  memory = mmap (NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  g_assert_true (memory != MAP_FAILED);
  memory[PAGE] = 'x';
  g_assert_cmpint (ftruncate (file, PAGE), ==, 0);
  address = (guintptr) memory + PAGE;
  g_assert_cmpint (iommud_simulated_copy_from_user (bytes, address, 1), ==, EFAULT);
  g_assert_cmpint (iommud_simulated_copy_to_user (address - 1, bytes, 2), ==, EFAULT);
  g_assert_cmpint (iommud_simulated_pin_user (address, PAGE, TRUE), ==, EFAULT);
  iommud_simulated_set_user_bits (&(IommudSimulatedSegment){ address, 1 }, 1, bytes);
  iommud_simulated_set_user_bits (&(IommudSimulatedSegment){ address, 2 }, 1, bytes);
  munmap (memory, 2 * PAGE);
  close (file);
}

static void
check_all (void)
{
  char *pages = map_pages ();

  check_copies ((guintptr) pages);
  check_pins ((guintptr) pages);
  check_bits ((guintptr) pages);
  check_truncated ();
  munmap (pages, 3 * PAGE);
}

static void
test_plain (void)
{
  check_all ();
}

static void
filter_system_calls (void)
{
  struct sock_filter filter[] = {
    BPF_STMT (BPF_LD | BPF_W | BPF_ABS, offsetof (struct seccomp_data, nr)),
    BPF_JUMP (BPF_JMP | BPF_JEQ | BPF_K, SYS_process_vm_readv, 0, 1),
    BPF_STMT (BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
    BPF_JUMP (BPF_JMP | BPF_JEQ | BPF_K, SYS_madvise, 0, 1),
    BPF_STMT (BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EINVAL),
    BPF_STMT (BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  struct sock_fprog program = { .len = G_N_ELEMENTS (filter), .filter = filter };

  g_assert_cmpint (prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), ==, 0);
  g_assert_cmpint (prctl (PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program), ==, 0);
}

static void
test_filtered (void)
{
  if (g_test_subprocess ())
    {
      filter_system_calls ();
      check_all ();
      return;
    }
  if (prctl (PR_GET_SECCOMP, 0, 0, 0, 0) < 0)
    {
      g_test_skip ("this kernel has no system call filters");
      return;
    }
  g_test_trap_subprocess (NULL, 0, 0);
  g_test_trap_assert_passed ();
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/user-memory/plain", test_plain);
  g_test_add_func ("/user-memory/filtered", test_filtered);
  return g_test_run ();
}
