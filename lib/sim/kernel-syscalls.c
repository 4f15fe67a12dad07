/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The five system calls on a simulated kernel: find the file, meet the faults, take the lock. */
#include "config.h"

#include "sim/kernel-private.h"

#include "sim/ioctls/cdev.h"
#include "sim/ioctls/iommufd.h"
#include "sim/objects/dma.h"
#include "sim/objects/fault-queue.h"
#include "sim/process/user-memory.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define IOMMUFD_PATH "/dev/iommu"

static IommudSimulatedKernel *
get_kernel (const IommudSyscalls *syscalls)
{
  return syscalls->data;
}

static int
fail (int errnum)
{
  errno = errnum;
  return -1;
}

static int
get_file (IommudSimulatedKernel *self, int fd, IommudSimulatedFile **file)
{
  int errnum;

  g_mutex_lock (&self->lock);
  errnum = iommud_simulated_files_get (self->files, fd, file);
  g_mutex_unlock (&self->lock);
  return errnum;
}

static void
put_file (IommudSimulatedKernel *self, IommudSimulatedFile *file)
{
  g_mutex_lock (&self->lock);
  iommud_simulated_files_put (self->files, file);
  g_mutex_unlock (&self->lock);
}

static int
open_iommufd (IommudSimulatedKernel *self, gboolean close_on_exec, int *fd)
{
  IommudSimulatedContext *context;
  int errnum;

  if (!self->iommufd)
    return ENOENT;
  context = iommud_simulated_context_new (&self->census);
  errnum = iommud_simulated_files_open (self->files, IOMMUD_SIMULATED_FILE_IOMMUFD, context,
                                        close_on_exec, fd);
  if (errnum != 0)
    iommud_simulated_context_unref (context);
  return errnum;
}

static int
open_cdev (IommudSimulatedKernel *self, const char *path, gboolean close_on_exec, int *fd)
{
  IommudSimulatedFunction *function = iommud_simulated_machine_find_node (&self->machine, path);
  int errnum;

  if (function == NULL)
    return ENOENT;
  if (function->leaving)
    return ENODEV;
  errnum = iommud_simulated_files_open (self->files, IOMMUD_SIMULATED_FILE_CDEV, function,
                                        close_on_exec, fd);
  if (errnum == 0)
    function->files++;
  return errnum;
}

static int
simulated_open (const IommudSyscalls *syscalls, const char *path, dev_t device, int flags)
{
  IommudSimulatedKernel *self = get_kernel (syscalls);
  gboolean is_iommufd = g_str_equal (path, IOMMUFD_PATH);
  gboolean close_on_exec = (flags & O_CLOEXEC) != 0;
  int fd = -1;
  int errnum = iommud_simulated_faults_meet (
      self->faults, is_iommufd ? IOMMUD_SIMULATED_OPEN_IOMMUFD : IOMMUD_SIMULATED_OPEN_CDEV);

  if (errnum != 0)
    return fail (errnum);
  g_mutex_lock (&self->lock);
  if (is_iommufd)
    errnum = open_iommufd (self, close_on_exec, &fd);
  else
    errnum = open_cdev (self, path, close_on_exec, &fd);
  g_mutex_unlock (&self->lock);
  return errnum != 0 ? fail (errnum) : fd;
}

static int
close_file (IommudSimulatedKernel *self, IommudSimulatedFile *file, int fd)
{
  int errnum = close (fd) < 0 ? errno : 0;

  g_mutex_lock (&self->lock);
  iommud_simulated_files_check (self->files, file);
  iommud_simulated_files_put (self->files, file);
  g_mutex_unlock (&self->lock);
  return errnum;
}

static int
get_close_operation (const IommudSimulatedFile *file)
{
  switch (file->type)
    {
    case IOMMUD_SIMULATED_FILE_IOMMUFD:
      return IOMMUD_SIMULATED_CLOSE_IOMMUFD;
    case IOMMUD_SIMULATED_FILE_CDEV:
      return IOMMUD_SIMULATED_CLOSE_CDEV;
    case IOMMUD_SIMULATED_FILE_FAULT_QUEUE:
    default:
      return IOMMUD_SIMULATED_NO_OPERATION;
    }
}

static int
simulated_close (const IommudSyscalls *syscalls, int fd)
{
  IommudSimulatedKernel *self = get_kernel (syscalls);
  IommudSimulatedFile *file;
  int fault;
  int errnum = get_file (self, fd, &file);

  if (errnum != 0)
    return errnum == ENOTTY ? close (fd) : fail (errnum);
  fault = iommud_simulated_faults_meet (self->faults, get_close_operation (file));
  errnum = close_file (self, file, fd);
  /* A close that fails has closed the file nevertheless. */
  if (errnum == 0)
    errnum = fault;
  return errnum != 0 ? fail (errnum) : 0;
}

void
iommud_simulated_syscalls_release (IommudSimulatedFile *file, gpointer kernel)
{
  IommudSimulatedKernel *self = kernel;

  if (file->type == IOMMUD_SIMULATED_FILE_IOMMUFD)
    {
      iommud_simulated_context_unref (file->subject);
      return;
    }
  if (file->type == IOMMUD_SIMULATED_FILE_FAULT_QUEUE)
    {
      iommud_simulated_fault_queue_release (file->subject);
      return;
    }
  iommud_simulated_cdev_release (file);
  iommud_simulated_machine_finish_unplug (&self->machine, file->subject);
}

/* The account that pays for pinned pages; NULL if the callers have CAP_IPC_LOCK. */
static IommudSimulatedAccount *
get_account (IommudSimulatedKernel *self, const IommudSimulatedContext *context)
{
  if (self->can_lock)
    return NULL;
  return context->charge_process ? &self->of_process : &self->of_user;
}

static int
run_ioctl (IommudSimulatedKernel *self, IommudSimulatedFile *file, unsigned long request,
           guint64 argument)
{
  IommudSimulatedCommand command = { .files = self->files,
                                     .version = self->version,
                                     .privileged = self->privileged,
                                     .address = argument };
  int result = -ENOTTY;

  g_mutex_lock (&self->lock);
  if (file->type == IOMMUD_SIMULATED_FILE_IOMMUFD)
    {
      command.context = file->subject;
      command.account = get_account (self, file->subject);
      result = iommud_simulated_iommufd_ioctl (&command, request);
    }
  else if (file->type == IOMMUD_SIMULATED_FILE_CDEV)
    result = iommud_simulated_cdev_ioctl (self->files, file, request, argument);
  g_mutex_unlock (&self->lock);
  return result;
}

/* Counts, delays and fails an ioctl. A feature of a device is an operation of its own as well. */
static int
meet_faults (IommudSimulatedKernel *self, const IommudSimulatedFile *file, unsigned long request,
             guint64 argument)
{
  int errnum = 0;

  if (file->type == IOMMUD_SIMULATED_FILE_IOMMUFD)
    return iommud_simulated_faults_meet (
        self->faults, iommud_simulated_iommufd_get_operation (self->version, request));
  if (file->type == IOMMUD_SIMULATED_FILE_CDEV)
    errnum =
        iommud_simulated_faults_meet (self->faults, iommud_simulated_cdev_get_operation (request));
  if (errnum == 0 && file->type == IOMMUD_SIMULATED_FILE_CDEV)
    errnum = iommud_simulated_faults_meet (
        self->faults, iommud_simulated_cdev_get_feature_operation (request, argument));
  return errnum;
}

static int
simulated_ioctl (const IommudSyscalls *syscalls, int fd, unsigned long request, void *argument)
{
  IommudSimulatedKernel *self = get_kernel (syscalls);
  IommudSimulatedFile *file;
  int result;
  int errnum = get_file (self, fd, &file);

  if (errnum != 0)
    return fail (errnum);
  result = -meet_faults (self, file, request, (guintptr) argument);
  if (result == 0)
    result = run_ioctl (self, file, request, (guintptr) argument);
  put_file (self, file);
  return result < 0 ? fail (-result) : result;
}

/* No region of a simulated device can be mapped, and an iommufd has nothing to map. */
static void *
simulated_mmap (const IommudSyscalls *syscalls, void *address, size_t length, int protection,
                int flags, int fd, off_t offset)
{
  IommudSimulatedKernel *self = get_kernel (syscalls);
  IommudSimulatedFile *file;
  int errnum = get_file (self, fd, &file);

  if (errnum == ENOTTY)
    return mmap (address, length, protection, flags, fd, offset);
  if (errnum == 0)
    {
      errnum = file->type == IOMMUD_SIMULATED_FILE_CDEV ? EINVAL : ENODEV;
      put_file (self, file);
    }
  errno = errnum;
  return MAP_FAILED;
}

/* The memory is that of the real process. On a machine whose kernel cannot populate memory, each
 * page is touched. */
static int
simulated_madvise (const IommudSyscalls *syscalls, void *address, size_t length, int advice)
{
  IommudSimulatedKernel *self = get_kernel (syscalls);
  int errnum = iommud_simulated_faults_meet (self->faults, IOMMUD_SIMULATED_MADVISE);

  if (errnum != 0)
    return fail (errnum);
  if (madvise (address, length, advice) == 0)
    return 0;
  if (errno != EINVAL)
    return -1;
  errnum = iommud_simulated_populate_user ((guintptr) address, length);
  return errnum != 0 ? fail (errnum) : 0;
}

void
iommud_simulated_syscalls_init (IommudSimulatedKernel *self)
{
  self->syscalls.open = simulated_open;
  self->syscalls.close = simulated_close;
  self->syscalls.ioctl = simulated_ioctl;
  self->syscalls.mmap = simulated_mmap;
  self->syscalls.madvise = simulated_madvise;
  self->syscalls.data = self;
}

const IommudSyscalls *
iommud_simulated_kernel_get_syscalls (IommudSimulatedKernel *self)
{
  return &self->syscalls;
}
