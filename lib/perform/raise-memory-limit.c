/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Letting a process lock more memory: an ordinary user's virtual machine monitor could not pin its
 * guest's memory otherwise.
 *
 * A pid may be given to another process at any time. The process is held by a pidfd that is opened
 * first; if it still runs after the limit was set, it was that of this process. */
#include "config.h"

#include "perform/raise-memory-limit.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/process.h"

static gboolean
refuse (const char *what, const char *step, int errnum, const char *cause, GError **error)
{
  iommud_error_set_from_errno (error, errnum == ESRCH ? IOMMUD_ERROR_NOT_FOUND : -1, what, step,
                               errnum, cause);
  return FALSE;
}

/* The owner of its folder is the user that it runs as, or root if it hides itself. */
static gboolean
check_owner (pid_t pid, uid_t owner, const char *what, GError **error)
{
  g_autofree char *folder = g_strdup_printf ("/proc/%d", (int) pid);
  struct stat status;

  if (stat (folder, &status) != 0)
    return refuse (what, folder, ESRCH, "the process that called has ended", error);
  if (status.st_uid == owner)
    return TRUE;
  g_set_error (error, IOMMUD_ERROR, IOMMUD_ERROR_PERMISSION_DENIED,
               "Cannot %s: process %d, whose limit of locked memory was to be raised, runs as user "
               "%u and not as user %u",
               what, (int) pid, (guint) status.st_uid, (guint) owner);
  return FALSE;
}

/* The limit of another user's process cannot even be read without it. */
static gboolean
refuse_limit (const char *what, int errnum, GError **error)
{
  return refuse (
      what, "RLIMIT_MEMLOCK", errnum,
      errnum == EPERM
          ? "to raise it for locked-memory iommud needs CAP_SYS_RESOURCE: without "
            "it, leave locked-memory out and raise the limit where the program is started"
          : NULL,
      error);
}

static gboolean
set_limit (IommudMemoryLimit *self, guint64 n_bytes, const char *what, GError **error)
{
  rlim_t wanted = n_bytes >= RLIM_INFINITY ? RLIM_INFINITY : (rlim_t) n_bytes;

  if (prlimit (self->pid, RLIMIT_MEMLOCK, NULL, &self->before) != 0)
    return refuse_limit (what, errno, error);
  self->raised = self->before;
  if (self->before.rlim_cur >= wanted)
    return TRUE;
  self->raised.rlim_cur = wanted;
  self->raised.rlim_max = MAX (self->before.rlim_max, wanted);
  if (prlimit (self->pid, RLIMIT_MEMLOCK, &self->raised, NULL) == 0)
    return TRUE;
  return refuse_limit (what, errno, error);
}

gboolean
iommud_memory_limit_raise (IommudMemoryLimit *self, pid_t pid, uid_t owner, guint64 n_bytes,
                           const char *what, GError **error)
{
  self->pid = pid;
  self->process = iommud_process_open ((gint) pid);
  if (self->process < 0)
    return refuse (what, "pidfd_open", errno,
                   "the process whose limit of locked memory was to be raised is not known", error);
  if (check_owner (pid, owner, what, error) && set_limit (self, n_bytes, what, error))
    {
      if (!iommud_process_file_has_ended (self->process))
        return TRUE;
      refuse (what, "prlimit", ESRCH, "the process that called has ended", error);
    }
  iommud_memory_limit_clear (self);
  return FALSE;
}

static gboolean
is_as_raised (const IommudMemoryLimit *self)
{
  struct rlimit now;

  return prlimit (self->pid, RLIMIT_MEMLOCK, NULL, &now) == 0
         && now.rlim_cur == self->raised.rlim_cur && now.rlim_max == self->raised.rlim_max;
}

void
iommud_memory_limit_restore (IommudMemoryLimit *self)
{
  if (self->process >= 0 && is_as_raised (self) && !iommud_process_file_has_ended (self->process))
    prlimit (self->pid, RLIMIT_MEMLOCK, &self->before, NULL);
  iommud_memory_limit_clear (self);
}

void
iommud_memory_limit_clear (IommudMemoryLimit *self)
{
  if (self->process >= 0)
    close (self->process);
  self->process = -1;
}
