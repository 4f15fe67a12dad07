/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* IOAS_MAP_FILE of the simulated kernel: which kernels know it, the order of its checks, what is
 * checked only when memory is pinned, and that devices reach the file but not a part that was cut
 * off. */
#include "config.h"

#include "simulator-fixture.h"
#include "under-valgrind.h"

#include "kernel/features.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE 4096u
#define TIB (G_GUINT64_CONSTANT (1) << 40)

typedef struct
{
  Simulator simulator;
  int fd;
  int cdev;
  int file;
  guint32 ioas;
  guint32 device;
} Machine;

static int
make_file (guint64 length)
{
  int file = memfd_create ("guest", MFD_CLOEXEC);

  g_assert_cmpint (file, >=, 0);
  g_assert_cmpint (ftruncate (file, (off_t) length), ==, 0);
  return file;
}

static void
machine_start (Machine *self)
{
  simulator_start_as (&self->simulator, IOMMUD_SIMULATED_LINUX_6_13);
  simulator_add_iommu (&self->simulator, "dmar0");
  simulator_add_device (&self->simulator, "d0", "dmar0", -1, NULL);
  self->fd = simulator_open_iommufd (&self->simulator);
  self->cdev = simulator_open_cdev (&self->simulator, "d0");
  self->file = make_file (16 * PAGE);
  g_assert_cmpint (simulator_ioas_alloc (&self->simulator, self->fd, &self->ioas), ==, 0);
  g_assert_cmpint (simulator_bind (&self->simulator, self->cdev, self->fd, &self->device), ==, 0);
}

static void
machine_stop (Machine *self)
{
  close (self->file);
  simulator_close (&self->simulator, self->cdev);
  simulator_close (&self->simulator, self->fd);
  simulator_stop (&self->simulator);
}

static struct iommud_abi_ioas_map_file
make_record (const Machine *self)
{
  return (struct iommud_abi_ioas_map_file){
    .size = sizeof (struct iommud_abi_ioas_map_file),
    .flags = IOMMUD_ABI_MAP_FIXED_IOVA | IOMMUD_ABI_MAP_READABLE | IOMMUD_ABI_MAP_WRITEABLE,
    .ioas_id = self->ioas,
    .fd = self->file,
    .length = PAGE,
  };
}

static int
map_file (Machine *self, struct iommud_abi_ioas_map_file *record)
{
  return simulator_ioctl (&self->simulator, self->fd, IOMMUD_ABI_IOAS_MAP_FILE, record);
}

static int
map_range (Machine *self, int file, guint64 start, guint64 length, guint64 iova)
{
  struct iommud_abi_ioas_map_file record = make_record (self);

  record.fd = file;
  record.start = start;
  record.length = length;
  record.iova = iova;
  return map_file (self, &record);
}

static guint64
unmap_all (Machine *self)
{
  struct iommud_abi_ioas_unmap record = { .size = sizeof record,
                                          .ioas_id = self->ioas,
                                          .length = G_MAXUINT64 };

  g_assert_cmpint (simulator_ioctl (&self->simulator, self->fd, IOMMUD_ABI_IOAS_UNMAP, &record), ==,
                   0);
  return record.length;
}

static int
attach (Machine *self)
{
  guint32 table = self->ioas;

  return simulator_attach (&self->simulator, self->cdev, &table);
}

static int
dma_write (Machine *self, guint64 iova, guint64 length, guint8 value)
{
  return iommud_simulated_kernel_dma_write (self->simulator.kernel, "d0", iova, length, value);
}

static void
assert_byte (int file, guint64 offset, guint8 expected)
{
  guint8 byte = 0;

  g_assert_cmpint (pread (file, &byte, 1, (off_t) offset), ==, 1);
  g_assert_cmphex (byte, ==, expected);
}

static void
test_release (void)
{
  Simulator simulator;
  struct iommud_abi_ioas_map_file record = { .size = sizeof record };
  g_auto (GStrv) old = NULL;
  g_auto (GStrv) new = NULL;
  int fd;

  simulator_start (&simulator);
  fd = simulator_open_iommufd (&simulator);
  g_assert_cmpint (simulator_ioctl (&simulator, fd, IOMMUD_ABI_IOAS_MAP_FILE, &record), ==, ENOTTY);
  old = iommud_features_probe (simulator.syscalls);
  g_assert_false (g_strv_contains ((const char *const *) old, "map-file"));
  simulator_close (&simulator, fd);
  simulator_stop (&simulator);

  simulator_start_as (&simulator, IOMMUD_SIMULATED_LINUX_6_13);
  new = iommud_features_probe (simulator.syscalls);
  g_assert_true (g_strv_contains ((const char *const *) new, "map-file"));
  simulator_stop (&simulator);
}

static void
test_order (void)
{
  Machine machine;
  struct iommud_abi_ioas_map_file record;

  machine_start (&machine);
  /* Everything is wrong; each step mends what was told. */
  record = make_record (&machine);
  record.flags = 8;
  record.iova = G_MAXUINT64;
  record.ioas_id = 99;
  record.fd = -1;
  record.start = 2;
  record.length = G_MAXUINT64 - 1;
  g_assert_cmpint (map_file (&machine, &record), ==, EOPNOTSUPP);
  record.flags = IOMMUD_ABI_MAP_FIXED_IOVA;
  g_assert_cmpint (map_file (&machine, &record), ==, EOVERFLOW);
  record.iova = 0;
  g_assert_cmpint (map_file (&machine, &record), ==, EINVAL);
  record.flags |= IOMMUD_ABI_MAP_READABLE;
  g_assert_cmpint (map_file (&machine, &record), ==, ENOENT);
  record.ioas_id = machine.ioas;
  g_assert_cmpint (map_file (&machine, &record), ==, EBADF);
  record.fd = machine.file;
  record.start = 3;
  g_assert_cmpint (map_file (&machine, &record), ==, EOVERFLOW);
  record.start = 0;
  g_assert_cmpint (map_file (&machine, &record), ==, EINVAL);
  record.length = 0;
  g_assert_cmpint (map_file (&machine, &record), ==, EINVAL);
  record.length = PAGE;
  g_assert_cmpint (map_file (&machine, &record), ==, 0);
  g_assert_cmpint (map_file (&machine, &record), ==, EEXIST);
  machine_stop (&machine);
}

static void
test_descriptors (void)
{
  Machine machine;
  int path = open ("/", O_PATH | O_CLOEXEC);
  int pipes[2];

  machine_start (&machine);
  g_assert_cmpint (map_range (&machine, path, 0, PAGE, 0), ==, EBADF);
  /* That a file has no memory is found out only when it is to be pinned. */
  g_assert_cmpint (pipe2 (pipes, O_CLOEXEC), ==, 0);
  g_assert_cmpint (map_range (&machine, pipes[0], 0, PAGE, 0), ==, 0);
  g_assert_cmpint (attach (&machine), ==, EINVAL);
  g_assert_cmpuint (unmap_all (&machine), ==, PAGE);
  g_assert_cmpint (attach (&machine), ==, 0);
  g_assert_cmpint (map_range (&machine, pipes[0], 0, PAGE, 0), ==, EINVAL);
  close (pipes[0]);
  close (pipes[1]);
  close (path);
  machine_stop (&machine);
}

static void
test_end_of_file (void)
{
  Machine machine;
  int odd = make_file (PAGE + 1);

  machine_start (&machine);
  g_assert_cmpint (map_range (&machine, machine.file, 8 * PAGE, 9 * PAGE, 0), ==, 0);
  g_assert_cmpint (attach (&machine), ==, EINVAL);
  g_assert_cmpuint (unmap_all (&machine), ==, 9 * PAGE);
  g_assert_cmpint (attach (&machine), ==, 0);
  g_assert_cmpint (map_range (&machine, machine.file, 8 * PAGE, 8 * PAGE, 0), ==, 0);
  g_assert_cmpint (map_range (&machine, odd, 0, 2 * PAGE, 32 * PAGE), ==, EINVAL);
  g_assert_cmpint (map_range (&machine, odd, 0, PAGE, 32 * PAGE), ==, 0);
  close (odd);
  machine_stop (&machine);
}

static void
test_dma (void)
{
  Machine machine;

  machine_start (&machine);
  g_assert_cmpint (map_range (&machine, machine.file, 2 * PAGE, 4 * PAGE, 0x100000), ==, 0);
  g_assert_cmpint (attach (&machine), ==, 0);
  g_assert_cmpint (dma_write (&machine, 0x100000 + PAGE - 1, 2, 0x5a), ==, 0);
  assert_byte (machine.file, 3 * PAGE - 1, 0x5a);
  assert_byte (machine.file, 3 * PAGE, 0x5a);
  assert_byte (machine.file, 3 * PAGE + 1, 0);
  g_assert_cmpint (dma_write (&machine, 0x100000 + 4 * PAGE, 1, 1), ==, EFAULT);

  /* The mapping keeps the file, even if all others close it. */
  close (dup (machine.file));
  g_assert_cmpint (ftruncate (machine.file, 3 * PAGE), ==, 0);
  g_assert_cmpint (dma_write (&machine, 0x100000, 1, 7), ==, 0);
  g_assert_cmpint (dma_write (&machine, 0x100000 + PAGE, 1, 7), ==, EFAULT);
  g_assert_cmpint (lseek (machine.file, 0, SEEK_END), ==, 3 * PAGE);
  g_assert_cmpuint (unmap_all (&machine), ==, 4 * PAGE);
  machine_stop (&machine);
}

static void
test_copy (void)
{
  Machine machine;
  struct iommud_abi_ioas_copy record = {
    .size = sizeof record,
    .flags = IOMMUD_ABI_MAP_FIXED_IOVA | IOMMUD_ABI_MAP_READABLE | IOMMUD_ABI_MAP_WRITEABLE,
    .length = PAGE,
    .src_iova = PAGE,
    .dst_iova = 0x200000,
  };
  guint32 target;

  machine_start (&machine);
  g_assert_cmpint (simulator_ioas_alloc (&machine.simulator, machine.fd, &target), ==, 0);
  record.src_ioas_id = machine.ioas;
  record.dst_ioas_id = target;
  g_assert_cmpint (map_range (&machine, machine.file, PAGE, 4 * PAGE, 0), ==, 0);
  g_assert_cmpint (simulator_ioctl (&machine.simulator, machine.fd, IOMMUD_ABI_IOAS_COPY, &record),
                   ==, 0);
  g_assert_cmpuint (unmap_all (&machine), ==, 4 * PAGE);
  g_assert_cmpint (simulator_attach (&machine.simulator, machine.cdev, &target), ==, 0);
  g_assert_cmpint (dma_write (&machine, 0x200000, 1, 0x77), ==, 0);
  assert_byte (machine.file, 2 * PAGE, 0x77);
  machine_stop (&machine);
}

/* An IOVA that the kernel picks has the file offset's place in a page. */
static void
test_chosen_iova (void)
{
  Machine machine;
  struct iommud_abi_ioas_map_file record;

  machine_start (&machine);
  record = make_record (&machine);
  record.flags &= ~(guint32) IOMMUD_ABI_MAP_FIXED_IOVA;
  record.start = 3 * PAGE + 0x10;
  record.length = 0x20;
  g_assert_cmpint (map_file (&machine, &record), ==, 0);
  g_assert_cmphex (record.iova % PAGE, ==, 0x10);
  machine_stop (&machine);
}

static void
test_read_only (void)
{
  Machine machine;
  g_autofree char *path = NULL;
  int file;

  machine_start (&machine);
  path = g_strdup_printf ("/proc/self/fd/%d", machine.file);
  file = open (path, O_RDONLY | O_CLOEXEC);
  g_assert_cmpint (file, >=, 0);
  g_assert_cmpint (map_range (&machine, file, 0, PAGE, 0), ==, 0);
  g_assert_cmpint (attach (&machine), ==, EFAULT);
  g_assert_cmpuint (unmap_all (&machine), ==, PAGE);
  close (file);
  machine_stop (&machine);
}

static void
test_large (void)
{
  Machine machine;
  int file;

  if (skip_under_valgrind ())
    return;
  file = make_file (TIB);
  machine_start (&machine);
  g_assert_cmpint (map_range (&machine, file, 0, TIB, 0), ==, 0);
  g_assert_cmpint (attach (&machine), ==, 0);
  g_assert_cmpint (dma_write (&machine, TIB - 1, 1, 0x11), ==, 0);
  assert_byte (file, TIB - 1, 0x11);
  g_assert_cmpuint (unmap_all (&machine), ==, TIB);
  close (file);
  machine_stop (&machine);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/simulator/map-file/release", test_release);
  g_test_add_func ("/simulator/map-file/order", test_order);
  g_test_add_func ("/simulator/map-file/descriptors", test_descriptors);
  g_test_add_func ("/simulator/map-file/end-of-file", test_end_of_file);
  g_test_add_func ("/simulator/map-file/dma", test_dma);
  g_test_add_func ("/simulator/map-file/copy", test_copy);
  g_test_add_func ("/simulator/map-file/chosen-iova", test_chosen_iova);
  g_test_add_func ("/simulator/map-file/read-only", test_read_only);
  g_test_add_func ("/simulator/map-file/large", test_large);
  return g_test_run ();
}
