/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copies from and to memory that may not be there, also where a system call filter or an old kernel
 * takes away the usual ways. */
#include "config.h"

#include "sim/user-memory.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#define PAGE IOMMUD_SIMULATED_PAGE_SIZE

/* Pages that can be written, read alone, and not accessed; and after them a hole. */
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

static void
check_all (void)
{
  char *pages = map_pages ();

  check_copies ((guintptr) pages);
  check_pins ((guintptr) pages);
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
