/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The simulated kernel, as conformance sequences use it: each `dev` step becomes one of its
 * devices. */
#include "config.h"

#include "conformance-host.h"
#include "conformance-specification.h"
#include "sim/kernel-testing.h"
#include "xml/host-description.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The window of message interrupts that x86 reserves, and each device has unless told otherwise. */
#define MSI_FIRST 0xfee00000u
#define MSI_LAST 0xfeefffffu

#define APERTURE_LAST 0xffffffffffffu

/* Groups of devices that name none are numbered from here. */
#define FIRST_OWN_GROUP 1000

#define CAPABILITY_IPC_LOCK 14
#define CAPABILITY_SYS_RESOURCE 24

typedef struct
{
  ConformanceHost parent;
  IommudSimulatedKernel *kernel;
  GHashTable *iommus; /* set of names */
  char **devices;     /* names in a described host; NULL for an empty one */
  gint32 next_group;
  char *leavers[CONFORMANCE_JOBS]; /* the device that a write or a removal waits for */
} SimulatedHost;

static SimulatedHost *
get_self (ConformanceHost *host)
{
  return (SimulatedHost *) host;
}

static char *
require_iommu (SimulatedHost *self, guint number)
{
  char *name = g_strdup_printf ("iommu%u", number);
  IommudSimulatedIommu *iommu;

  if (!g_hash_table_add (self->iommus, g_strdup (name)))
    return name;
  iommu = iommud_simulated_iommu_new (name);
  iommu->dirty_tracking = FALSE;
  iommu->nesting = FALSE;
  iommu->cache_coherency = TRUE;
  iommu->enforced_coherency = FALSE;
  iommu->isolated_msi = TRUE;
  iommu->aperture_first = 0;
  iommu->aperture_last = APERTURE_LAST;
  iommu->hw_info_type = 1;
  iommu->pasid_bits = 0;
  g_array_set_size (iommu->regions, 0);
  iommud_simulated_kernel_add_iommu (self->kernel, iommu);
  return name;
}

static void
set_string (char **string, const char *value)
{
  g_free (*string);
  *string = g_strdup (value);
}

static int
add_host_device (SimulatedHost *self, const char *name, const char *driver, const char *iommu,
                 gint32 group)
{
  IommudSimulatedHostDevice *device = iommud_simulated_host_device_new ();

  set_string (&device->name, name);
  set_string (&device->driver, driver);
  set_string (&device->iommu, iommu);
  device->iommu_group = group;
  return iommud_simulated_kernel_add_host_device (self->kernel, device);
}

/* Takes @device. */
static int
add_parsed (SimulatedHost *self, IommudSimulatedDevice *device,
            const ConformanceSpecification *specification)
{
  g_autofree char *iommu = require_iommu (self, specification->iommu);
  g_autofree char *name = g_strdup_printf ("vmock.%u", specification->id);
  gint32 group = specification->group >= 0 ? specification->group : self->next_group++;

  if (specification->driver != NULL)
    {
      iommud_simulated_device_free (device);
      return add_host_device (self, name, specification->driver, iommu, group);
    }
  if (specification->msi)
    conformance_specification_add_region (device, MSI_FIRST, MSI_LAST,
                                          IOMMUD_SIMULATED_RESERVED_MSI);
  set_string (&device->info->name, name);
  set_string (&device->info->bus, "platform");
  set_string (&device->info->driver, "vfio_mock");
  set_string (&device->info->iommu, iommu);
  g_free (device->info->sysfs_path);
  device->info->sysfs_path = g_strdup_printf ("/sys/devices/platform/%s", name);
  device->info->iommu_group = group;
  return iommud_simulated_kernel_add_device (self->kernel, device);
}

/* The name that a sequence gives to a device of a described host is not its own there. */
static const char *
translate (SimulatedHost *self, const char *name)
{
  guint64 id = 0;

  if (self->devices != NULL && g_str_has_prefix (name, "vmock.")
      && conformance_specification_parse_number (name + strlen ("vmock."), G_MAXINT16, &id)
      && id < g_strv_length (self->devices))
    return self->devices[id];
  return name;
}

/* A device that is described is there: it is plugged in again if a sequence took it away. */
static int
require_described (SimulatedHost *self, guint id)
{
  const char *name;

  if (id >= g_strv_length (self->devices))
    return ENODEV;
  name = self->devices[id];
  return iommud_simulated_kernel_has_device (self->kernel, name)
             ? 0
             : iommud_simulated_kernel_plug (self->kernel, name);
}

static int
host_add_device (ConformanceHost *host, const char *text)
{
  SimulatedHost *self = get_self (host);
  g_autoptr (IommudSimulatedDevice) device = iommud_simulated_device_new ();
  g_auto (ConformanceSpecification) specification = { .driver = NULL };

  if (!conformance_specification_parse (text, device, &specification))
    return EINVAL;
  if (self->devices != NULL)
    return require_described (self, specification.id);
  return add_parsed (self, g_steal_pointer (&device), &specification);
}

static int
host_find_node (ConformanceHost *host, const char *name, char **path)
{
  SimulatedHost *self = get_self (host);

  *path = iommud_simulated_kernel_get_node (self->kernel, translate (self, name));
  return *path != NULL ? 0 : ENODEV;
}

static int
host_same_group (ConformanceHost *host, const char *name, const char *other, gboolean *same)
{
  SimulatedHost *self = get_self (host);
  const char *own = translate (self, name), *own_other = translate (self, other);

  if (!iommud_simulated_kernel_has_device (self->kernel, own)
      || !iommud_simulated_kernel_has_device (self->kernel, own_other))
    return ENODEV;
  *same = iommud_simulated_kernel_same_group (self->kernel, own, own_other);
  return 0;
}

static int
host_get_driver (ConformanceHost *host, const char *name, char **driver)
{
  SimulatedHost *self = get_self (host);

  *driver = iommud_simulated_kernel_get_driver (self->kernel, translate (self, name));
  return *driver != NULL ? 0 : ENOENT;
}

static gboolean
host_path_exists (ConformanceHost *host, const char *path)
{
  return iommud_simulated_kernel_path_exists (get_self (host)->kernel, path);
}

static int
host_read_attribute (ConformanceHost *host, const char *path, char **value)
{
  return iommud_simulated_kernel_read_attribute (get_self (host)->kernel, path, value);
}

/* The device that a write to sysfs takes away: `.../unbind` says whose, `NAME/remove` is its own.
 */
static char *
find_leaver (const char *path, const char *value)
{
  g_autofree char *folder = g_path_get_dirname (path);

  if (g_str_has_suffix (path, "/unbind"))
    return g_strdup (value);
  return g_str_has_suffix (path, "/remove") ? g_path_get_basename (folder) : g_strdup ("");
}

static int
host_begin_write (ConformanceHost *host, ConformanceJob job, const char *path, const char *value)
{
  SimulatedHost *self = get_self (host);

  g_free (self->leavers[job]);
  self->leavers[job] = find_leaver (path, value);
  return iommud_simulated_kernel_write_attribute (self->kernel, path, value);
}

static int
host_begin_removal (ConformanceHost *host, ConformanceJob job, const char *name)
{
  SimulatedHost *self = get_self (host);
  const char *own = translate (self, name);

  set_string (&self->leavers[job], own);
  return iommud_simulated_kernel_unplug (self->kernel, own);
}

static gboolean
host_has_ended (ConformanceHost *host, ConformanceJob job, int *errnum)
{
  SimulatedHost *self = get_self (host);

  *errnum = 0;
  return !iommud_simulated_kernel_is_leaving (self->kernel, self->leavers[job]);
}

static int
host_become (ConformanceHost *host, guint32 uid, guint64 capabilities)
{
  iommud_simulated_kernel_set_capabilities (get_self (host)->kernel,
                                            (capabilities >> CAPABILITY_SYS_RESOURCE & 1) != 0,
                                            (capabilities >> CAPABILITY_IPC_LOCK & 1) != 0);
  return 0;
}

static void
host_resume (ConformanceHost *host)
{
  iommud_simulated_kernel_set_capabilities (get_self (host)->kernel, TRUE, TRUE);
}

static int
host_dma (ConformanceHost *host, const char *name, gboolean is_write, guint64 iova, guint64 length,
          guint8 value, guint8 *data)
{
  SimulatedHost *self = get_self (host);
  const char *own = translate (self, name);

  if (is_write)
    return iommud_simulated_kernel_dma_write (self->kernel, own, iova, length, value);
  return iommud_simulated_kernel_dma_read (self->kernel, own, iova, length, data);
}

static int
host_register_dma (ConformanceHost *host, int fd, guint64 iova, guint64 length, guint8 value,
                   gint64 *result)
{
  return iommud_simulated_kernel_register_dma (get_self (host)->kernel, fd, iova, length, value,
                                               result);
}

static int
host_register_read (ConformanceHost *host, int fd, gint64 *value)
{
  *value = 0;
  return iommud_simulated_kernel_pread (get_self (host)->kernel, fd, value, sizeof (*value), 0) < 0
             ? errno
             : 0;
}

static int
host_inject (ConformanceHost *host, const char *name, const char *call, int errnum, guint nth)
{
  SimulatedHost *self = get_self (host);

  return iommud_simulated_kernel_fail_driver (self->kernel, translate (self, name), call, errnum,
                                              nth);
}

static int
host_get_state (ConformanceHost *host, const char *name, GString *text)
{
  SimulatedHost *self = get_self (host);
  IommudSimulatedDeviceState state;
  int errnum = iommud_simulated_kernel_get_state (self->kernel, translate (self, name), &state);

  if (errnum != 0)
    return errnum;
  g_string_append_printf (text, "domain=%s devices=%u pages=%" G_GUINT64_FORMAT,
                          iommud_simulated_domain_type_to_string (state.domain), state.devices,
                          state.pages);
  g_string_append_printf (text, " can_dirty=%d tracking=%d dirty=%" G_GUINT64_FORMAT,
                          state.can_dirty, state.tracking, state.dirty);
  g_string_append_printf (text, " dmas=%" G_GUINT64_FORMAT " faults=%" G_GUINT64_FORMAT, state.dmas,
                          state.faults);
  g_string_append_printf (text, " logging=%d log_ranges=%u log_page=%" G_GUINT64_FORMAT,
                          state.logging, state.log_ranges, state.log_page);
  g_string_append_printf (text, " logged=%" G_GUINT64_FORMAT, state.logged);
  return 0;
}

static void
host_free (ConformanceHost *host)
{
  SimulatedHost *self = get_self (host);

  iommud_simulated_kernel_unref (self->kernel);
  g_hash_table_unref (self->iommus);
  g_strfreev (self->devices);
  for (guint job = 0; job < CONFORMANCE_JOBS; job++)
    g_free (self->leavers[job]);
  g_free (self);
}

static void
add_mtty (IommudSimulatedKernel *kernel)
{
  iommud_simulated_kernel_add_mdev_parent (kernel, "mtty", 24);
  iommud_simulated_kernel_add_mdev_type (kernel, "mtty", "mtty-1", "Single port serial", "vfio-pci",
                                         1);
  iommud_simulated_kernel_add_mdev_type (kernel, "mtty", "mtty-2", "Dual port serial", "vfio-pci",
                                         2);
}

static const ConformanceHost host_functions = {
  .add_device = host_add_device,
  .find_node = host_find_node,
  .same_group = host_same_group,
  .get_driver = host_get_driver,
  .path_exists = host_path_exists,
  .read_attribute = host_read_attribute,
  .begin_write = host_begin_write,
  .begin_removal = host_begin_removal,
  .has_ended = host_has_ended,
  .become = host_become,
  .resume = host_resume,
  .dma = host_dma,
  .register_dma = host_register_dma,
  .register_read = host_register_read,
  .inject = host_inject,
  .get_state = host_get_state,
  .free = host_free,
};

ConformanceHost *
conformance_host_new_simulated (const char *filename, const char *const *devices, GError **error)
{
  g_autoptr (IommudSimulatedHost) description =
      filename != NULL ? iommud_xml_load_simulated_host (filename, NULL, error)
                       : iommud_simulated_host_new ();
  SimulatedHost *self;

  if (description == NULL)
    return NULL;
  self = g_new0 (SimulatedHost, 1);
  self->parent = host_functions;
  self->devices = filename != NULL ? g_strdupv ((char **) devices) : NULL;
  self->iommus = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->next_group = FIRST_OWN_GROUP;
  self->kernel = iommud_simulated_kernel_new (g_steal_pointer (&description));
  self->parent.syscalls = iommud_simulated_kernel_get_syscalls (self->kernel);
  if (filename == NULL)
    add_mtty (self->kernel);
  return &self->parent;
}
