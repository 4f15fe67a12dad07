/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Looks into a simulated kernel, and turns its hardware's knobs. */
#include "config.h"

#include "sim/kernel-testing.h"

#include "sim/ioctls/cdev.h"
#include "sim/kernel-private.h"
#include "sim/machine/sysfs.h"
#include "sim/objects/binding.h"
#include "sim/objects/dma.h"
#include "sim/objects/hwpt.h"

#include <errno.h>
#include <string.h>

char *
iommud_simulated_kernel_get_node (IommudSimulatedKernel *self, const char *name)
{
  const IommudSimulatedFunction *function;
  char *node = NULL;

  iommud_simulated_kernel_lock (self);
  function = iommud_simulated_kernel_find (self, name);
  if (function != NULL && iommud_simulated_function_is_vfio (function)
      && *function->info->cdev_path != '\0')
    node = g_strdup (function->info->cdev_path);
  iommud_simulated_kernel_unlock (self);
  return node;
}

gboolean
iommud_simulated_kernel_same_group (IommudSimulatedKernel *self, const char *name,
                                    const char *other)
{
  const IommudSimulatedFunction *a;
  const IommudSimulatedFunction *b;
  gboolean same;

  iommud_simulated_kernel_lock (self);
  a = iommud_simulated_kernel_find (self, name);
  b = iommud_simulated_kernel_find (self, other);
  same = a != NULL && b != NULL && a->group != NULL && a->group == b->group;
  iommud_simulated_kernel_unlock (self);
  return same;
}

char *
iommud_simulated_kernel_get_driver (IommudSimulatedKernel *self, const char *name)
{
  const IommudSimulatedFunction *function;
  char *driver = NULL;

  iommud_simulated_kernel_lock (self);
  function = iommud_simulated_kernel_find (self, name);
  if (function != NULL && function->present && !function->leaving && *function->driver != '\0')
    driver = g_strdup (function->driver);
  iommud_simulated_kernel_unlock (self);
  return driver;
}

gboolean
iommud_simulated_kernel_is_leaving (IommudSimulatedKernel *self, const char *name)
{
  const IommudSimulatedFunction *function;
  gboolean leaving;

  iommud_simulated_kernel_lock (self);
  function = iommud_simulated_kernel_find (self, name);
  leaving = function != NULL && function->present && function->leaving;
  iommud_simulated_kernel_unlock (self);
  return leaving;
}

void
iommud_simulated_kernel_add_mdev_parent (IommudSimulatedKernel *self, const char *name,
                                         guint capacity)
{
  iommud_simulated_kernel_lock (self);
  iommud_simulated_mdev_pool_add_parent (self->machine.mdev_pool, name, capacity);
  iommud_simulated_kernel_unlock (self);
}

void
iommud_simulated_kernel_add_mdev_type (IommudSimulatedKernel *self, const char *parent,
                                       const char *type, const char *label, const char *device_api,
                                       guint cost)
{
  iommud_simulated_kernel_lock (self);
  iommud_simulated_mdev_pool_add_type (self->machine.mdev_pool, parent, type, label, device_api,
                                       cost);
  iommud_simulated_kernel_unlock (self);
}

gboolean
iommud_simulated_kernel_path_exists (IommudSimulatedKernel *self, const char *path)
{
  gboolean exists;

  iommud_simulated_kernel_lock (self);
  exists = iommud_simulated_sysfs_exists (&self->machine, path);
  iommud_simulated_kernel_unlock (self);
  return exists;
}

int
iommud_simulated_kernel_read_attribute (IommudSimulatedKernel *self, const char *path, char **value)
{
  int errnum;

  iommud_simulated_kernel_lock (self);
  errnum = iommud_simulated_sysfs_read (&self->machine, path, value);
  iommud_simulated_kernel_unlock (self);
  return errnum;
}

int
iommud_simulated_kernel_write_attribute (IommudSimulatedKernel *self, const char *path,
                                         const char *value)
{
  int errnum;

  iommud_simulated_kernel_lock (self);
  errnum = iommud_simulated_sysfs_write (&self->machine, path, value);
  iommud_simulated_kernel_unlock (self);
  return errnum;
}

void
iommud_simulated_kernel_set_capabilities (IommudSimulatedKernel *self, gboolean sys_resource,
                                          gboolean ipc_lock)
{
  iommud_simulated_kernel_lock (self);
  self->privileged = sys_resource;
  self->can_lock = ipc_lock;
  iommud_simulated_kernel_unlock (self);
}

int
iommud_simulated_kernel_dma_read (IommudSimulatedKernel *self, const char *name, guint64 iova,
                                  guint64 length, guint8 *data)
{
  IommudSimulatedFunction *function;
  guint64 done;
  int errnum = ENODEV;

  iommud_simulated_kernel_lock (self);
  function = iommud_simulated_kernel_find (self, name);
  if (function != NULL && function->present)
    errnum = iommud_simulated_dma_read (function, iova, length, data, &done);
  iommud_simulated_kernel_unlock (self);
  return errnum;
}

/* With the lock held and a reference to the file to give back; or an errno. */
static int
get_bound_cdev (IommudSimulatedKernel *self, int fd, IommudSimulatedFile **file)
{
  int errnum = iommud_simulated_files_get (self->files, fd, file);

  if (errnum != 0)
    return errnum == ENOTTY ? EINVAL : errnum;
  if ((*file)->type == IOMMUD_SIMULATED_FILE_CDEV && iommud_simulated_cdev_is_bound (*file))
    return 0;
  iommud_simulated_files_put (self->files, *file);
  return EINVAL;
}

int
iommud_simulated_kernel_register_dma (IommudSimulatedKernel *self, int fd, guint64 iova,
                                      guint64 length, guint8 value, gint64 *result)
{
  IommudSimulatedFile *file;
  guint64 done = 0;
  int errnum;

  g_mutex_lock (&self->lock);
  errnum = get_bound_cdev (self, fd, &file);
  if (errnum == 0)
    {
      int fault = iommud_simulated_dma_write (file->subject, iova, length, value, &done);

      *result = done > 0 ? (gint64) done : -fault;
      iommud_simulated_files_put (self->files, file);
    }
  g_mutex_unlock (&self->lock);
  return errnum;
}

/* The regions read as zeros. How many bytes were read, or a negative errno. */
static gssize
read_regions (const IommudSimulatedFunction *function, void *buffer, gsize length, guint64 offset)
{
  for (guint32 i = 0; i < function->description->regions_count; i++)
    {
      guint64 start = iommud_simulated_region_get_offset (i);
      guint64 size = iommud_simulated_region_get_size (function, i);

      if (offset < start || offset - start >= size)
        continue;
      length = (gsize) MIN (length, size - (offset - start));
      memset (buffer, 0, length);
      return (gssize) length;
    }
  return -EINVAL;
}

gssize
iommud_simulated_kernel_pread (IommudSimulatedKernel *self, int fd, void *buffer, gsize length,
                               guint64 offset)
{
  IommudSimulatedFile *file;
  gssize result;

  g_mutex_lock (&self->lock);
  result = -get_bound_cdev (self, fd, &file);
  if (result == 0)
    {
      result = read_regions (file->subject, buffer, length, offset);
      iommud_simulated_files_put (self->files, file);
    }
  g_mutex_unlock (&self->lock);
  if (result >= 0)
    return result;
  errno = (int) -result;
  return -1;
}

int
iommud_simulated_kernel_fail_driver (IommudSimulatedKernel *self, const char *name,
                                     const char *call, int errnum, guint nth)
{
  IommudSimulatedFunction *function;
  int result = ENODEV;

  iommud_simulated_kernel_lock (self);
  function = iommud_simulated_kernel_find (self, name);
  if (function != NULL)
    result = iommud_simulated_injection_arm (function->injection, call, errnum, nth);
  iommud_simulated_kernel_unlock (self);
  return result;
}

void
iommud_simulated_kernel_clear_faults (IommudSimulatedKernel *self)
{
  iommud_simulated_faults_clear (self->faults);
}

static void
fill_domain_state (IommudSimulatedDomain *domain, IommudSimulatedDeviceState *state)
{
  const IommudSimulatedDomain *paging = iommud_simulated_domain_get_paging (domain);
  IommudSimulatedHwpt *hwpt = iommud_simulated_hwpt_from_domain (domain);

  state->domain =
      paging == domain ? IOMMUD_SIMULATED_DOMAIN_PAGING : IOMMUD_SIMULATED_DOMAIN_NESTED;
  state->devices = iommud_simulated_domain_count_devices (domain);
  state->pages = iommud_simulated_hwpt_get_paging (hwpt)->ioas->pages;
  state->can_dirty = paging->dirty != NULL;
  state->tracking = paging->tracking;
  if (paging->dirty != NULL)
    state->dirty = iommud_page_set_count (paging->dirty);
}

static void
fill_binding_state (const IommudSimulatedFunction *function, IommudSimulatedDeviceState *state)
{
  const IommudSimulatedBinding *binding = function->binding;

  state->bound = binding != NULL;
  state->attached = binding != NULL && binding->attached;
  if (!state->attached)
    return;
  state->table = binding->ioas != NULL
                     ? binding->ioas->object.id
                     : iommud_simulated_hwpt_from_domain (function->group->domain)->object.id;
}

static void
fill_state (const IommudSimulatedFunction *function, IommudSimulatedDeviceState *state)
{
  const IommudSimulatedGroup *group = function->group;

  fill_binding_state (function, state);
  if (group != NULL && group->domain != NULL)
    fill_domain_state (group->domain, state);
  else if (group != NULL && group->owners > 0)
    state->domain = IOMMUD_SIMULATED_DOMAIN_BLOCKED;
  state->dmas = function->dmas;
  state->faults = function->faults;
  state->logging = function->log.on;
  if (!function->log.on)
    return;
  state->log_ranges = function->log.ranges->len;
  state->log_page = function->log.page_size;
  state->logged = iommud_page_set_count (function->log.pages);
}

int
iommud_simulated_kernel_get_state (IommudSimulatedKernel *self, const char *name,
                                   IommudSimulatedDeviceState *state)
{
  const IommudSimulatedFunction *function;
  int errnum = ENODEV;

  *state = (IommudSimulatedDeviceState){ .domain = IOMMUD_SIMULATED_DOMAIN_IDENTITY };
  iommud_simulated_kernel_lock (self);
  function = iommud_simulated_kernel_find (self, name);
  if (function != NULL && function->present)
    {
      fill_state (function, state);
      errnum = 0;
    }
  iommud_simulated_kernel_unlock (self);
  return errnum;
}

const char *
iommud_simulated_domain_type_to_string (IommudSimulatedDomainType type)
{
  static const char *const names[] = { "identity", "blocked", "paging", "nested" };

  return names[type];
}

guint
iommud_simulated_kernel_count_files (IommudSimulatedKernel *self)
{
  guint count;

  iommud_simulated_files_settle (self->files);
  iommud_simulated_kernel_lock (self);
  count = iommud_simulated_files_count (self->files);
  iommud_simulated_kernel_unlock (self);
  return count;
}
