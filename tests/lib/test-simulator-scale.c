/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The cost of the simulated kernel depends on what is written and asked for, not on how much is
 * mapped: a tebibyte behind 16 HWPTs and 16 devices that log, and a thousand devices. */
#include "config.h"

#include "simulator-fixture.h"
#include "xml/host-description.h"

#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define PAGE 4096u
#define TIB (G_GUINT64_CONSTANT (1) << 40)
#define TRACKERS 16

/* Of the processor: far above what is needed, also with sanitizers, and far below what loops over
 * 2^28 pages take. */
#define MOST_SECONDS 20

typedef struct
{
  Simulator simulator;
  int fd;
  int file;
  char *memory;
  guint64 *bitmap;
  guint32 ioas;
  int cdevs[TRACKERS];
  guint32 hwpts[TRACKERS];
} Machine;

static void
log_dma (IommudSimulatedDevice *device)
{
  device->dma_logging = TRUE;
}

static char *
get_name (guint i)
{
  return g_strdup_printf ("d%u", i);
}

static int
make_sparse_file (void)
{
  int file = memfd_create ("guest", MFD_CLOEXEC);

  g_assert_cmpint (file, >=, 0);
  g_assert_cmpint (ftruncate (file, (off_t) TIB), ==, 0);
  return file;
}

static int
map_tebibyte (Machine *self)
{
  return simulator_map (&self->simulator, self->fd, self->ioas, self->memory, TIB, TIB);
}

static void
add_trackers (Machine *self)
{
  for (guint i = 0; i < TRACKERS; i++)
    {
      g_autofree char *name = get_name (i);
      guint32 device;

      simulator_add_device (&self->simulator, name, "dmar0", (gint32) i, log_dma);
      self->cdevs[i] = simulator_open_cdev (&self->simulator, name);
      g_assert_cmpint (simulator_bind (&self->simulator, self->cdevs[i], self->fd, &device), ==, 0);
      g_assert_cmpint (simulator_hwpt_alloc (&self->simulator, self->fd,
                                             IOMMUD_ABI_HWPT_ALLOC_DIRTY_TRACKING, device,
                                             self->ioas, &self->hwpts[i]),
                       ==, 0);
      g_assert_cmpint (simulator_attach (&self->simulator, self->cdevs[i], &self->hwpts[i]), ==, 0);
    }
}

/* FALSE: there is no room. */
static gboolean
machine_start (Machine *self)
{
  if (sizeof (gpointer) < 8)
    return FALSE;
  self->file = make_sparse_file ();
  self->memory =
      mmap (NULL, (gsize) TIB, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, self->file, 0);
  if (self->memory == MAP_FAILED)
    {
      close (self->file);
      return FALSE;
    }
  simulator_start (&self->simulator);
  simulator_add_iommu (&self->simulator, "dmar0");
  self->fd = simulator_open_iommufd (&self->simulator);
  self->bitmap = g_malloc0 (TIB / PAGE / 8);
  g_assert_cmpint (simulator_ioas_alloc (&self->simulator, self->fd, &self->ioas), ==, 0);
  return TRUE;
}

static void
machine_stop (Machine *self)
{
  for (guint i = 0; i < TRACKERS; i++)
    simulator_close (&self->simulator, self->cdevs[i]);
  simulator_close (&self->simulator, self->fd);
  simulator_stop (&self->simulator);
  munmap (self->memory, (gsize) TIB);
  close (self->file);
  g_free (self->bitmap);
}

static void
start_tracking (Machine *self, guint i)
{
  struct iommud_abi_hwpt_set_dirty_tracking record = {
    .size = sizeof record,
    .hwpt_id = self->hwpts[i],
    .flags = IOMMUD_ABI_HWPT_DIRTY_TRACKING_ENABLE,
  };
  struct iommud_abi_vfio_dma_logging_range range = { .iova = TIB, .length = TIB };
  struct
  {
    struct iommud_abi_vfio_feature head;
    struct iommud_abi_vfio_dma_logging_control control;
  } start = {
    .head = { sizeof start,
              IOMMUD_ABI_VFIO_FEATURE_DMA_LOGGING_START | IOMMUD_ABI_VFIO_FEATURE_SET },
    .control = { .page_size = PAGE, .num_ranges = 1, .ranges = (guintptr) &range },
  };

  g_assert_cmpint (
      simulator_ioctl (&self->simulator, self->fd, IOMMUD_ABI_HWPT_SET_DIRTY_TRACKING, &record), ==,
      0);
  g_assert_cmpint (
      simulator_ioctl (&self->simulator, self->cdevs[i], IOMMUD_ABI_VFIO_FEATURE, &start), ==, 0);
}

static void
get_dirty (Machine *self, guint i)
{
  struct iommud_abi_hwpt_get_dirty_bitmap record = {
    .size = sizeof record,
    .hwpt_id = self->hwpts[i],
    .iova = TIB,
    .length = TIB,
    .page_size = PAGE,
    .data = (guintptr) self->bitmap,
  };

  g_assert_cmpint (
      simulator_ioctl (&self->simulator, self->fd, IOMMUD_ABI_HWPT_GET_DIRTY_BITMAP, &record), ==,
      0);
}

static void
report_log (Machine *self, guint i)
{
  struct
  {
    struct iommud_abi_vfio_feature head;
    struct iommud_abi_vfio_dma_logging_report report;
  } record = {
    .head = { sizeof record,
              IOMMUD_ABI_VFIO_FEATURE_DMA_LOGGING_REPORT | IOMMUD_ABI_VFIO_FEATURE_GET },
    .report = { .iova = TIB, .length = TIB, .page_size = PAGE, .bitmap = (guintptr) self->bitmap },
  };

  g_assert_cmpint (
      simulator_ioctl (&self->simulator, self->cdevs[i], IOMMUD_ABI_VFIO_FEATURE, &record), ==, 0);
}

static void
write_pages (Machine *self, guint tracker, guint count, guint64 first, guint64 stride)
{
  g_autofree char *name = get_name (tracker);

  for (guint64 i = 0; i < count; i++)
    g_assert_cmpint (iommud_simulated_kernel_dma_write (self->simulator.kernel, name,
                                                        TIB + first + i * stride, 8, 1),
                     ==, 0);
}

static guint64
count_bits (const Machine *self)
{
  guint64 count = 0;

  for (gsize i = 0; i < TIB / PAGE / 64; i++)
    count += (guint64) __builtin_popcountll (self->bitmap[i]);
  return count;
}

static glong
get_resident_kib (void)
{
  struct rusage usage;

  g_assert_cmpint (getrusage (RUSAGE_SELF, &usage), ==, 0);
  return usage.ru_maxrss;
}

/* Nothing was written: nothing is looked at. */
static void
check_clean (Machine *self)
{
  glong before = get_resident_kib ();

  for (guint round = 0; round < 100; round++)
    for (guint i = 0; i < TRACKERS; i++)
      {
        get_dirty (self, i);
        report_log (self, i);
      }
  g_assert_cmpint (get_resident_kib () - before, <, 8192);
}

static void
check_scattered (Machine *self)
{
  for (guint i = 0; i < TRACKERS; i++)
    write_pages (self, i, 200, i * PAGE, TIB / 200 / PAGE * PAGE);
  for (guint i = 0; i < TRACKERS; i++)
    get_dirty (self, i);
  g_assert_cmpuint (count_bits (self), ==, TRACKERS * 200);
  memset (self->bitmap, 0, TIB / PAGE / 8);
  for (guint i = 0; i < TRACKERS; i++)
    report_log (self, i);
  g_assert_cmpuint (count_bits (self), ==, TRACKERS * 200);
}

/* Runs of pages, and every other page. */
static void
check_dense (Machine *self)
{
  memset (self->bitmap, 0, TIB / PAGE / 8);
  g_assert_cmpint (iommud_simulated_kernel_dma_write (self->simulator.kernel, "d3", TIB + 5 * PAGE,
                                                      1000 * PAGE, 1),
                   ==, 0);
  write_pages (self, 3, 1000, TIB / 2, 2 * PAGE);
  get_dirty (self, 3);
  g_assert_cmpuint (count_bits (self), ==, 2000);
  g_assert_cmphex (self->bitmap[0], ==, G_MAXUINT64 << 5);
  g_assert_cmphex (self->bitmap[14], ==, G_MAXUINT64);
  g_assert_cmphex (self->bitmap[TIB / 2 / PAGE / 64], ==, G_GUINT64_CONSTANT (0x5555555555555555));
}

static void
assert_was_cheap (void)
{
  struct timespec time;

  g_assert_cmpint (clock_gettime (CLOCK_PROCESS_CPUTIME_ID, &time), ==, 0);
  g_assert_cmpint (time.tv_sec, <, MOST_SECONDS);
}

static void
test_tebibyte (void)
{
  Machine machine = { 0 };

  if (!machine_start (&machine))
    {
      g_test_skip ("no room for a tebibyte of addresses");
      return;
    }
  g_assert_cmpint (map_tebibyte (&machine), ==, 0);
  add_trackers (&machine);
  for (guint i = 0; i < TRACKERS; i++)
    start_tracking (&machine, i);
  check_clean (&machine);
  check_scattered (&machine);
  check_dense (&machine);
  machine_stop (&machine);
  assert_was_cheap ();
}

#define MANY_IOMMUS 64u
#define MANY_DEVICES 1000u

static char *
describe_large_host (void)
{
  g_autoptr (GString) xml = g_string_new ("<simulated-host>");

  for (guint i = 0; i < MANY_IOMMUS; i++)
    g_string_append_printf (xml,
                            "<iommu name='dmar%u' dirty-tracking='%s'><reserved first='0xfee00000'"
                            " last='0xfeefffff' type='msi'/></iommu>",
                            i, i % 2 == 0 ? "yes" : "no");
  for (guint i = 0; i < MANY_DEVICES; i++)
    g_string_append_printf (xml,
                            "<device name='%04x:00:00.0' iommu='dmar%u' group='%u'>%s</device>",
                            i + 1, i % MANY_IOMMUS, i, i % 3 == 0 ? "<dma-logging/>" : "");
  g_string_append (xml, "</simulated-host>");
  return g_string_free (g_steal_pointer (&xml), FALSE);
}

static void
attach_many (Simulator *simulator, int fd, guint32 ioas, int *cdevs)
{
  for (guint i = 0; i < MANY_DEVICES; i++)
    {
      g_autofree char *name = g_strdup_printf ("%04x:00:00.0", i + 1);
      guint32 device, table = ioas;

      cdevs[i] = simulator_open_cdev (simulator, name);
      g_assert_cmpint (simulator_bind (simulator, cdevs[i], fd, &device), ==, 0);
      g_assert_cmpint (simulator_attach (simulator, cdevs[i], &table), ==, 0);
    }
}

/* Each device tries the HWPTs of the kernel's in order, as on the real one. */
static void
test_many_iommus (void)
{
  g_autofree char *xml = describe_large_host ();
  g_autoptr (GError) error = NULL;
  g_autofree int *cdevs = g_new (int, MANY_DEVICES);
  Simulator simulator;
  struct rlimit limit;
  guint32 ioas;
  int fd;

  if (getrlimit (RLIMIT_NOFILE, &limit) != 0 || limit.rlim_max < 3 * MANY_DEVICES)
    {
      g_test_skip ("too few file descriptors may be open");
      return;
    }
  limit.rlim_cur = MIN (limit.rlim_max, 4 * MANY_DEVICES);
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &limit), ==, 0);
  simulator.kernel =
      iommud_simulated_kernel_new (iommud_xml_parse_simulated_host (xml, -1, "large", &error));
  g_assert_no_error (error);
  simulator.syscalls = iommud_simulated_kernel_get_syscalls (simulator.kernel);
  fd = simulator_open_iommufd (&simulator);
  g_assert_cmpint (simulator_ioas_alloc (&simulator, fd, &ioas), ==, 0);
  attach_many (&simulator, fd, ioas, cdevs);
  g_assert_cmpuint (iommud_simulated_kernel_count_objects (simulator.kernel), ==,
                    1 + MANY_DEVICES + MANY_IOMMUS);
  for (guint i = 0; i < MANY_DEVICES; i++)
    simulator_close (&simulator, cdevs[i]);
  simulator_close (&simulator, fd);
  simulator_stop (&simulator);
  assert_was_cheap ();
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/simulator/scale/tebibyte", test_tebibyte);
  g_test_add_func ("/simulator/scale/many-iommus", test_many_iommus);
  return g_test_run ();
}
