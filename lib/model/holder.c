/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A process that has a device's file open. */
#include "config.h"

#include "model/holder.h"

/**
 * IommudHolder:
 *
 * A process that has a device's file open, as it was found. It may have ended since, and another
 * process may have its pid.
 */
struct _IommudHolder
{
  gatomicrefcount references;
  IommudFoundHolder *found;
};

G_DEFINE_BOXED_TYPE (IommudHolder, iommud_holder, iommud_holder_ref, iommud_holder_unref)

IommudHolder *
iommud_holder_new (IommudFoundHolder *found)
{
  IommudHolder *self = g_new0 (IommudHolder, 1);

  g_atomic_ref_count_init (&self->references);
  self->found = found;
  return self;
}

/**
 * iommud_holder_ref:
 * @self: a holder
 *
 * Takes a reference.
 *
 * Returns: (transfer full): @self
 */
IommudHolder *
iommud_holder_ref (IommudHolder *self)
{
  g_atomic_ref_count_inc (&self->references);
  return self;
}

/**
 * iommud_holder_unref:
 * @self: (transfer full): a holder
 *
 * Drops a reference.
 */
void
iommud_holder_unref (IommudHolder *self)
{
  if (!g_atomic_ref_count_dec (&self->references))
    return;
  iommud_found_holder_free (self->found);
  g_free (self);
}

/**
 * iommud_holder_get_pid:
 * @self: a holder
 *
 * The id of the process.
 *
 * Returns: its pid
 */
int
iommud_holder_get_pid (IommudHolder *self)
{
  g_return_val_if_fail (self != NULL, 0);
  return self->found->pid;
}

/**
 * iommud_holder_get_command:
 * @self: a holder
 *
 * The name of the process, as `ps` shows it. A process may give itself any name; what is not
 * printable in it is a question mark.
 *
 * Returns: its name
 */
const char *
iommud_holder_get_command (IommudHolder *self)
{
  g_return_val_if_fail (self != NULL, NULL);
  return self->found->command;
}

/**
 * iommud_holder_get_unit:
 * @self: a holder
 *
 * The service or scope of systemd that the process belongs to, such as `vm@1.service`. A process
 * that belongs to none has its cgroup here, which begins with a slash, or an empty string.
 *
 * Returns: its unit
 */
const char *
iommud_holder_get_unit (IommudHolder *self)
{
  g_return_val_if_fail (self != NULL, NULL);
  return self->found->unit;
}
