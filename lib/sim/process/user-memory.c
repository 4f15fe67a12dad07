/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copies that survive bad addresses: the real kernel does them on our own process. */
#include "config.h"

#include "sim/process/user-memory.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

/* Since Linux 5.14; C libraries learned the names later. */
#define ADVICE_POPULATE_READ 22
#define ADVICE_POPULATE_WRITE 23

/* What fits into every pipe at once. */
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

/* A system call filter may forbid process_vm_readv; a pipe always works. */
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

/* Both directions read our own process: memory debuggers know what process_vm_readv writes to. */
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
iommud_simulated_check_zeros (guint64 from, guint32 length)
{
  guint8 bytes[256];

  while (length > 0)
    {
      guint32 chunk = MIN (length, sizeof bytes);

      if (iommud_simulated_copy_from_user (bytes, from, chunk) != 0)
        return EFAULT;
      for (guint32 i = 0; i < chunk; i++)
        if (bytes[i] != 0)
          return E2BIG;
      from += chunk;
      length -= chunk;
    }
  return 0;
}

int
iommud_simulated_copy_to_user (guint64 to, const void *from, gsize length)
{
  return copy (TO_USER, to, (void *) (guintptr) from, length);
}

/* Copies many short pieces from or to @own, where they follow one another, by one system call,
 * until one fails. Returns how many pieces were copied whole. */
static guint
copy_segments (Direction direction, const IommudSimulatedSegment *segments, guint n_segments,
               guint8 *own)
{
  struct iovec pieces[IOMMUD_SIMULATED_SEGMENTS_AT_ONCE];
  struct iovec whole = { own, 0 };
  gssize done;
  guint n = 0;

  for (guint i = 0; i < n_segments && is_address (segments[i].address, segments[i].length); i++)
    {
      pieces[i].iov_base = (void *) (guintptr) segments[i].address;
      pieces[i].iov_len = segments[i].length;
      whole.iov_len += segments[i].length;
      n++;
    }
  if (direction == FROM_USER)
    done = process_vm_readv (getpid (), &whole, 1, pieces, n, 0);
  else
    done = process_vm_readv (getpid (), pieces, n, &whole, 1, 0);
  n = 0;
  for (gssize sum = 0; n < n_segments && done > 0; n++)
    {
      sum += (gssize) segments[n].length;
      if (sum > done)
        break;
    }
  return n;
}

static void
set_bits_one_by_one (const IommudSimulatedSegment *segment, const guint8 *bytes)
{
  guint8 own[IOMMUD_SIMULATED_PAGE_SIZE];

  if (iommud_simulated_copy_from_user (own, segment->address, segment->length) != 0)
    return;
  for (gsize i = 0; i < segment->length; i++)
    own[i] |= bytes[i];
  iommud_simulated_copy_to_user (segment->address, own, segment->length);
}

/* Makes the kernel set bits of a word of the caller's atomically. FALSE: it cannot be written. */
static gboolean
or_word (guint64 address, guint operand_flags, guint operand)
{
  guint32 own = 0;
  /* Unsigned: the highest bit belongs to the operation. */
  guint operation = FUTEX_OP (FUTEX_OP_OR | operand_flags, operand, FUTEX_OP_CMP_EQ, 0u);

  return syscall (SYS_futex, &own, FUTEX_WAKE_OP | FUTEX_PRIVATE_FLAG, 0, NULL,
                  (void *) (guintptr) address, operation)
         >= 0;
}

/* To set no bit changes nothing and still needs the right to write. */
static int
touch (guint64 page)
{
  return or_word (page, 0, 0) ? 0 : EFAULT;
}

/* Sets the bits of one byte by a system call each: bits that are far apart need no more. */
static void
set_bits_of_byte (guint64 address, guint8 bits)
{
  guint64 word = address - address % sizeof (guint32);
  guint byte = (guint) (address % sizeof (guint32));

  if (G_BYTE_ORDER == G_BIG_ENDIAN)
    byte = sizeof (guint32) - 1 - byte;
  for (guint bit = 0; bits >> bit != 0; bit++)
    if ((bits >> bit & 1) != 0 && !or_word (word, FUTEX_OP_OPARG_SHIFT, byte * 8 + bit))
      return;
}

static void
set_bits_at_once (const IommudSimulatedSegment *segments, guint n_segments, const guint8 *bytes)
{
  gsize length = 0;
  g_autofree guint8 *own = NULL;
  guint n;

  for (guint i = 0; i < n_segments; i++)
    length += segments[i].length;
  own = g_malloc (MAX (length, 1));
  n = copy_segments (FROM_USER, segments, n_segments, own);
  if (n == n_segments)
    {
      for (gsize i = 0; i < length; i++)
        own[i] |= bytes[i];
      n = copy_segments (TO_USER, segments, n_segments, own);
    }
  /* Setting a bit twice does no harm. */
  for (guint i = 0; i < n_segments && n != n_segments; bytes += segments[i++].length)
    set_bits_one_by_one (&segments[i], bytes);
}

void
iommud_simulated_set_user_bits (const IommudSimulatedSegment *segments, guint n_segments,
                                const guint8 *bytes)
{
  guint first = 0;
  gsize offset = 0;

  while (first < n_segments)
    {
      gsize start = offset;
      guint end = first;

      for (; end < n_segments && segments[end].length > 1; end++)
        offset += segments[end].length;
      if (end > first)
        set_bits_at_once (&segments[first], end - first, &bytes[start]);
      for (; end < n_segments && segments[end].length == 1; end++)
        set_bits_of_byte (segments[end].address, bytes[offset++]);
      first = end;
    }
}

/* For kernels that cannot populate memory. */
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
  /* EINVAL means that the memory may not be accessed so or that the advice is unknown. */
  if (errno == EINVAL && madvise (NULL, 0, advice) != 0)
    return probe (page, writable);
  return EFAULT;
}

int
iommud_simulated_populate_user (guint64 address, guint64 length)
{
  int errnum = is_address (address, length) ? 0 : EFAULT;

  for (guint64 done = 0; done < length && errnum == 0; done += IOMMUD_SIMULATED_PAGE_SIZE)
    errnum = populate (address + done, TRUE);
  return errnum;
}

/* Bits of a word of pagemap: the page is in memory, or it was written out. */
#define PAGE_IS_PRESENT (G_GUINT64_CONSTANT (1) << 63)
#define PAGE_IS_SWAPPED (G_GUINT64_CONSTANT (1) << 62)

gboolean
iommud_simulated_is_present (guint64 address)
{
  int file = open ("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
  guint64 word = 0;
  gssize length = -1;

  if (file < 0)
    return FALSE;
  length =
      pread (file, &word, sizeof word, (off_t) (address / (guint64) getpagesize () * sizeof word));
  close (file);
  return length == sizeof word && (word & (PAGE_IS_PRESENT | PAGE_IS_SWAPPED)) != 0;
}

int
iommud_simulated_pin_user (guint64 address, guint64 length, gboolean writable)
{
  guint64 first = address & ~(IOMMUD_SIMULATED_PAGE_SIZE - 1);
  guint64 last = (address + length - 1) & ~(IOMMUD_SIMULATED_PAGE_SIZE - 1);

  if (!is_address (address, length))
    return EFAULT;
  /* With this flag, msync only looks for gaps. It takes longer only if there are more mappings. */
  if (msync ((void *) (guintptr) first, (gsize) (last - first + IOMMUD_SIMULATED_PAGE_SIZE),
             MS_ASYNC)
      != 0)
    return EFAULT;
  if (populate (first, writable) != 0)
    return EFAULT;
  return last != first ? populate (last, writable) : 0;
}
