/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The public object of the simulated host. */
#include "config.h"

#include "simulator/iommud-sim.h"

#include "backend/backend.h"
#include "base/error.h"
#include "sim/description/operations.h"
#include "simulator/follow.h"
#include "sim/kernel.h"
#include "sim/probe.h"
#include "simulator/simulator-testing.h"
#include "xml/host-description.h"

#include <errno.h>

struct _IommudSimulator
{
  IommudBackend parent_instance;
  IommudSimulatedKernel *kernel;
  IommudProbe *probe;
  IommudSimulatedFollower *follower; /* NULL unless a file was named */
};

struct _IommudSimulatorClass
{
  IommudBackendClass parent_class;
};

/**
 * IommudSimulator:
 *
 * A backend without hardware: a kernel of its own below the same system calls, which answers as
 * Linux 6.12 does. Its files are real file descriptors that may be duplicated, inherited and sent
 * to other processes; the ioctls on them work in this process alone.
 */
G_DEFINE_FINAL_TYPE (IommudSimulator, iommud_simulator, IOMMUD_TYPE_BACKEND)

static const char *
iommud_simulator_get_name (IommudBackend *backend)
{
  return "simulated";
}

static const IommudSyscalls *
iommud_simulator_get_syscalls (IommudBackend *backend)
{
  return iommud_simulated_kernel_get_syscalls (IOMMUD_SIMULATOR (backend)->kernel);
}

static IommudProbe *
iommud_simulator_get_probe (IommudBackend *backend)
{
  return IOMMUD_SIMULATOR (backend)->probe;
}

static gboolean
iommud_simulator_moves_without_gap (IommudBackend *backend, const char *iommu)
{
  return TRUE;
}

static void
iommud_simulator_finalize (GObject *object)
{
  IommudSimulator *self = IOMMUD_SIMULATOR (object);

  g_clear_pointer (&self->follower, iommud_simulated_follower_free);
  g_clear_object (&self->probe);
  g_clear_pointer (&self->kernel, iommud_simulated_kernel_unref);
  G_OBJECT_CLASS (iommud_simulator_parent_class)->finalize (object);
}

static void
iommud_simulator_class_init (IommudSimulatorClass *klass)
{
  IommudBackendClass *backend_class = IOMMUD_BACKEND_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = iommud_simulator_finalize;
  backend_class->get_name = iommud_simulator_get_name;
  backend_class->get_syscalls = iommud_simulator_get_syscalls;
  backend_class->get_probe = iommud_simulator_get_probe;
  backend_class->moves_without_gap = iommud_simulator_moves_without_gap;
}

static void
iommud_simulator_init (IommudSimulator *self)
{
}

/* Takes @host. */
static IommudSimulator *
new_from_host (IommudSimulatedHost *host)
{
  IommudSimulator *self = g_object_new (IOMMUD_TYPE_SIMULATOR, NULL);

  self->kernel = iommud_simulated_kernel_new (host);
  self->probe = iommud_simulated_probe_new (self->kernel);
  return self;
}

IommudSimulatedKernel *
iommud_simulator_get_kernel (IommudSimulator *self)
{
  return self->kernel;
}

/**
 * iommud_simulator_new:
 * @filename: (type filename) (nullable): an XML description of a host; %NULL for the built-in one
 * @error: return location for an error
 *
 * Makes the simulated host that a file describes. The built-in host has two IOMMUs, one of which
 * can track dirty pages, eight PCI functions in several groups and two mdevs.
 *
 * Fails with %IOMMUD_ERROR_INVALID_ARGUMENT, naming the file, if it cannot be read, and naming the
 * line and the cause if it does not describe a host.
 *
 * Returns: (transfer full): a new simulated host
 */
IommudSimulator *
iommud_simulator_new (const char *filename, GError **error)
{
  g_autoptr (GBytes) content = NULL;
  IommudSimulatedHost *host;
  IommudSimulator *self;

  if (filename == NULL)
    host = iommud_xml_load_default_simulated_host (error);
  else
    host = iommud_xml_load_simulated_host (filename, &content, error);
  if (host == NULL)
    return NULL;
  self = new_from_host (host);
  if (content != NULL)
    self->follower = iommud_simulated_follower_new (filename, content);
  return self;
}

/**
 * iommud_simulator_follow_file:
 * @self: a simulated host
 * @error: return location for an error
 *
 * Watches the file that the host was made from and keeps the host as the file describes it. Devices
 * that vanish from the file are unplugged, new devices are plugged in, devices that change are
 * unplugged and plugged in again, and new faults are armed. An edit that does not describe a host
 * changes nothing and gives one warning with file, line and cause. Existing IOMMUs and `/dev/iommu`
 * itself cannot change while the host runs: they stay as they are, and a warning says so.
 *
 * The file is watched as long as @self lives, in the main context that is the calling thread's
 * default.
 *
 * Fails with %IOMMUD_ERROR_NOT_SUPPORTED if the host was not made from a file and with
 * %IOMMUD_ERROR_FAILED if the file cannot be watched.
 *
 * Returns: %TRUE on success
 */
gboolean
iommud_simulator_follow_file (IommudSimulator *self, GError **error)
{
  g_return_val_if_fail (IOMMUD_IS_SIMULATOR (self), FALSE);
  if (self->follower != NULL)
    return iommud_simulated_follower_start (self->follower, self->kernel, error);
  g_set_error (error, IOMMUD_ERROR, IOMMUD_ERROR_NOT_SUPPORTED,
               "Cannot follow a file: the simulated host was not made from one");
  return FALSE;
}

/**
 * iommud_simulator_new_from_data:
 * @xml: an XML description of a host
 * @length: bytes of @xml, or -1 if it ends with a zero byte
 * @error: return location for an error
 *
 * Makes the simulated host that a text describes; see iommud_simulator_new().
 *
 * Fails with %IOMMUD_ERROR_INVALID_ARGUMENT, naming the line, if the text does not describe a host.
 *
 * Returns: (transfer full): a new simulated host
 */
IommudSimulator *
iommud_simulator_new_from_data (const char *xml, gssize length, GError **error)
{
  IommudSimulatedHost *host;

  g_return_val_if_fail (xml != NULL, NULL);
  host = iommud_xml_parse_simulated_host (xml, length, "simulated host", error);
  return host != NULL ? new_from_host (host) : NULL;
}

/**
 * iommud_simulator_plug_device:
 * @self: a simulated host
 * @name: the bus address or UUID of a device that its description has
 * @error: return location for an error
 *
 * Plugs in a device that is not there: it gets its node, and discovery finds it.
 *
 * Fails with %IOMMUD_ERROR_NOT_FOUND if the description has no such device, with
 * %IOMMUD_ERROR_EXISTS if it is plugged, and with %IOMMUD_ERROR_BUSY if it was unplugged while its
 * node was open and still is.
 *
 * Returns: %TRUE on success
 */
gboolean
iommud_simulator_plug_device (IommudSimulator *self, const char *name, GError **error)
{
  int errnum;

  g_return_val_if_fail (IOMMUD_IS_SIMULATOR (self), FALSE);
  g_return_val_if_fail (name != NULL, FALSE);
  errnum = iommud_simulated_kernel_plug (self->kernel, name);
  if (errnum == 0)
    return TRUE;
  if (errnum == ENOENT)
    g_set_error (error, IOMMUD_ERROR, IOMMUD_ERROR_NOT_FOUND,
                 "Cannot plug %s: the simulated host has no such device", name);
  else if (errnum == EEXIST)
    g_set_error (error, IOMMUD_ERROR, IOMMUD_ERROR_EXISTS, "Cannot plug %s: the device is plugged",
                 name);
  else
    g_set_error (error, IOMMUD_ERROR, IOMMUD_ERROR_BUSY,
                 "Cannot plug %s: it was unplugged and a program still has its node open", name);
  return FALSE;
}

/**
 * iommud_simulator_unplug_device:
 * @self: a simulated host
 * @name: the bus address or UUID of a device that is plugged
 * @error: return location for an error
 *
 * Unplugs a device: its node goes, and discovery says so at once. The device itself stays, with
 * what it is attached to, until the last copy of the last file that was open on its node is closed:
 * a real kernel makes the write that unplugs a device wait until then.
 *
 * Fails with %IOMMUD_ERROR_NOT_FOUND if no such device is plugged.
 *
 * Returns: %TRUE on success
 */
gboolean
iommud_simulator_unplug_device (IommudSimulator *self, const char *name, GError **error)
{
  g_return_val_if_fail (IOMMUD_IS_SIMULATOR (self), FALSE);
  g_return_val_if_fail (name != NULL, FALSE);
  if (iommud_simulated_kernel_unplug (self->kernel, name) == 0)
    return TRUE;
  g_set_error (error, IOMMUD_ERROR, IOMMUD_ERROR_NOT_FOUND,
               "Cannot unplug %s: no such device is plugged", name);
  return FALSE;
}

/**
 * iommud_simulator_device_write:
 * @self: a simulated host
 * @name: the bus address or UUID of a device that is plugged
 * @iova: the first address to write to, as the device sees it
 * @length: bytes to write
 * @value: what to write into each byte
 * @error: return location for an error
 *
 * Makes a device write to memory by DMA. It writes through the HWPT that it is attached to, into
 * the memory of the process that mapped it, and each tracker that is on records the pages.
 *
 * Fails with %IOMMUD_ERROR_NOT_FOUND if no such device is plugged and with %IOMMUD_ERROR_FAILED if
 * the IOMMU blocks the access. In that case everything before the first address that the device may
 * not write to has been written.
 *
 * Returns: %TRUE on success
 */
gboolean
iommud_simulator_device_write (IommudSimulator *self, const char *name, guint64 iova,
                               guint64 length, guint8 value, GError **error)
{
  int errnum;

  g_return_val_if_fail (IOMMUD_IS_SIMULATOR (self), FALSE);
  g_return_val_if_fail (name != NULL, FALSE);
  errnum = iommud_simulated_kernel_dma_write (self->kernel, name, iova, length, value);
  if (errnum == 0)
    return TRUE;
  if (errnum == ENODEV)
    g_set_error (error, IOMMUD_ERROR, IOMMUD_ERROR_NOT_FOUND,
                 "Cannot write from %s: no such device is plugged", name);
  else
    g_set_error (error, IOMMUD_ERROR, IOMMUD_ERROR_FAILED,
                 "Device %s cannot write %" G_GUINT64_FORMAT " bytes at IOVA 0x%" G_GINT64_MODIFIER
                 "x: the IOMMU blocks it, as not all of that is mapped for writing",
                 name, length, iova);
  return FALSE;
}

/**
 * iommud_simulator_count_objects:
 * @self: a simulated host
 *
 * Counts what its kernel holds in all contexts, to find what was left behind. It waits for up to
 * 0.1 s, once, for each file that was closed while another process had it open: any process that
 * looks into /proc has it for a moment.
 *
 * Returns: the number of IOASes, HWPTs and bound devices that exist
 */
guint
iommud_simulator_count_objects (IommudSimulator *self)
{
  g_return_val_if_fail (IOMMUD_IS_SIMULATOR (self), 0);
  return iommud_simulated_kernel_count_objects (self->kernel);
}

/**
 * iommud_simulator_count_contexts:
 * @self: a simulated host
 *
 * Counts the IOMMUFD contexts of its kernel: those whose file is open, and those that a bound
 * device keeps. It waits as iommud_simulator_count_objects() does.
 *
 * Returns: the number of contexts that exist
 */
guint
iommud_simulator_count_contexts (IommudSimulator *self)
{
  g_return_val_if_fail (IOMMUD_IS_SIMULATOR (self), 0);
  return iommud_simulated_kernel_count_contexts (self->kernel);
}

static gboolean
set_unknown_operation (GError **error, const char *operation)
{
  g_autofree char *known = g_strjoinv (", ", (char **) iommud_simulated_operations);

  g_set_error (error, IOMMUD_ERROR, IOMMUD_ERROR_INVALID_ARGUMENT,
               "There is no operation '%s' to fail: it is one of %s", operation, known);
  return FALSE;
}

/**
 * iommud_simulator_inject_fault:
 * @self: a simulated host
 * @operation: one of `open-iommufd`, `open-cdev`, `close-iommufd`, `close-cdev`, `destroy`,
 *   `ioas-alloc`, `ioas-allow-iovas`, `ioas-copy`, `ioas-iova-ranges`, `ioas-map`,
 *   `ioas-map-file`, `ioas-unmap`, `option`, `hwpt-alloc`, `get-hw-info`, `set-dirty-tracking`,
 *   `get-dirty-bitmap`, `hwpt-invalidate`, `fault-queue-alloc`, `vfio-ioas`, `bind`, `attach`,
 *   `detach`, `get-info`, `get-region-info`, `get-irq-info`, `reset`, `feature`,
 *   `dma-logging-start`, `dma-logging-stop`, `dma-logging-report` and `madvise`; those of
 *   `dma-logging` are features, and count as `feature` too
 * @nth: which call of the operation, counted from 1 from now on; 0 for every call
 * @errnum: the errno that it fails with; 0 if it is not to fail
 * @delay_ms: how long it waits beforehand, in milliseconds
 * @error: return location for an error
 *
 * Makes a system call of the simulated kernel slow, or fail without having done anything. A close
 * that is made to fail has closed the file all the same.
 *
 * Fails with %IOMMUD_ERROR_INVALID_ARGUMENT if there is no such operation or errno.
 *
 * Returns: %TRUE on success
 */
gboolean
iommud_simulator_inject_fault (IommudSimulator *self, const char *operation, guint nth, int errnum,
                               guint delay_ms, GError **error)
{
  g_return_val_if_fail (IOMMUD_IS_SIMULATOR (self), FALSE);
  g_return_val_if_fail (operation != NULL, FALSE);
  if (errnum < 0)
    {
      g_set_error (error, IOMMUD_ERROR, IOMMUD_ERROR_INVALID_ARGUMENT,
                   "There is no errno %d for operation '%s' to fail with", errnum, operation);
      return FALSE;
    }
  if (iommud_simulated_kernel_inject_fault (self->kernel, operation, nth, errnum, delay_ms) != 0)
    return set_unknown_operation (error, operation);
  return TRUE;
}

/**
 * iommud_simulator_count_calls:
 * @self: a simulated host
 * @operation: a system call, named as iommud_simulator_inject_fault() does
 *
 * Counts how often a system call was made, failed calls included.
 *
 * Returns: the number of calls so far; 0 if there is no such operation
 */
guint
iommud_simulator_count_calls (IommudSimulator *self, const char *operation)
{
  g_return_val_if_fail (IOMMUD_IS_SIMULATOR (self), 0);
  g_return_val_if_fail (operation != NULL, 0);
  return iommud_simulated_kernel_count_calls (self->kernel, operation);
}
