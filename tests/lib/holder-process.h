/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A process that has copies of all open files of the test, and does nothing. */
#pragma once

#include <sys/types.h>

/* It runs when this returns, and ends at the latest with the test. @name: what it calls itself;
 * NULL: as the test does. */
pid_t holder_process_start (const char *name);
void holder_process_stop (pid_t pid);
