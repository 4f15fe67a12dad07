/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How the typed functions handle answers that a test cannot easily get from a kernel: signals in
 * the middle of a call, more ranges than expected, features that are only half there. */
#include "config.h"

#include "kernel/abi.h"
#include "kernel/iommufd.h"
#include "kernel/vfio.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

/* A kernel of a few lines: it counts calls and answers by a function. */
typedef struct
{
  IommudSyscalls table;
  int (*answer) (guint call, unsigned long request, void *argument);
  guint calls;
} Kernel;

static int
kernel_ioctl (const IommudSyscalls *self, int fd, unsigned long request, void *argument)
{
  Kernel *kernel = self->data;
  int errnum = kernel->answer (kernel->calls++, request, argument);

  errno = errnum;
  return errnum == 0 ? 0 : -1;
}

static int
kernel_open (const IommudSyscalls *self, const char *path, dev_t device, int flags)
{
  Kernel *kernel = self->data;

  if (kernel->calls++ > 0)
    return 17;
  errno = EINTR;
  return -1;
}

static const IommudSyscalls *
start (Kernel *kernel, int (*answer) (guint, unsigned long, void *))
{
  kernel->table = (IommudSyscalls){ .ioctl = kernel_ioctl, .open = kernel_open, .data = kernel };
  kernel->answer = answer;
  kernel->calls = 0;
  return &kernel->table;
}

static int
answer_after_signal (guint call, unsigned long request, void *argument)
{
  struct iommud_abi_vfio_attach *attach = argument;

  g_assert_cmpuint (request, ==, IOMMUD_ABI_VFIO_ATTACH_IOMMUFD_PT);
  g_assert_cmpuint (attach->pt_id, ==, 5);
  if (call < 2)
    return EINTR;
  attach->pt_id = 9;
  return 0;
}

static void
test_signal (void)
{
  Kernel kernel;
  guint32 pt_id = 5;
  int fd = -1;
  const IommudSyscalls *syscalls = start (&kernel, answer_after_signal);

  g_assert_cmpint (iommud_vfio_attach (syscalls, 3, &pt_id), ==, 0);
  g_assert_cmpuint (pt_id, ==, 9);
  g_assert_cmpuint (kernel.calls, ==, 3);

  syscalls = start (&kernel, NULL);
  g_assert_cmpint (iommud_iommufd_open (syscalls, &fd), ==, 0);
  g_assert_cmpint (fd, ==, 17);
  g_assert_cmpuint (kernel.calls, ==, 2);
}

static int
answer_interrupted (guint call, unsigned long request, void *argument)
{
  return EINTR;
}

static int
answer_again (guint call, unsigned long request, void *argument)
{
  return EAGAIN;
}

static int
answer_again_at_first (guint call, unsigned long request, void *argument)
{
  return call < 4 ? EAGAIN : 0;
}

static int
answer_late (guint call, unsigned long request, void *argument)
{
  g_usleep (G_USEC_PER_SEC * 3);
  return EINTR;
}

/* Calls that are not answered end all the same, after some tries or some seconds. */
static void
test_tries (void)
{
  Kernel kernel;
  gint64 start_time = g_get_monotonic_time ();

  g_assert_cmpint (iommud_iommufd_destroy (start (&kernel, answer_interrupted), 3, 1), ==, EINTR);
  g_assert_cmpuint (kernel.calls, ==, 32);
  g_assert_cmpint (iommud_iommufd_destroy (start (&kernel, answer_again_at_first), 3, 1), ==, 0);
  g_assert_cmpuint (kernel.calls, ==, 5);
  /* 1 + 2 + 4 + 8 ms: not a busy loop. */
  g_assert_cmpint (g_get_monotonic_time () - start_time, >=, 15 * 1000);
  g_assert_cmpint (iommud_iommufd_destroy (start (&kernel, answer_again), 3, 1), ==, EAGAIN);
  g_assert_cmpuint (kernel.calls, ==, 32);
}

static void
test_time_limit (void)
{
  Kernel kernel;

  g_assert_cmpint (iommud_iommufd_destroy (start (&kernel, answer_late), 3, 1), ==, EINTR);
  g_assert_cmpuint (kernel.calls, >=, 2);
  g_assert_cmpuint (kernel.calls, <=, 5);
}

static int
answer_busy (guint call, unsigned long request, void *argument)
{
  memset (argument, 0xff, 8);
  return EBUSY;
}

static void
test_failure_changes_nothing (void)
{
  Kernel kernel;
  guint32 id = 5;
  IommudHwInfo info = { .data_type = 7 };
  const IommudSyscalls *syscalls = start (&kernel, answer_busy);

  g_assert_cmpint (iommud_vfio_attach (syscalls, 3, &id), ==, EBUSY);
  g_assert_cmpint (iommud_vfio_bind_iommufd (syscalls, 3, 4, &id), ==, EBUSY);
  g_assert_cmpint (iommud_iommufd_ioas_alloc (syscalls, 3, &id), ==, EBUSY);
  g_assert_cmpint (iommud_iommufd_hwpt_alloc (syscalls, 3, 0, 1, 2, &id), ==, EBUSY);
  g_assert_cmpint (iommud_iommufd_get_hw_info (syscalls, 3, 1, &info), ==, EBUSY);
  g_assert_cmpuint (id, ==, 5);
  g_assert_cmpuint (info.data_type, ==, 7);
}

/* As a kernel does: what fits is filled in, and the number that would have fitted everything. */
static int
answer_many_ranges (guint call, unsigned long request, void *argument)
{
  struct iommud_abi_ioas_iova_ranges *ask = argument;
  struct iommud_abi_iova_range *ranges = (gpointer) (uintptr_t) ask->allowed_iovas;
  guint32 room = ask->num_iovas;

  ask->num_iovas = 100;
  ask->out_iova_alignment = 4096;
  for (guint32 i = 0; i < MIN (room, 100u); i++)
    ranges[i] = (struct iommud_abi_iova_range){ .start = i * 0x2000, .last = i * 0x2000 + 0xfff };
  return room < 100 ? EMSGSIZE : 0;
}

static void
test_ranges_grow (void)
{
  Kernel kernel;
  g_autoptr (GArray) ranges = NULL;
  guint64 alignment = 0;
  const IommudSyscalls *syscalls = start (&kernel, answer_many_ranges);

  g_assert_cmpint (iommud_iommufd_ioas_iova_ranges (syscalls, 3, 1, &ranges, &alignment), ==, 0);
  g_assert_cmpuint (ranges->len, ==, 100);
  g_assert_cmpuint (alignment, ==, 4096);
  g_assert_cmphex (g_array_index (ranges, IommudIovaRange, 99).last, ==, 99 * 0x2000 + 0xfff);
  g_assert_cmpuint (kernel.calls, ==, 2);
}

static void
check_ranges_refused (int (*answer) (guint call, unsigned long request, void *argument),
                      guint n_calls)
{
  Kernel kernel;
  g_autoptr (GArray) ranges = NULL;
  guint64 alignment;
  const IommudSyscalls *syscalls = start (&kernel, answer);

  g_assert_cmpint (iommud_iommufd_ioas_iova_ranges (syscalls, 3, 1, &ranges, &alignment), ==,
                   EMSGSIZE);
  g_assert_null (ranges);
  g_assert_cmpuint (kernel.calls, ==, n_calls);
}

static int
answer_endless_ranges (guint call, unsigned long request, void *argument)
{
  struct iommud_abi_ioas_iova_ranges *ask = argument;

  ask->num_iovas = G_MAXUINT32;
  return EMSGSIZE;
}

static void
test_ranges_bounded (void)
{
  check_ranges_refused (answer_endless_ranges, 1);
}

/* As if there were one more each time. */
static int
answer_growing_ranges (guint call, unsigned long request, void *argument)
{
  struct iommud_abi_ioas_iova_ranges *ask = argument;

  ask->num_iovas++;
  return EMSGSIZE;
}

static void
test_ranges_grow_each_time (void)
{
  check_ranges_refused (answer_growing_ranges, 8);
}

static int
answer_as_6_12 (guint call, unsigned long request, void *argument)
{
  g_assert_cmpuint (_IOC_TYPE (request), ==, ';');
  g_assert_cmpuint (*(guint32 *) argument, ==, 0);
  return _IOC_NR (request) <= IOMMUD_ABI_NR_FAULT_QUEUE_ALLOC ? EINVAL : ENOTTY;
}

static void
test_knows (void)
{
  Kernel kernel;
  const IommudSyscalls *syscalls = start (&kernel, answer_as_6_12);

  g_assert_true (iommud_iommufd_knows (syscalls, 3, IOMMUD_ABI_NR_HWPT_ALLOC));
  g_assert_true (iommud_iommufd_knows (syscalls, 3, IOMMUD_ABI_NR_FAULT_QUEUE_ALLOC));
  g_assert_false (iommud_iommufd_knows (syscalls, 3, IOMMUD_ABI_NR_IOAS_MAP_FILE));
  g_assert_cmpuint (kernel.calls, ==, 3);
  /* VFIO's numbers are not asked for: some act without looking at a size. */
  g_assert_false (iommud_iommufd_knows (syscalls, 3, IOMMUD_ABI_NR_VFIO_RESET));
  g_assert_false (iommud_iommufd_knows (syscalls, 3, IOMMUD_ABI_HWPT_ALLOC));
  g_assert_cmpuint (kernel.calls, ==, 3);
}

static int
answer_no_report (guint call, unsigned long request, void *argument)
{
  struct iommud_abi_vfio_feature *feature = argument;

  g_assert_cmphex (feature->flags & IOMMUD_ABI_VFIO_FEATURE_PROBE, !=, 0);
  return (feature->flags & IOMMUD_ABI_VFIO_FEATURE_MASK) == 8 ? ENOTTY : 0;
}

static int
answer_all_features (guint call, unsigned long request, void *argument)
{
  static const guint32 expected[] = { 6 | 1 << 17 | 1 << 18, 7 | 1 << 17 | 1 << 18,
                                      8 | 1 << 16 | 1 << 18 };
  struct iommud_abi_vfio_feature *feature = argument;

  g_assert_cmpuint (feature->argsz, ==, 8);
  g_assert_cmphex (feature->flags, ==, expected[call]);
  return 0;
}

static void
test_dma_logging (void)
{
  Kernel kernel;

  g_assert_true (iommud_vfio_has_dma_logging (start (&kernel, answer_all_features), 3));
  g_assert_cmpuint (kernel.calls, ==, 3);
  g_assert_false (iommud_vfio_has_dma_logging (start (&kernel, answer_no_report), 3));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/kernel/ioctls/signal", test_signal);
  g_test_add_func ("/kernel/ioctls/tries", test_tries);
  g_test_add_func ("/kernel/ioctls/time-limit", test_time_limit);
  g_test_add_func ("/kernel/ioctls/failure-changes-nothing", test_failure_changes_nothing);
  g_test_add_func ("/kernel/ioctls/ranges-grow", test_ranges_grow);
  g_test_add_func ("/kernel/ioctls/ranges-bounded", test_ranges_bounded);
  g_test_add_func ("/kernel/ioctls/ranges-grow-each-time", test_ranges_grow_each_time);
  g_test_add_func ("/kernel/ioctls/knows", test_knows);
  g_test_add_func ("/kernel/ioctls/dma-logging", test_dma_logging);
  return g_test_run ();
}
