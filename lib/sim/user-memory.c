/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copies that survive bad addresses: the real kernel does them on our own process. */
#include "config.h"

#include "sim/user-memory.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

/* As of Linux 5.14; C libraries learned the names later. */
#define ADVICE_POPULATE_READ 22
#define ADVICE_POPULATE_WRITE 23

/* What fits into a pipe at once, whatever its page size and limits. */
#define PIPE_CHUNK 4096

typedef enum
{
  FROM_USER,
  TO_USER,
} Direction;

static gboolean
is_address (guint64 address, guint64 length)
{
  return address <= UINTPTR_MAX && length <= UINTPTR_MAX - address;
}

/* A system call filter may forbid process_vm_readv: a pipe does it for any process. */
static int
copy_through_pipe (Direction direction, void *user, void *own, gsize length)
{
  int ends[2];
  int errnum = 0;

  if (pipe2 (ends, O_CLOEXEC) < 0)
    return EFAULT;
  for (gsize done = 0; done < length && errnum == 0; done += MIN (PIPE_CHUNK, length - done))
    {
      gsize chunk = MIN (PIPE_CHUNK, length - done);
      char *source = (direction == FROM_USER ? (char *) user : (char *) own) + done;
      char *target = (direction == FROM_USER ? (char *) own : (char *) user) + done;

      if (write (ends[1], source, chunk) != (gssize) chunk
          || read (ends[0], target, chunk) != (gssize) chunk)
        errnum = EFAULT;
    }
  close (ends[0]);
  close (ends[1]);
  return errnum;
}

/* Both ways it is a read of our own process, since memory debuggers know what that writes to. */
static int
copy (Direction direction, guint64 address, void *own, gsize length)
{
  void *user = (void *) (guintptr) address;
  struct iovec source = { direction == FROM_USER ? user : own, length };
  struct iovec target = { direction == FROM_USER ? own : user, length };
  gssize done;

  if (length == 0)
    return 0;
  if (!is_address (address, length))
    return EFAULT;
  done = process_vm_readv (getpid (), &target, 1, &source, 1, 0);
  if (done < 0 && (errno == ENOSYS || errno == EPERM))
    return copy_through_pipe (direction, user, own, length);
  return done == (gssize) length ? 0 : EFAULT;
}

int
iommud_simulated_copy_from_user (void *to, guint64 from, gsize length)
{
  return copy (FROM_USER, from, to, length);
}

int
iommud_simulated_copy_to_user (guint64 to, const void *from, gsize length)
{
  return copy (TO_USER, to, (void *) (guintptr) from, length);
}

/* Has the kernel or in 0, which needs the right to write and changes nothing. */
static int
touch (guint64 page)
{
  guint32 own = 0;
  int operation = FUTEX_OP (FUTEX_OP_OR, 0, FUTEX_OP_CMP_EQ, 0);

  if (syscall (SYS_futex, &own, FUTEX_WAKE_OP | FUTEX_PRIVATE_FLAG, 0, NULL,
               (void *) (guintptr) page, operation)
      < 0)
    return EFAULT;
  return 0;
}

/* For kernels that do not know how to populate. */
static int
probe (guint64 page, gboolean writable)
{
  char byte;

  return writable ? touch (page) : iommud_simulated_copy_from_user (&byte, page, 1);
}

static int
populate (guint64 page, gboolean writable)
{
  int advice = writable ? ADVICE_POPULATE_WRITE : ADVICE_POPULATE_READ;

  if (madvise ((void *) (guintptr) page, IOMMUD_SIMULATED_PAGE_SIZE, advice) == 0)
    return 0;
  /* EINVAL says that the memory may not be accessed so, or that the advice is not known. */
  if (errno == EINVAL && madvise (NULL, 0, advice) != 0)
    return probe (page, writable);
  return EFAULT;
}

int
iommud_simulated_pin_user (guint64 address, guint64 length, gboolean writable)
{
  guint64 first = address & ~(IOMMUD_SIMULATED_PAGE_SIZE - 1);
  guint64 last = (address + length - 1) & ~(IOMMUD_SIMULATED_PAGE_SIZE - 1);

  if (!is_address (address, length))
    return EFAULT;
  /* This flag does nothing but to look for gaps, in time that goes with the number of mappings. */
  if (msync ((void *) (guintptr) first, (gsize) (last - first + IOMMUD_SIMULATED_PAGE_SIZE),
             MS_ASYNC)
      != 0)
    return EFAULT;
  if (populate (first, writable) != 0)
    return EFAULT;
  return last != first ? populate (last, writable) : 0;
}
