/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A process that ends as slowly as the test wants: its files are closed already, and it has not
 * ended yet.
 *
 * It is the first of a pid namespace, which cannot end before all others of that are reaped. One of
 * them has a parent outside, which does so when it is told to. */
#pragma once

#include <glib.h>
#include <sys/types.h>

typedef struct _SlowExit SlowExit;

/* It runs, and has copies of all files that the test has open. NULL if this machine has no pid
 * namespaces for this user: the test is skipped then. */
SlowExit *slow_exit_new (void);
pid_t slow_exit_get_pid (const SlowExit *self);
/* It is killed, and is ending when this returns. */
void slow_exit_begin (SlowExit *self);
/* It has ended, and was reaped, when this returns. */
void slow_exit_finish (SlowExit *self);
void slow_exit_free (SlowExit *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SlowExit, slow_exit_free)
