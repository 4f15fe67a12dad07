/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Discovery through libudev: which devices are present, and which come, change and go.
 *
 * Each device of the subsystem vfio-dev is the child of the device that a person knows: a PCI
 * function, an mdev... That parent is what is reported, under its own sysfs path. */
#include "config.h"

#include "probe/udev.h"

#include "base/error.h"
#include "probe/group.h"
#include "probe/interrupts.h"
#include "probe/known-devices.h"
#include "probe/node.h"
#include "probe/sysfs.h"

#include <errno.h>
#include <glib-unix.h>
#include <libudev.h>
#include <sys/stat.h>
#include <unistd.h>

#define SUBSYSTEM "vfio-dev"
/* A host may plug a thousand virtual functions at once. */
#define MONITOR_BUFFER_BYTES (16 * 1024 * 1024)
/* Between two batches the main loop may do other work. */
#define EVENTS_PER_DISPATCH 64

typedef struct udev UdevContext;
typedef struct udev_device UdevDevice;
typedef struct udev_monitor UdevMonitor;
typedef struct udev_enumerate UdevEnumerate;
typedef struct udev_hwdb UdevHwdb;

G_DEFINE_AUTOPTR_CLEANUP_FUNC (UdevDevice, udev_device_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UdevEnumerate, udev_enumerate_unref)

/* Buses whose devices VFIO drives: their events report host drivers that come and go. */
static const char *const buses[] = {
  "pci", "platform", "ap", "ccw", "css", "fsl-mc", "cdx", "mdev"
};

struct _IommudUdevProbe
{
  GObject parent_instance;
  UdevContext *udev;
  UdevMonitor *monitor;
  UdevHwdb *hwdb; /* NULL on a system without one */
  GSource *source;
  IommudKnownDevices *devices; /* those that were reported */
};

static void iommud_udev_probe_probe_init (IommudProbeInterface *iface);

G_DEFINE_TYPE_WITH_CODE (IommudUdevProbe, iommud_udev_probe, G_TYPE_OBJECT,
                         G_IMPLEMENT_INTERFACE (IOMMUD_TYPE_PROBE, iommud_udev_probe_probe_init))

/* --- What is known of one device --- */

static void
set_string (char **member, const char *value)
{
  g_free (*member);
  *member = g_utf8_make_valid (value != NULL ? value : "", -1);
}

static void
take_string (char **member, char *value)
{
  if (value == NULL)
    return;
  g_free (*member);
  *member = value;
}

static const char *
find_in_hwdb (UdevHwdb *hwdb, const char *modalias, const char *key)
{
  struct udev_list_entry *entries = hwdb != NULL && modalias != NULL
                                        ? udev_hwdb_get_properties_list_entry (hwdb, modalias, 0)
                                        : NULL;
  struct udev_list_entry *entry = udev_list_entry_get_by_name (entries, key);

  return entry != NULL ? udev_list_entry_get_value (entry) : NULL;
}

/* If udevd has run, its rules have looked up the name already. */
static const char *
find_name (IommudUdevProbe *self, UdevDevice *device, const char *key)
{
  const char *name = udev_device_get_property_value (device, key);

  if (name != NULL)
    return name;
  return find_in_hwdb (self->hwdb, udev_device_get_property_value (device, "MODALIAS"), key);
}

static void
read_number (const char *path, const char *name, gint64 minimum, gint64 maximum, gpointer member)
{
  gint64 number;

  if (iommud_sysfs_read_number (path, name, minimum, maximum, &number))
    *(guint32 *) member = (guint32) number;
}

static gint32
read_group (const char *path)
{
  g_autofree char *name = iommud_sysfs_read_link (path, "iommu_group");
  guint64 group;

  if (name == NULL || !g_ascii_string_to_unsigned (name, 10, 0, G_MAXINT32, &group, NULL))
    return -1;
  return (gint32) group;
}

/* A kernel without cdev support makes the directory, but neither a number nor a node. */
static char *
find_node (UdevDevice *vfio)
{
  const char *node = udev_device_get_devnode (vfio);
  dev_t number;

  if (node == NULL || access (node, F_OK) < 0
      || !iommud_sysfs_read_device_number (udev_device_get_syspath (vfio), "dev", &number))
    return g_strdup ("");
  return g_utf8_make_valid (node, -1);
}

static void
describe_mdev (IommudDeviceInfo *info, UdevDevice *device)
{
  UdevDevice *parent = udev_device_get_parent (device);

  if (parent != NULL)
    set_string (&info->parent, udev_device_get_sysname (parent));
  take_string (&info->mdev_type, iommud_sysfs_read_link (info->sysfs_path, "mdev_type"));
}

static IommudDeviceInfo *
describe_device (IommudUdevProbe *self, UdevDevice *vfio, UdevDevice *device)
{
  IommudDeviceInfo *info = iommud_device_info_new ();
  const char *path = udev_device_get_syspath (device);

  set_string (&info->name, udev_device_get_sysname (device));
  set_string (&info->bus, udev_device_get_subsystem (device));
  set_string (&info->sysfs_path, path);
  set_string (&info->vfio_name, udev_device_get_sysname (vfio));
  take_string (&info->cdev_path, find_node (vfio));
  set_string (&info->driver, udev_device_get_driver (device));
  set_string (&info->vendor, find_name (self, device, "ID_VENDOR_FROM_DATABASE"));
  set_string (&info->product, find_name (self, device, "ID_MODEL_FROM_DATABASE"));
  take_string (&info->iommu, iommud_sysfs_read_link (path, "iommu"));
  read_number (path, "vendor", 0, G_MAXUINT32, &info->vendor_id);
  read_number (path, "device", 0, G_MAXUINT32, &info->product_id);
  read_number (path, "numa_node", -1, G_MAXINT32, &info->numa_node);
  info->iommu_group = read_group (path);
  if (iommud_device_info_is_mdev (info))
    describe_mdev (info, device);
  return info;
}

/* The number of the last event that the kernel has sent. */
static guint64
read_last_event (void)
{
  gint64 number = 0;

  iommud_sysfs_read_number ("/sys/kernel", "uevent_seqnum", 0, G_MAXINT64, &number);
  return (guint64) number;
}

/* NULL if the device is gone, or has no parent to report. */
static IommudKnownDevice *
look_at (IommudUdevProbe *self, const char *vfio_path)
{
  guint64 last_event = read_last_event ();
  g_autoptr (UdevDevice) vfio = udev_device_new_from_syspath (self->udev, vfio_path);
  UdevDevice *device = vfio != NULL ? udev_device_get_parent (vfio) : NULL;
  struct stat status;

  if (device == NULL || stat (vfio_path, &status) < 0)
    return NULL;
  return iommud_known_device_new (describe_device (self, vfio, device), vfio_path, status.st_ino,
                                  last_event);
}

/* --- What is reported --- */

static void
report_removed (IommudUdevProbe *self, const char *sysfs_path)
{
  g_autofree char *path = g_strdup (sysfs_path);

  iommud_known_devices_forget (self->devices, path);
  iommud_probe_emit_removed (IOMMUD_PROBE (self), path);
}

/* Reports what is new at @vfio_path. An event may come late or twice, and the enumeration may have
 * been faster: only what is present now counts. */
static void
report (IommudUdevProbe *self, const char *vfio_path)
{
  IommudKnownDevice *now = look_at (self, vfio_path);
  const IommudKnownDevice *before;
  g_autoptr (IommudDeviceInfo) info = NULL;
  gboolean is_same;
  gboolean is_changed;

  if (now == NULL)
    return;
  info = iommud_device_info_ref (now->info);
  before = iommud_known_devices_find (self->devices, info->sysfs_path);
  is_same = before != NULL && iommud_known_device_is_same (before, now);
  is_changed = is_same && !iommud_device_info_equal (before->info, info);
  if (before != NULL && !is_same)
    report_removed (self, info->sysfs_path);
  /* An inode may be used again: a removal after the first look is that of the device which was
   * reported, even if it seemed to be there later. */
  if (is_same)
    now->seen = before->seen;
  iommud_known_devices_remember (self->devices, now);
  if (!is_same)
    iommud_probe_emit_added (IOMMUD_PROBE (self), info);
  else if (is_changed)
    iommud_probe_emit_changed (IOMMUD_PROBE (self), info);
}

/* --- Enumeration --- */

static gboolean
report_present (IommudUdevProbe *self, GError **error)
{
  g_autoptr (UdevEnumerate) enumerate = udev_enumerate_new (self->udev);

  if (enumerate == NULL || udev_enumerate_add_match_subsystem (enumerate, SUBSYSTEM) < 0
      || udev_enumerate_scan_devices (enumerate) < 0)
    {
      g_set_error (error, IOMMUD_ERROR, IOMMUD_ERROR_FAILED,
                   "cannot list the VFIO devices of this machine: libudev could not read /sys");
      return FALSE;
    }
  for (struct udev_list_entry *entry = udev_enumerate_get_list_entry (enumerate); entry != NULL;
       entry = udev_list_entry_get_next (entry))
    report (self, udev_list_entry_get_name (entry));
  return TRUE;
}

static void
report_vanished (IommudUdevProbe *self)
{
  g_autoptr (GPtrArray) gone = iommud_known_devices_list_vanished (self->devices);

  for (guint i = 0; i < gone->len; i++)
    report_removed (self, g_ptr_array_index (gone, i));
}

/* --- Events --- */

/* An event from before the device was looked at is about an earlier device of that path. */
static void
handle_vfio_removal (IommudUdevProbe *self, UdevDevice *event)
{
  const IommudKnownDevice *known =
      iommud_known_devices_find_vfio (self->devices, udev_device_get_syspath (event));
  guint64 number = udev_device_get_seqnum (event);

  if (known != NULL && (number == 0 || number > known->seen))
    report_removed (self, known->info->sysfs_path);
}

static void
handle_bus_event (IommudUdevProbe *self, const char *path)
{
  const IommudKnownDevice *known = iommud_known_devices_find (self->devices, path);
  g_autofree char *vfio_path = known != NULL ? g_strdup (known->vfio_path) : NULL;

  if (vfio_path != NULL)
    report (self, vfio_path);
}

static void
handle_event (IommudUdevProbe *self, UdevDevice *event)
{
  const char *action = udev_device_get_action (event);
  const char *path = udev_device_get_syspath (event);

  if (action == NULL || path == NULL)
    return;
  if (g_strcmp0 (udev_device_get_subsystem (event), SUBSYSTEM) != 0)
    handle_bus_event (self, path);
  else if (g_str_equal (action, "remove"))
    handle_vfio_removal (self, event);
  else
    report (self, path);
}

/* The kernel drops events that are not fetched in time: look at everything once more. */
static void
recover (IommudUdevProbe *self)
{
  g_autoptr (GError) error = NULL;

  report_vanished (self);
  if (!report_present (self, &error))
    g_warning ("%s", error->message);
}

static gboolean
on_events (int fd, GIOCondition condition, gpointer data)
{
  g_autoptr (IommudUdevProbe) self = g_object_ref (data);

  for (int i = 0; i < EVENTS_PER_DISPATCH && self->source != NULL; i++)
    {
      g_autoptr (UdevDevice) event = NULL;

      errno = 0;
      event = udev_monitor_receive_device (self->monitor);
      if (event != NULL)
        handle_event (self, event);
      else if (errno == ENOBUFS)
        recover (self);
      else
        break;
    }
  return G_SOURCE_CONTINUE;
}

/* Without udevd, nothing passes on the kernel's events, so this listens to the kernel itself. */
static const char *
choose_event_source (void)
{
  return access ("/run/udev/control", F_OK) == 0 ? "udev" : "kernel";
}

static gboolean
open_monitor (IommudUdevProbe *self)
{
  self->monitor = udev_monitor_new_from_netlink (self->udev, choose_event_source ());
  if (self->monitor == NULL
      || udev_monitor_filter_add_match_subsystem_devtype (self->monitor, SUBSYSTEM, NULL) < 0)
    return FALSE;
  for (gsize i = 0; i < G_N_ELEMENTS (buses); i++)
    if (udev_monitor_filter_add_match_subsystem_devtype (self->monitor, buses[i], NULL) < 0)
      return FALSE;
  /* A buffer beyond the system's limit needs a privilege; a smaller one is usually enough too. */
  (void) udev_monitor_set_receive_buffer_size (self->monitor, MONITOR_BUFFER_BYTES);
  return udev_monitor_enable_receiving (self->monitor) >= 0;
}

/* If a host is made after another one, it is told of every device again. */
static void
stop_watching (IommudUdevProbe *self)
{
  if (self->source != NULL)
    g_source_destroy (self->source);
  g_clear_pointer (&self->source, g_source_unref);
  g_clear_pointer (&self->monitor, udev_monitor_unref);
  iommud_known_devices_forget_all (self->devices);
}

static gboolean
iommud_udev_probe_start (IommudProbe *probe, GError **error)
{
  IommudUdevProbe *self = IOMMUD_UDEV_PROBE (probe);

  stop_watching (self);
  errno = 0;
  if (self->udev == NULL || !open_monitor (self))
    {
      g_autofree char *cause = iommud_error_describe_errno (errno);

      g_set_error (error, IOMMUD_ERROR, IOMMUD_ERROR_FAILED, "cannot watch for VFIO devices: %s",
                   cause);
      return FALSE;
    }
  self->source = g_unix_fd_source_new (udev_monitor_get_fd (self->monitor), G_IO_IN);
  g_source_set_callback (self->source, G_SOURCE_FUNC (on_events), self, NULL);
  g_source_attach (self->source, g_main_context_get_thread_default ());
  return report_present (self, error);
}

/* --- Questions --- */

static GPtrArray *
iommud_udev_probe_list_group (IommudProbe *probe, gint32 iommu_group)
{
  return iommud_group_list_members (iommu_group);
}

static void
iommud_udev_probe_probe_init (IommudProbeInterface *iface)
{
  iface->start = iommud_udev_probe_start;
  iface->list_group = iommud_udev_probe_list_group;
  iface->describe_holder = iommud_node_describe_holder;
  iface->describe_sibling_holder = iommud_node_describe_sibling_holder;
  iface->describe_group_holder = iommud_node_describe_group_holder;
  iface->find_holders = iommud_node_find_holders;
  iface->describe_interrupts = iommud_interrupts_describe;
  iface->find_node_number = iommud_node_find_number;
  iface->owns_node = iommud_node_is_open_as;
}

static void
iommud_udev_probe_dispose (GObject *object)
{
  stop_watching (IOMMUD_UDEV_PROBE (object));
  G_OBJECT_CLASS (iommud_udev_probe_parent_class)->dispose (object);
}

static void
iommud_udev_probe_finalize (GObject *object)
{
  IommudUdevProbe *self = IOMMUD_UDEV_PROBE (object);

  g_clear_pointer (&self->devices, iommud_known_devices_free);
  g_clear_pointer (&self->hwdb, udev_hwdb_unref);
  g_clear_pointer (&self->udev, udev_unref);
  G_OBJECT_CLASS (iommud_udev_probe_parent_class)->finalize (object);
}

static void
iommud_udev_probe_class_init (IommudUdevProbeClass *class)
{
  G_OBJECT_CLASS (class)->dispose = iommud_udev_probe_dispose;
  G_OBJECT_CLASS (class)->finalize = iommud_udev_probe_finalize;
}

static void
iommud_udev_probe_init (IommudUdevProbe *self)
{
  self->devices = iommud_known_devices_new ();
  self->udev = udev_new ();
  self->hwdb = self->udev != NULL ? udev_hwdb_new (self->udev) : NULL;
}

/* Watches this machine, or the one that umockdev puts in its place. */
IommudProbe *
iommud_udev_probe_new (void)
{
  return g_object_new (IOMMUD_TYPE_UDEV_PROBE, NULL);
}
