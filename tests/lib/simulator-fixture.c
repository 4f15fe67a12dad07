/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The fixture of the simulated kernel's own tests. */
#include "config.h"

#include "simulator-fixture.h"

#include <errno.h>
#include <fcntl.h>

void
simulator_start (Simulator *self)
{
  simulator_start_as (self, IOMMUD_SIMULATED_LINUX_6_12);
}

void
simulator_start_as (Simulator *self, IommudSimulatedLinux version)
{
  IommudSimulatedHost *host = iommud_simulated_host_new ();

  host->kernel = version;
  self->kernel = iommud_simulated_kernel_new (host);
  self->syscalls = iommud_simulated_kernel_get_syscalls (self->kernel);
}

void
simulator_stop (Simulator *self)
{
  g_assert_cmpuint (iommud_simulated_kernel_count_files (self->kernel), ==, 0);
  g_assert_cmpuint (iommud_simulated_kernel_count_objects (self->kernel), ==, 0);
  g_assert_cmpuint (iommud_simulated_kernel_count_contexts (self->kernel), ==, 0);
  g_clear_pointer (&self->kernel, iommud_simulated_kernel_unref);
}

void
simulator_add_iommu (Simulator *self, const char *name)
{
  IommudSimulatedIommu *iommu = iommud_simulated_iommu_new (name);

  iommu->dirty_tracking = TRUE;
  iommu->nesting = TRUE;
  g_assert_cmpint (iommud_simulated_kernel_add_iommu (self->kernel, iommu), ==, 0);
}

void
simulator_add_device (Simulator *self, const char *name, const char *iommu, gint32 group,
                      SimulatorTweak tweak)
{
  IommudSimulatedDevice *device = iommud_simulated_device_new ();

  iommud_simulated_replace_string (&device->info->name, name);
  iommud_simulated_replace_string (&device->info->bus, "pci");
  iommud_simulated_replace_string (&device->info->iommu, iommu);
  device->info->iommu_group = group >= 0 ? group : (gint32) (g_str_hash (name) & 0xffff) + 1000;
  if (tweak != NULL)
    tweak (device);
  g_assert_cmpint (iommud_simulated_kernel_add_device (self->kernel, device), ==, 0);
}

void
simulator_add_mdev (Simulator *self, const char *name)
{
  IommudSimulatedDevice *device = iommud_simulated_device_new ();

  iommud_simulated_replace_string (&device->info->name, name);
  iommud_simulated_replace_string (&device->info->bus, "mdev");
  g_assert_cmpint (iommud_simulated_kernel_add_device (self->kernel, device), ==, 0);
}

int
simulator_open_iommufd (Simulator *self)
{
  int fd = self->syscalls->open (self->syscalls, "/dev/iommu", 0, O_RDWR | O_CLOEXEC);

  g_assert_cmpint (fd, >=, 0);
  return fd;
}

int
simulator_open_cdev (Simulator *self, const char *name)
{
  g_autofree char *node = iommud_simulated_kernel_get_node (self->kernel, name);
  int fd;

  g_assert_nonnull (node);
  fd = self->syscalls->open (self->syscalls, node, 0, O_RDWR | O_CLOEXEC);
  g_assert_cmpint (fd, >=, 0);
  return fd;
}

void
simulator_close (Simulator *self, int fd)
{
  g_assert_cmpint (self->syscalls->close (self->syscalls, fd), ==, 0);
}

int
simulator_ioctl (Simulator *self, int fd, unsigned long request, gpointer record)
{
  return self->syscalls->ioctl (self->syscalls, fd, request, record) < 0 ? errno : 0;
}

int
simulator_ioas_alloc (Simulator *self, int fd, guint32 *id)
{
  struct iommud_abi_ioas_alloc record = { .size = sizeof record };
  int errnum = simulator_ioctl (self, fd, IOMMUD_ABI_IOAS_ALLOC, &record);

  *id = record.out_ioas_id;
  return errnum;
}

int
simulator_destroy (Simulator *self, int fd, guint32 id)
{
  struct iommud_abi_destroy record = { .size = sizeof record, .id = id };

  return simulator_ioctl (self, fd, IOMMUD_ABI_DESTROY, &record);
}

int
simulator_map (Simulator *self, int fd, guint32 ioas, gpointer memory, guint64 length, guint64 iova)
{
  struct iommud_abi_ioas_map record = {
    .size = sizeof record,
    .flags = IOMMUD_ABI_MAP_FIXED_IOVA | IOMMUD_ABI_MAP_READABLE | IOMMUD_ABI_MAP_WRITEABLE,
    .ioas_id = ioas,
    .user_va = (guintptr) memory,
    .length = length,
    .iova = iova,
  };

  return simulator_ioctl (self, fd, IOMMUD_ABI_IOAS_MAP, &record);
}

int
simulator_hwpt_alloc (Simulator *self, int fd, guint32 flags, guint32 device, guint32 table,
                      guint32 *id)
{
  struct iommud_abi_hwpt_alloc record = {
    .size = sizeof record, .flags = flags, .dev_id = device, .pt_id = table
  };
  int errnum = simulator_ioctl (self, fd, IOMMUD_ABI_HWPT_ALLOC, &record);

  *id = record.out_hwpt_id;
  return errnum;
}

int
simulator_bind (Simulator *self, int cdev, int iommufd, guint32 *id)
{
  struct iommud_abi_vfio_bind record = { .argsz = sizeof record, .iommufd = iommufd };
  int errnum = simulator_ioctl (self, cdev, IOMMUD_ABI_VFIO_BIND_IOMMUFD, &record);

  *id = record.out_devid;
  return errnum;
}

int
simulator_attach (Simulator *self, int cdev, guint32 *table)
{
  struct iommud_abi_vfio_attach record = { .argsz = sizeof record, .pt_id = *table };
  int errnum = simulator_ioctl (self, cdev, IOMMUD_ABI_VFIO_ATTACH_IOMMUFD_PT, &record);

  *table = record.pt_id;
  return errnum;
}

int
simulator_detach (Simulator *self, int cdev)
{
  struct iommud_abi_vfio_detach record = { .argsz = sizeof record };

  return simulator_ioctl (self, cdev, IOMMUD_ABI_VFIO_DETACH_IOMMUFD_PT, &record);
}

char *
simulator_get_ranges (Simulator *self, int fd, guint32 ioas)
{
  struct iommud_abi_iova_range ranges[16];
  struct iommud_abi_ioas_iova_ranges record = {
    .size = sizeof record,
    .ioas_id = ioas,
    .num_iovas = G_N_ELEMENTS (ranges),
    .allowed_iovas = (guintptr) ranges,
  };
  g_autoptr (GString) text = g_string_new (NULL);

  g_assert_cmpint (simulator_ioctl (self, fd, IOMMUD_ABI_IOAS_IOVA_RANGES, &record), ==, 0);
  for (guint i = 0; i < record.num_iovas; i++)
    g_string_append_printf (text, "%s%" G_GINT64_MODIFIER "x-%" G_GINT64_MODIFIER "x",
                            i > 0 ? " " : "", (guint64) ranges[i].start, (guint64) ranges[i].last);
  return g_string_free (g_steal_pointer (&text), FALSE);
}

void
simulator_wait (gboolean (*is_done) (gpointer data), gpointer data)
{
  while (!is_done (data))
    g_usleep (1000);
}
