/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Making a lease: its name, its guard, and its place among those of the host. */
#include "config.h"

#include "operations/create-lease.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "iommud-error.h"
#include "model/host.h"
#include "operations/leasing.h"
#include "probe/process-files.h"

#define MAX_STRING_BYTES 255 /* of a record */

static gboolean
check_errno (const char *step, int errnum, GError **error)
{
  if (errnum == 0)
    return TRUE;
  iommud_error_set_from_errno (error, -1, "create a lease", step, errnum, NULL);
  return FALSE;
}

/* The client gets the end for reading: nothing can be sent to the service through it, and when the
 * service closes its own end the client's is readable. */
static gboolean
make_guard (int *client, int *own, GError **error)
{
  int fds[2];

  if (!check_errno ("pipe", pipe2 (fds, O_CLOEXEC) != 0 ? errno : 0, error))
    return FALSE;
  *client = fds[0];
  *own = fds[1];
  return TRUE;
}

/* A process can call itself anything, and may have ended: this is for people. */
static void
describe_process (IommudLeaseOptions *options)
{
  g_autofree char *command = NULL;
  g_autofree char *unit = NULL;

  if (options->pid == 0 || (options->command != NULL && options->unit != NULL))
    return;
  iommud_process_files_describe_process ((gint) options->pid, &command, &unit);
  if (options->command == NULL)
    options->command = g_steal_pointer (&command);
  if (options->unit == NULL)
    options->unit = g_steal_pointer (&unit);
}

/* What is too long for a record is for people only. */
static void
set_string (char **field, const char *value)
{
  g_autofree char *cut = g_strndup (value != NULL ? value : "", MAX_STRING_BYTES);

  g_free (*field);
  *field = g_utf8_make_valid (cut, -1);
  if (strlen (*field) > MAX_STRING_BYTES)
    iommud_record_set_string (field, "");
}

static IommudLeaseRecord *
make_record (IommudHost *host, const IommudLeaseOptions *options)
{
  IommudLeaseRecord *record = iommud_lease_record_new ();

  record->serial = iommud_host_next_lease_serial (host);
  iommud_record_set_string (&record->name, options->name);
  record->owner = options->owner;
  record->pid = options->pid;
  set_string (&record->command, options->command);
  set_string (&record->unit, options->unit);
  record->since = (guint64) g_get_real_time ();
  record->locked_memory = options->locked_memory;
  return record;
}

IommudLease *
iommud_create_lease (IommudHost *host, IommudLeaseOptions *options, int *guard, GError **error)
{
  IommudLeaseTable *leases = iommud_host_get_lease_table (host);
  int own;

  if (!iommud_lease_table_reserve_name (leases, &options->name, error))
    return NULL;
  describe_process (options);
  if (make_guard (guard, &own, error))
    {
      g_autoptr (IommudLeaseRecord) record = make_record (host, options);

      return iommud_lease_new (host, iommud_host_new_queue (host), record, own);
    }
  iommud_lease_table_release_name (leases, options->name);
  return NULL;
}

gboolean
iommud_create_lease_publish (IommudLease *lease, GError **error)
{
  IommudHost *host = iommud_lease_get_host (lease);
  IommudLeaseTable *leases = iommud_host_get_lease_table (host);

  if (!check_errno ("epoll", iommud_lease_table_add (leases, lease), error))
    return FALSE;
  iommud_lease_keep_guard (lease, iommud_host_get_open_files (host));
  iommud_leasing_write_down (lease);
  return TRUE;
}

void
iommud_create_lease_undo (IommudLease *lease)
{
  iommud_lease_table_release_name (iommud_host_get_lease_table (iommud_lease_get_host (lease)),
                                   iommud_lease_get_name (lease));
  iommud_lease_forget_host (lease);
}

/**
 * iommud_host_create_lease:
 * @self: a host
 * @options: (nullable): what is known of the lease; %NULL: the defaults
 * @guard: (out): the lease's guard, to be closed by the caller
 * @error: where to put an error
 *
 * Makes a lease that has nothing yet. It ends when the last copy of @guard is closed, which the
 * caller may give to another process, or when it is released. Programs that are started later do
 * not inherit @guard, unless its flag is changed.
 *
 * Errors: %IOMMUD_ERROR_EXISTS if the name is taken, %IOMMUD_ERROR_INVALID_ARGUMENT if it is not
 * valid, %IOMMUD_ERROR_LIMITS_EXCEEDED if no file descriptor is left or the host has 65536 leases,
 * %IOMMUD_ERROR_NO_MEMORY if the kernel has no memory for a pipe.
 *
 * Returns: (transfer full): the new lease
 */
IommudLease *
iommud_host_create_lease (IommudHost *self, IommudLeaseOptions *options, int *guard, GError **error)
{
  g_autoptr (IommudLeaseOptions) copy = NULL;
  g_autoptr (IommudLease) lease = NULL;

  g_return_val_if_fail (IOMMUD_IS_HOST (self), NULL);
  g_return_val_if_fail (guard != NULL, NULL);

  copy = iommud_lease_options_copy (options);
  lease = iommud_create_lease (self, copy, guard, error);
  if (lease == NULL)
    return NULL;
  if (iommud_create_lease_publish (lease, error))
    return g_steal_pointer (&lease);
  close (*guard);
  iommud_create_lease_undo (lease);
  return NULL;
}
