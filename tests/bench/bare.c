/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The bare ioctls that the benchmarks compare with, on a simulated kernel of their own, without the
 * model above it. For each line with a number of repetitions it prints their time and their CPU
 * time, in nanoseconds, so that rounds of both sides can alternate. */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "dirty-workload.h"
#include "backend/backend.h"
#include "model/container.h"
#include "model/device.h"
#include "kernel/vfio.h"
#include "large-host.h"
#include "measure.h"
#include "simulator-fixture.h"
#include "workload.h"

typedef struct
{
  Simulator simulator;
  int iommufd;
  int cdev;
  guint32 ioas;
  int file;
  guint n_mapped;
} MapUser;

static void
map_user_set_up (MapUser *self)
{
  guint32 device;
  guint32 table;

  simulator_start (&self->simulator);
  simulator_add_iommu (&self->simulator, "dmar0");
  simulator_add_device (&self->simulator, "0000:01:00.0", "dmar0", -1, NULL);
  self->iommufd = simulator_open_iommufd (&self->simulator);
  g_assert_cmpint (simulator_ioas_alloc (&self->simulator, self->iommufd, &self->ioas), ==, 0);
  self->cdev = simulator_open_cdev (&self->simulator, "0000:01:00.0");
  g_assert_cmpint (simulator_bind (&self->simulator, self->cdev, self->iommufd, &device), ==, 0);
  g_assert_cmpint (
      simulator_hwpt_alloc (&self->simulator, self->iommufd, 0, device, self->ioas, &table), ==, 0);
  g_assert_cmpint (simulator_attach (&self->simulator, self->cdev, &table), ==, 0);
  self->file = workload_make_file (WORKLOAD_MAP_LENGTH);
}

static void
map_one (gpointer user_data)
{
  MapUser *self = user_data;
  void *memory = mmap (NULL, WORKLOAD_MAP_LENGTH, PROT_READ | PROT_WRITE,
                       MAP_SHARED | MAP_NORESERVE, self->file, 0);

  g_assert_true (memory != MAP_FAILED);
  g_assert_cmpint (simulator_map (&self->simulator, self->iommufd, self->ioas, memory,
                                  WORKLOAD_MAP_LENGTH, workload_get_iova (self->n_mapped++)),
                   ==, 0);
}

typedef struct
{
  IommudSimulator *simulator;
  IommudHost *host;
  IommudContainer *container;
  const IommudSyscalls *syscalls;
  int iommufd;
} DirtyUser;

static void
dirty_user_set_up (DirtyUser *self)
{
  g_autofree char *xml = dirty_workload_describe ();
  g_autoptr (GError) error = NULL;

  self->simulator = iommud_simulator_new_from_data (xml, -1, &error);
  g_assert_no_error (error);
  self->host = iommud_host_new (IOMMUD_BACKEND (self->simulator), &error);
  g_assert_no_error (error);
  self->container = dirty_workload_set_up (self->host);
  self->syscalls = iommud_backend_get_syscalls (IOMMUD_BACKEND (self->simulator));
  self->iommufd = iommud_context_get_fd (iommud_container_get_context (self->container));
}

static void
write_pages (gpointer user_data)
{
  dirty_workload_write (((DirtyUser *) user_data)->simulator);
}

static void
report_logs (const DirtyUser *self, guint64 *words)
{
  GListModel *devices = iommud_container_get_devices (self->container);

  for (guint i = 0; i < g_list_model_get_n_items (devices); i++)
    {
      g_autoptr (IommudDevice) device = g_list_model_get_item (devices, i);

      if (iommud_device_get_tracker (device) == IOMMUD_TRACKER_KIND_DEVICE)
        g_assert_cmpint (iommud_vfio_report_dma_logging (self->syscalls,
                                                         iommud_device_get_binding (device)->cdev,
                                                         DIRTY_WORKLOAD_IOVA, DIRTY_WORKLOAD_LENGTH,
                                                         DIRTY_WORKLOAD_PAGE, words),
                         ==, 0);
    }
}

static void
get_dirty_bitmaps (const DirtyUser *self, guint64 *words)
{
  GListModel *hwpts = iommud_container_get_hwpts (self->container);

  for (guint i = 0; i < g_list_model_get_n_items (hwpts); i++)
    {
      g_autoptr (IommudHwpt) hwpt = g_list_model_get_item (hwpts, i);

      g_assert_cmpint (iommud_iommufd_get_dirty_bitmap (
                           self->syscalls, self->iommufd, iommud_hwpt_get_id (hwpt), FALSE,
                           DIRTY_WORKLOAD_IOVA, DIRTY_WORKLOAD_LENGTH, DIRTY_WORKLOAD_PAGE, words),
                       ==, 0);
    }
}

static guint64
count_bits (const guint64 *words, gsize n_words)
{
  guint64 n_bits = 0;

  for (gsize i = 0; i < n_words; i++)
    n_bits += (guint64) __builtin_popcountll (words[i]);
  return n_bits;
}

/* As the caller gets it: a new file each time, and how many pages are dirty. */
static void
read_bare (gpointer user_data)
{
  const gsize size = DIRTY_WORKLOAD_LENGTH / DIRTY_WORKLOAD_PAGE / 8;
  int file = workload_make_file (size);
  guint64 *words = mmap (NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);

  g_assert_true (words != MAP_FAILED);
  report_logs (user_data, words);
  get_dirty_bitmaps (user_data, words);
  g_assert_cmpuint (count_bits (words, size / sizeof *words), ==, dirty_workload_count_pages ());
  munmap (words, size);
  close (file);
}

static void
read_in_library (gpointer user_data)
{
  DirtyUser *self = user_data;
  guint64 dirty_pages = 0;
  g_autoptr (GError) error = NULL;
  int bitmap = call_read_dirty_bitmap (self->container, DIRTY_WORKLOAD_IOVA, DIRTY_WORKLOAD_LENGTH,
                                       DIRTY_WORKLOAD_PAGE, FALSE, IOMMUD_TRACKER_CHOICE_AUTO, NULL,
                                       &dirty_pages, &error);

  g_assert_no_error (error);
  g_assert_cmpuint (dirty_pages, ==, dirty_workload_count_pages ());
  close (bitmap);
}

/* One device, which is attached and detached. */
typedef struct
{
  Simulator simulator;
  int iommufd;
  guint32 ioas;
} AttachUser;

static void
attach_user_set_up (AttachUser *self)
{
  simulator_start (&self->simulator);
  simulator_add_iommu (&self->simulator, "dmar0");
  simulator_add_device (&self->simulator, "0000:00:00.0", "dmar0", -1, NULL);
  self->iommufd = simulator_open_iommufd (&self->simulator);
  g_assert_cmpint (simulator_ioas_alloc (&self->simulator, self->iommufd, &self->ioas), ==, 0);
}

static void
read_ranges (AttachUser *self)
{
  g_autoptr (GArray) ranges = NULL;
  guint64 alignment;

  g_assert_cmpint (iommud_iommufd_ioas_iova_ranges (self->simulator.syscalls, self->iommufd,
                                                    self->ioas, &ranges, &alignment),
                   ==, 0);
}

/* The same calls that the library makes. */
static void
attach_and_detach (gpointer user_data)
{
  AttachUser *self = user_data;
  const IommudSyscalls *syscalls = self->simulator.syscalls;
  int cdev = simulator_open_cdev (&self->simulator, "0000:00:00.0");
  IommudHwInfo info;
  guint32 device;
  guint32 table;
  guint32 hwpt;

  g_assert_cmpint (iommud_vfio_bind_iommufd (syscalls, cdev, self->iommufd, &device), ==, 0);
  g_assert_cmpint (iommud_iommufd_get_hw_info (syscalls, self->iommufd, device, &info), ==, 0);
  iommud_vfio_has_dma_logging (syscalls, cdev);
  g_assert_cmpint (iommud_iommufd_hwpt_alloc (syscalls, self->iommufd,
                                              IOMMUD_IOMMUFD_ALLOC_DIRTY_TRACKING, device,
                                              self->ioas, &hwpt),
                   ==, 0);
  table = hwpt;
  g_assert_cmpint (iommud_vfio_attach (syscalls, cdev, &table), ==, 0);
  read_ranges (self);
  g_assert_cmpint (iommud_vfio_detach (syscalls, cdev), ==, 0);
  simulator_close (&self->simulator, cdev);
  g_assert_cmpint (iommud_iommufd_destroy (syscalls, self->iommufd, hwpt), ==, 0);
  read_ranges (self);
}

/* What a lease of four devices opens. */
static void
open_and_close (gpointer user_data)
{
  AttachUser *self = user_data;
  int iommufd = simulator_open_iommufd (&self->simulator);

  for (guint i = 0; i < 4; i++)
    simulator_close (&self->simulator, simulator_open_cdev (&self->simulator, "0000:00:00.0"));
  simulator_close (&self->simulator, iommufd);
}

typedef struct
{
  IommudContainer *container;
  IommudDevice *device;
} LibraryUser;

static void
library_user_set_up (LibraryUser *self)
{
  g_autofree char *xml = large_host_describe (1, 1);
  g_autoptr (IommudContainerOptions) options = iommud_container_options_new ();
  g_autoptr (GError) error = NULL;
  IommudSimulator *simulator = iommud_simulator_new_from_data (xml, -1, &error);
  IommudHost *host = NULL;

  g_assert_no_error (error);
  host = iommud_host_new (IOMMUD_BACKEND (simulator), &error);
  g_assert_no_error (error);
  self->container = iommud_host_create_container (host, options, NULL, &error);
  g_assert_no_error (error);
  self->device = iommud_host_find_device (host, "0000:00:00.0", &error);
  g_assert_no_error (error);
}

static void
attach_and_detach_in_library (gpointer user_data)
{
  const LibraryUser *self = user_data;
  g_autoptr (GError) error = NULL;

  call_attach_device (self->container, self->device, IOMMUD_ATTACH_MODE_AUTO,
                      IOMMUD_TRACKER_CHOICE_AUTO, NULL, NULL, &error);
  g_assert_no_error (error);
  iommud_device_detach (self->device, NULL, &error);
  g_assert_no_error (error);
}

static void
serve (const Measurement *measurement)
{
  char line[32];

  while (fgets (line, sizeof line, stdin) != NULL)
    {
      gint64 time = 0;
      gint64 cpu = 0;

      measure_round (measurement, (guint) g_ascii_strtoull (line, NULL, 10), &time, &cpu);
      printf ("%" G_GINT64_FORMAT " %" G_GINT64_FORMAT "\n", time, cpu);
      fflush (stdout);
    }
}

static void
serve_map (void)
{
  MapUser user = { 0 };
  Measurement mapping = { .function = map_one, .user_data = &user };

  map_user_set_up (&user);
  serve (&mapping);
}

static void
serve_dirty (void (*function) (gpointer))
{
  DirtyUser user = { 0 };
  Measurement reading = { .function = function, .user_data = &user, .prepare = write_pages };

  dirty_user_set_up (&user);
  serve (&reading);
}

static void
serve_attach (void (*function) (gpointer))
{
  AttachUser user = { 0 };
  Measurement attaching = { .function = function, .user_data = &user };

  attach_user_set_up (&user);
  serve (&attaching);
}

static void
serve_attach_in_library (void)
{
  LibraryUser user = { NULL, NULL };
  Measurement attaching = { .function = attach_and_detach_in_library, .user_data = &user };

  library_user_set_up (&user);
  serve (&attaching);
}

int
main (int argc, char **argv)
{
  g_assert_cmpint (argc, ==, 2);
  if (strcmp (argv[1], "map") == 0)
    serve_map ();
  else if (strcmp (argv[1], "dirty") == 0)
    serve_dirty (read_bare);
  else if (strcmp (argv[1], "dirty-library") == 0)
    serve_dirty (read_in_library);
  else if (strcmp (argv[1], "attach") == 0)
    serve_attach (attach_and_detach);
  else if (strcmp (argv[1], "lease") == 0)
    serve_attach (open_and_close);
  else if (strcmp (argv[1], "attach-library") == 0)
    serve_attach_in_library ();
  else
    g_error ("No bare ioctls for %s", argv[1]);
  return 0;
}
