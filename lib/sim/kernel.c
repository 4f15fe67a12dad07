/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A simulated kernel from its making to its end, and what may be done to it and asked of it besides
 * system calls. */
#include "config.h"

#include "sim/attachment.h"
#include "sim/dma.h"
#include "sim/kernel-private.h"

#include <errno.h>
#include <unistd.h>

G_STATIC_ASSERT (IOMMUD_SIMULATED_OPERATIONS_COUNT > 0);

void
iommud_simulated_kernel_lock (IommudSimulatedKernel *self)
{
  g_mutex_lock (&self->lock);
}

void
iommud_simulated_kernel_unlock (IommudSimulatedKernel *self)
{
  IommudSimulatedListener listener = self->listener;
  gpointer data = self->listener_data;
  GQueue uevents = self->machine.uevents;
  IommudSimulatedPendingUevent *pending;

  g_queue_init (&self->machine.uevents);
  g_mutex_unlock (&self->lock);
  while ((pending = g_queue_pop_head (&uevents)) != NULL)
    {
      if (listener != NULL)
        listener (pending->event, pending->info, data);
      iommud_device_info_unref (pending->info);
      g_free (pending);
    }
}

static void
take_faults (IommudSimulatedKernel *self, const GArray *faults)
{
  for (guint i = 0; i < faults->len; i++)
    {
      const IommudSimulatedFault *fault = &g_array_index (faults, IommudSimulatedFault, i);

      iommud_simulated_kernel_inject_fault (self, fault->operation, fault->nth, fault->errnum,
                                            fault->delay_ms);
    }
}

/* Moves the records out of the description. */
static void
take_machine (IommudSimulatedMachine *machine, IommudSimulatedHost *host)
{
  g_ptr_array_set_free_func (host->iommus, NULL);
  g_ptr_array_set_free_func (host->devices, NULL);
  g_ptr_array_set_free_func (host->host_devices, NULL);
  for (guint i = 0; i < host->iommus->len; i++)
    iommud_simulated_machine_add_iommu (machine, host->iommus->pdata[i]);
  for (guint i = 0; i < host->host_devices->len; i++)
    iommud_simulated_machine_add_host_device (machine, host->host_devices->pdata[i]);
  for (guint i = 0; i < host->devices->len; i++)
    iommud_simulated_machine_add_device (machine, host->devices->pdata[i], FALSE);
}

IommudSimulatedKernel *
iommud_simulated_kernel_new (IommudSimulatedHost *host)
{
  IommudSimulatedKernel *self = g_new0 (IommudSimulatedKernel, 1);

  g_atomic_ref_count_init (&self->references);
  g_mutex_init (&self->lock);
  self->faults = iommud_simulated_faults_new ();
  self->files = iommud_simulated_files_new (&self->lock, iommud_simulated_syscalls_release, self);
  iommud_simulated_syscalls_init (self);
  self->iommufd = host->iommufd;
  self->privileged = TRUE;
  iommud_simulated_machine_init (&self->machine);
  take_machine (&self->machine, host);
  take_faults (self, host->faults);
  iommud_simulated_host_free (host);
  return self;
}

IommudSimulatedKernel *
iommud_simulated_kernel_ref (IommudSimulatedKernel *self)
{
  g_atomic_ref_count_inc (&self->references);
  return self;
}

void
iommud_simulated_kernel_unref (IommudSimulatedKernel *self)
{
  if (!g_atomic_ref_count_dec (&self->references))
    return;
  iommud_simulated_files_free (self->files);
  iommud_simulated_machine_clear (&self->machine);
  iommud_simulated_faults_free (self->faults);
  g_mutex_clear (&self->lock);
  g_free (self);
}

IommudSimulatedFunction *
iommud_simulated_kernel_find (IommudSimulatedKernel *self, const char *name)
{
  return iommud_simulated_machine_find (&self->machine, name);
}

int
iommud_simulated_kernel_add_iommu (IommudSimulatedKernel *self, IommudSimulatedIommu *iommu)
{
  int errnum;

  iommud_simulated_kernel_lock (self);
  errnum = iommud_simulated_machine_add_iommu (&self->machine, iommu);
  iommud_simulated_kernel_unlock (self);
  return errnum;
}

int
iommud_simulated_kernel_add_device (IommudSimulatedKernel *self, IommudSimulatedDevice *device)
{
  int errnum;

  iommud_simulated_kernel_lock (self);
  errnum = iommud_simulated_machine_add_device (&self->machine, device, FALSE);
  iommud_simulated_kernel_unlock (self);
  return errnum;
}

int
iommud_simulated_kernel_add_host_device (IommudSimulatedKernel *self, const char *name,
                                         const char *driver, const char *iommu, gint32 iommu_group)
{
  IommudSimulatedHostDevice *device = iommud_simulated_host_device_new ();
  int errnum;

  iommud_simulated_replace_string (&device->name, name);
  iommud_simulated_replace_string (&device->driver, driver);
  iommud_simulated_replace_string (&device->iommu, iommu);
  device->iommu_group = iommu_group;

  iommud_simulated_kernel_lock (self);
  errnum = iommud_simulated_machine_add_host_device (&self->machine, device);
  iommud_simulated_kernel_unlock (self);
  return errnum;
}

int
iommud_simulated_kernel_plug (IommudSimulatedKernel *self, const char *name)
{
  IommudSimulatedFunction *function;
  int errnum = ENOENT;

  iommud_simulated_kernel_lock (self);
  function = iommud_simulated_kernel_find (self, name);
  if (function != NULL)
    errnum = iommud_simulated_machine_plug (&self->machine, function);
  iommud_simulated_kernel_unlock (self);
  return errnum;
}

int
iommud_simulated_kernel_unplug (IommudSimulatedKernel *self, const char *name)
{
  IommudSimulatedFunction *function;
  int errnum = ENOENT;

  iommud_simulated_kernel_lock (self);
  function = iommud_simulated_kernel_find (self, name);
  if (function != NULL)
    errnum = iommud_simulated_machine_unplug (&self->machine, function);
  iommud_simulated_kernel_unlock (self);
  return errnum;
}

gboolean
iommud_simulated_kernel_has_node (IommudSimulatedKernel *self, const char *name)
{
  g_autofree char *node = iommud_simulated_kernel_get_node (self, name);

  return node != NULL;
}

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
iommud_simulated_kernel_has_device (IommudSimulatedKernel *self, const char *name)
{
  const IommudSimulatedFunction *function;
  gboolean present;

  iommud_simulated_kernel_lock (self);
  function = iommud_simulated_kernel_find (self, name);
  present = function != NULL && function->present;
  iommud_simulated_kernel_unlock (self);
  return present;
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

void
iommud_simulated_kernel_set_privileged (IommudSimulatedKernel *self, gboolean privileged)
{
  iommud_simulated_kernel_lock (self);
  self->privileged = privileged;
  iommud_simulated_kernel_unlock (self);
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

int
iommud_simulated_kernel_dma_write (IommudSimulatedKernel *self, const char *name, guint64 iova,
                                   guint64 length, guint8 value)
{
  IommudSimulatedFunction *function;
  guint64 done;
  int errnum = ENODEV;

  iommud_simulated_kernel_lock (self);
  function = iommud_simulated_kernel_find (self, name);
  if (function != NULL && function->present)
    errnum = iommud_simulated_dma_write (function, iova, length, value, &done);
  iommud_simulated_kernel_unlock (self);
  return errnum;
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

int
iommud_simulated_kernel_fail_driver (IommudSimulatedKernel *self, const char *name,
                                     const char *call, int errnum)
{
  static const char *const calls[IOMMUD_SIMULATED_DRIVER_CALLS + 1] = { "attach", "alloc", "map",
                                                                        "dirty",  "log",   NULL };
  IommudSimulatedFunction *function;
  int result = ENODEV;
  guint index = 0;

  while (calls[index] != NULL && !g_str_equal (calls[index], call))
    index++;
  if (calls[index] == NULL)
    return EINVAL;
  iommud_simulated_kernel_lock (self);
  function = iommud_simulated_kernel_find (self, name);
  if (function != NULL)
    {
      function->driver_errors[index] = errnum;
      result = 0;
    }
  iommud_simulated_kernel_unlock (self);
  return result;
}

static void
fill_hwpt_state (IommudSimulatedHwpt *hwpt, IommudSimulatedDeviceState *state)
{
  const IommudSimulatedHwpt *paging = iommud_simulated_hwpt_get_paging (hwpt);

  state->domain = IOMMUD_SIMULATED_DOMAIN_PAGING;
  state->devices = iommud_simulated_hwpt_count_devices (hwpt);
  state->pages = paging->ioas->pages;
  state->can_dirty = paging->dirty != NULL;
  state->tracking = paging->tracking;
  if (paging->dirty != NULL)
    state->dirty = iommud_page_set_count (paging->dirty);
}

static void
fill_state (const IommudSimulatedFunction *function, IommudSimulatedDeviceState *state)
{
  const IommudSimulatedGroup *group = function->group;

  if (group != NULL && group->hwpt != NULL)
    fill_hwpt_state (group->hwpt, state);
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
iommud_simulated_domain_to_string (IommudSimulatedDomain domain)
{
  static const char *const names[] = { "identity", "blocked", "paging" };

  return names[domain];
}

guint
iommud_simulated_kernel_count_objects (IommudSimulatedKernel *self)
{
  guint count;

  iommud_simulated_kernel_lock (self);
  count = self->census.objects;
  iommud_simulated_kernel_unlock (self);
  return count;
}

guint
iommud_simulated_kernel_count_contexts (IommudSimulatedKernel *self)
{
  guint count;

  iommud_simulated_kernel_lock (self);
  count = self->census.contexts;
  iommud_simulated_kernel_unlock (self);
  return count;
}

guint
iommud_simulated_kernel_count_files (IommudSimulatedKernel *self)
{
  guint count;

  iommud_simulated_kernel_lock (self);
  count = iommud_simulated_files_count (self->files);
  iommud_simulated_kernel_unlock (self);
  return count;
}

int
iommud_simulated_kernel_inject_fault (IommudSimulatedKernel *self, const char *operation, guint nth,
                                      int errnum, guint delay_ms)
{
  int index = iommud_simulated_operation_from_name (operation);

  if (index < 0)
    return EINVAL;
  iommud_simulated_faults_add (self->faults, (IommudSimulatedOperation) index, nth, errnum,
                               delay_ms);
  return 0;
}

void
iommud_simulated_kernel_clear_faults (IommudSimulatedKernel *self)
{
  iommud_simulated_faults_clear (self->faults);
}

guint
iommud_simulated_kernel_count_calls (IommudSimulatedKernel *self, const char *operation)
{
  int index = iommud_simulated_operation_from_name (operation);

  if (index < 0)
    return 0;
  return iommud_simulated_faults_get_count (self->faults, (IommudSimulatedOperation) index);
}

void
iommud_simulated_kernel_set_listener (IommudSimulatedKernel *self, IommudSimulatedListener listener,
                                      gpointer data)
{
  iommud_simulated_kernel_lock (self);
  /* What came before is in the list of devices. */
  self->listener = NULL;
  iommud_simulated_kernel_unlock (self);
  iommud_simulated_kernel_lock (self);
  self->listener = listener;
  self->listener_data = data;
  iommud_simulated_kernel_unlock (self);
}

GPtrArray *
iommud_simulated_kernel_list_devices (IommudSimulatedKernel *self)
{
  GPtrArray *devices = g_ptr_array_new_with_free_func ((GDestroyNotify) iommud_device_info_unref);

  iommud_simulated_kernel_lock (self);
  for (GList *l = self->machine.present.head; l != NULL; l = l->next)
    if (iommud_simulated_function_is_vfio (l->data))
      g_ptr_array_add (devices,
                       iommud_device_info_ref (((IommudSimulatedFunction *) l->data)->info));
  iommud_simulated_kernel_unlock (self);
  return devices;
}

GPtrArray *
iommud_simulated_kernel_list_group (IommudSimulatedKernel *self, gint32 iommu_group)
{
  GPtrArray *members = g_ptr_array_new_with_free_func ((GDestroyNotify) iommud_group_member_free);
  const IommudSimulatedGroup *group;

  iommud_simulated_kernel_lock (self);
  group = g_hash_table_lookup (self->machine.groups, GINT_TO_POINTER (iommu_group));
  for (guint i = 0; group != NULL && i < group->members->len; i++)
    {
      const IommudSimulatedFunction *function = group->members->pdata[i];
      IommudGroupMember *member = g_new0 (IommudGroupMember, 1);

      member->name = g_strdup (function->description->info->name);
      member->driver = g_strdup (function->driver);
      g_ptr_array_add (members, member);
    }
  iommud_simulated_kernel_unlock (self);
  return members;
}

/* Under the lock. NULL: the device that @info was made for is no longer there. */
static IommudSimulatedFunction *
find_by_info (IommudSimulatedKernel *self, const IommudDeviceInfo *info)
{
  IommudSimulatedFunction *function = iommud_simulated_kernel_find (self, info->name);

  return function != NULL && function->info == info ? function : NULL;
}

char *
iommud_simulated_kernel_describe_holder (IommudSimulatedKernel *self, const IommudDeviceInfo *info)
{
  const IommudSimulatedFunction *function;
  const char *program = g_get_prgname ();
  gboolean held;

  iommud_simulated_kernel_lock (self);
  function = find_by_info (self, info);
  held = function != NULL && function->files > 0;
  iommud_simulated_kernel_unlock (self);
  if (!held)
    return NULL;
  return g_strdup_printf ("%s (pid %d)", program != NULL ? program : "simulated", (int) getpid ());
}

gboolean
iommud_simulated_kernel_owns_node (IommudSimulatedKernel *self, const IommudDeviceInfo *info,
                                   int fd)
{
  IommudSimulatedFile *file;
  gboolean owns = FALSE;

  iommud_simulated_kernel_lock (self);
  if (iommud_simulated_files_get (self->files, fd, &file) == 0)
    {
      owns = file->type == IOMMUD_SIMULATED_FILE_CDEV && file->subject == find_by_info (self, info);
      iommud_simulated_files_put (self->files, file);
    }
  iommud_simulated_kernel_unlock (self);
  return owns;
}
