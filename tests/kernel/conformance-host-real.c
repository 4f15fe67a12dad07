/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* This machine, as conformance sequences use it: its devices are either given PCI functions, which
 * are bound to vfio-pci when a sequence wants them, or mock devices that the sequence describes.
 * Needs root; meant for a virtual machine. */
#include "config.h"

#include "conformance-device-pool.h"
#include "conformance-host.h"
#include "conformance-mock-driver.h"
#include "conformance-sysfs.h"
#include "conformance-user.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define SYSFS_PCI "/sys/bus/pci"
#define MDEV_DEVICES "/sys/bus/mdev/devices"
#define VFIO_DRIVER "vfio-pci"
#define MOCK_VFIO_DRIVER "vfio_mock"
#define MOCK_HOST_DRIVER "vmock_host"

/* A device that was just asked for may take a moment to come. */
#define LONGEST_PROBE_MS 5000

typedef struct
{
  ConformanceHost parent;
  ConformanceDevicePool *pool;     /* NULL with mock devices */
  GPtrArray *mocks;                /* names of mock devices that the sequence asked for */
  GPtrArray *mdevs;                /* UUIDs that the sequence asked for */
  pid_t writers[CONFORMANCE_JOBS]; /* processes that write to sysfs; 0: none */
} RealHost;

static RealHost *
get_self (ConformanceHost *host)
{
  return (RealHost *) host;
}

/* A mock device of the sequence is one of the given functions; any other name is its own. */
static char *
translate_name (RealHost *self, const char *name)
{
  const char *address = self->pool != NULL ? conformance_device_pool_find (self->pool, name) : NULL;

  return g_strdup (address != NULL ? address : name);
}

/* The mock devices of sequences are on the platform bus and have a VFIO driver of their own, those
 * that PCI functions stand for are on PCI. */
static char *
translate_part (RealHost *self, const char *part)
{
  if (self->pool == NULL)
    return g_strdup (part);
  if (g_str_equal (part, "platform"))
    return g_strdup ("pci");
  if (g_str_equal (part, MOCK_VFIO_DRIVER))
    return g_strdup (VFIO_DRIVER);
  return translate_name (self, part);
}

static char *
translate_path (RealHost *self, const char *path)
{
  g_auto (GStrv) parts = g_strsplit (path, "/", -1);

  for (guint i = 0; parts[i] != NULL; i++)
    {
      g_autofree char *part = parts[i];

      parts[i] = translate_part (self, part);
    }
  return g_strjoinv ("/", parts);
}

static char *
find_device (RealHost *self, const char *name)
{
  static const char *const buses[] = { "pci", "mdev", "platform" };
  g_autofree char *own = translate_name (self, name);

  for (guint i = 0; i < G_N_ELEMENTS (buses); i++)
    {
      g_autofree char *path = g_strdup_printf ("/sys/bus/%s/devices/%s", buses[i], own);

      if (g_file_test (path, G_FILE_TEST_EXISTS))
        return g_steal_pointer (&path);
    }
  return NULL;
}

static gboolean
host_has_ended (ConformanceHost *host, ConformanceJob job, int *errnum)
{
  RealHost *self = get_self (host);
  int status = 0;

  if (waitpid (self->writers[job], &status, WNOHANG) != self->writers[job])
    return FALSE;
  *errnum = WIFEXITED (status) ? WEXITSTATUS (status) : EIO;
  return TRUE;
}

static int
host_begin_write (ConformanceHost *host, ConformanceJob job, const char *path, const char *value)
{
  RealHost *self = get_self (host);
  g_autofree char *own_path = translate_path (self, path);
  g_autofree char *own_value = translate_part (self, value);

  if (g_str_has_suffix (own_path, "/create"))
    g_ptr_array_add (self->mdevs, g_ascii_strdown (value, -1));
  return conformance_sysfs_start_writer (&self->writers[job], own_path, own_value);
}

/* The node goes when removal begins, the write ends with the device's last close. */
static int
host_find_node (ConformanceHost *host, const char *name, char **path)
{
  g_autofree char *device = find_device (get_self (host), name);
  g_autofree char *folder = device != NULL ? g_build_filename (device, "vfio-dev", NULL) : NULL;
  g_autoptr (GDir) dir = folder != NULL ? g_dir_open (folder, 0, NULL) : NULL;
  const char *vfio_name = dir != NULL ? g_dir_read_name (dir) : NULL;

  if (vfio_name == NULL)
    return ENODEV;
  *path = g_build_filename ("/dev/vfio/devices", vfio_name, NULL);
  return 0;
}

static gboolean
has_node (ConformanceHost *host, const char *name)
{
  g_autofree char *path = NULL;

  return host_find_node (host, name, &path) == 0;
}

static int
host_begin_removal (ConformanceHost *host, ConformanceJob job, const char *name)
{
  RealHost *self = get_self (host);
  g_autofree char *device = find_device (self, name);
  g_autofree char *remove_path = device != NULL ? g_build_filename (device, "remove", NULL) : NULL;
  gboolean is_mock = g_ptr_array_find_with_equal_func (self->mocks, name, g_str_equal, NULL);
  gint64 deadline = g_get_monotonic_time () + LONGEST_PROBE_MS * G_TIME_SPAN_MILLISECOND;
  int errnum;

  if (device == NULL)
    return ENODEV;
  errnum = is_mock
               ? conformance_sysfs_start_writer (&self->writers[job], CONFORMANCE_MOCK_DELETE, name)
               : conformance_sysfs_start_writer (&self->writers[job], remove_path, "1");
  while (errnum == 0 && has_node (host, name) && g_get_monotonic_time () < deadline)
    g_usleep (G_TIME_SPAN_MILLISECOND);
  return errnum;
}

/* Makes sure that a function is there and VFIO's. */
static int
require_device (RealHost *self, const char *address)
{
  g_autofree char *device = g_strdup_printf (SYSFS_PCI "/devices/%s", address);
  int errnum = 0;

  if (has_node (&self->parent, address))
    return 0;
  if (!g_file_test (device, G_FILE_TEST_EXISTS))
    errnum = conformance_sysfs_write_attribute (SYSFS_PCI, "rescan", "1");
  if (errnum == 0)
    errnum = conformance_sysfs_write_attribute (device, "driver_override", VFIO_DRIVER);
  if (errnum == 0)
    {
      /* A device without a driver has nothing to be unbound from. */
      conformance_sysfs_write_attribute (device, "driver/unbind", address);
      errnum = conformance_sysfs_write_attribute (SYSFS_PCI, "drivers_probe", address);
    }
  if (errnum == 0 && !has_node (&self->parent, address))
    errnum = ENODEV;
  return errnum;
}

/* The name of the device that a specification describes; NULL without a number. */
static char *
get_name (const char *specification)
{
  g_auto (GStrv) words = g_strsplit (specification, ",", -1);

  for (guint i = 0; words[i] != NULL; i++)
    if (g_str_has_prefix (words[i], "id="))
      return g_strconcat ("vmock.", words[i] + strlen ("id="), NULL);
  return NULL;
}

static int
host_add_device (ConformanceHost *host, const char *specification)
{
  RealHost *self = get_self (host);
  g_autofree char *name = get_name (specification);

  if (name == NULL)
    return EINVAL;
  if (!conformance_device_pool_assign (self->pool, specification))
    return ENODEV;
  return require_device (self, conformance_device_pool_find (self->pool, name));
}

static int
host_add_mock (ConformanceHost *host, const char *specification)
{
  RealHost *self = get_self (host);
  g_autofree char *name = get_name (specification);
  int errnum = name != NULL ? conformance_mock_driver_add (specification) : EINVAL;

  if (errnum == 0)
    g_ptr_array_add (self->mocks, g_steal_pointer (&name));
  return errnum;
}

/* The last part of what a link of a device points to; NULL without it. */
static char *
read_link (RealHost *self, const char *name, const char *link)
{
  g_autofree char *device = find_device (self, name);
  g_autofree char *path = device != NULL ? g_build_filename (device, link, NULL) : NULL;
  g_autofree char *target = path != NULL ? g_file_read_link (path, NULL) : NULL;

  return target != NULL ? g_path_get_basename (target) : NULL;
}

static int
host_same_group (ConformanceHost *host, const char *name, const char *other, gboolean *same)
{
  g_autofree char *group = read_link (get_self (host), name, "iommu_group");
  g_autofree char *other_group = read_link (get_self (host), other, "iommu_group");

  *same = group != NULL && g_strcmp0 (group, other_group) == 0;
  return 0;
}

static int
host_get_driver (ConformanceHost *host, const char *name, char **driver)
{
  g_autofree char *own = read_link (get_self (host), name, "driver");

  if (own == NULL)
    return ENOENT;
  *driver = g_strdup (g_str_equal (own, VFIO_DRIVER) ? MOCK_VFIO_DRIVER : own);
  return 0;
}

static gboolean
host_path_exists (ConformanceHost *host, const char *path)
{
  g_autofree char *own = translate_path (get_self (host), path);

  return g_file_test (own, G_FILE_TEST_EXISTS);
}

static int
host_read_attribute (ConformanceHost *host, const char *path, char **value)
{
  g_autofree char *own = translate_path (get_self (host), path);
  char buffer[4097];
  int fd = open (own, O_RDONLY | O_CLOEXEC);
  gssize length;
  int errnum;

  if (fd < 0)
    return errno;
  length = read (fd, buffer, sizeof (buffer) - 1);
  errnum = length < 0 ? errno : 0;
  close (fd);
  if (errnum == 0)
    *value = g_strndup (buffer, (gsize) length);
  return errnum;
}

static int
host_become (ConformanceHost *host, guint32 uid, guint64 capabilities)
{
  return conformance_user_become (uid, capabilities);
}

static void
host_resume (ConformanceHost *host)
{
  conformance_user_resume ();
}

static int
host_register_read (ConformanceHost *host, int fd, gint64 *value)
{
  *value = 0;
  return pread (fd, value, sizeof (*value), 0) < 0 ? errno : 0;
}

static int
host_dma (ConformanceHost *host, const char *name, gboolean is_write, guint64 iova, guint64 length,
          guint8 value, guint8 *data)
{
  return conformance_mock_driver_dma (name, is_write, iova, length, value, data);
}

static int
host_register_dma (ConformanceHost *host, int fd, guint64 iova, guint64 length, guint8 value,
                   gint64 *result)
{
  return conformance_mock_driver_register_dma (fd, iova, length, value, result);
}

static int
host_inject (ConformanceHost *host, const char *name, const char *call, int errnum, guint nth)
{
  return conformance_mock_driver_inject (name, call, errnum, nth);
}

static int
host_get_state (ConformanceHost *host, const char *name, GString *state)
{
  return conformance_mock_driver_get_state (name, state);
}

static char *
host_refuse (ConformanceHost *host, ConformanceWords *words)
{
  static const char *const mock_only[] = { "dma", "inject", "regdma", "state", NULL };
  RealHost *self = get_self (host);
  g_autofree char *rest = conformance_words_join (words, 1);

  if (g_strv_contains (mock_only, words->words[0]))
    return g_strdup_printf ("'%s' needs a mock device", words->words[0]);
  if (strstr (rest, MOCK_HOST_DRIVER) != NULL)
    return g_strdup ("it needs the host driver of mock devices");
  if (!g_str_equal (words->words[0], "dev") || conformance_device_pool_assign (self->pool, rest))
    return NULL;
  return g_strdup_printf ("no device here is '%s'", rest);
}

/* The next sequence must find the machine as this one did. All files are closed by then. */
static void
remove_mocks (RealHost *self)
{
  for (guint i = 0; i < self->mocks->len; i++)
    conformance_sysfs_write (CONFORMANCE_MOCK_DELETE, g_ptr_array_index (self->mocks, i));
}

static void
remove_mdevs (RealHost *self)
{
  for (guint i = 0; i < self->mdevs->len; i++)
    {
      g_autofree char *path =
          g_build_filename (MDEV_DEVICES, g_ptr_array_index (self->mdevs, i), "remove", NULL);

      conformance_sysfs_write (path, "1");
    }
}

static void
host_free (ConformanceHost *host)
{
  RealHost *self = get_self (host);

  remove_mdevs (self);
  remove_mocks (self);
  g_ptr_array_unref (self->mdevs);
  g_ptr_array_unref (self->mocks);
  g_clear_pointer (&self->pool, conformance_device_pool_free);
  g_free (self);
}

static const ConformanceHost pci_functions = {
  .refuse = host_refuse,
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
  .register_read = host_register_read,
  .free = host_free,
};

static void
use_pci_functions (RealHost *self, const char *const *devices)
{
  self->parent = pci_functions;
  self->pool = conformance_device_pool_new (devices);
  if (!conformance_device_pool_is_complete (self->pool))
    conformance_sysfs_write_attribute (SYSFS_PCI, "rescan", "1");
}

static void
use_mocks (RealHost *self)
{
  self->parent = pci_functions;
  self->parent.refuse = NULL;
  self->parent.add_device = host_add_mock;
  self->parent.dma = host_dma;
  self->parent.register_dma = host_register_dma;
  self->parent.inject = host_inject;
  self->parent.get_state = host_get_state;
}

ConformanceHost *
conformance_host_new_real (const char *const *devices, GError **error)
{
  gboolean is_mock = devices[0] == NULL;
  RealHost *self;

  if (geteuid () != 0)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED,
                   "a real kernel's devices are root's: run this as root");
      return NULL;
    }
  if (is_mock && !conformance_mock_driver_is_there ())
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
                   "this kernel has no mock devices: give PCI functions with --device");
      return NULL;
    }
  self = g_new0 (RealHost, 1);
  if (is_mock)
    use_mocks (self);
  else
    use_pci_functions (self, devices);
  self->parent.syscalls = iommud_syscalls_get_real ();
  self->mocks = g_ptr_array_new_with_free_func (g_free);
  self->mdevs = g_ptr_array_new_with_free_func (g_free);
  return &self->parent;
}
