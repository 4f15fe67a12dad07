/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A caller who asks for little, and how long it waits while others ask for much. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct _Bystander Bystander;

Bystander *bystander_start (const char *address, const char *service);
/* It also notes how much CPU time the process has used in each of its waits: on a machine that has
 * other things to do, that tells more than the time. */
Bystander *bystander_start_beside (const char *address, const char *service, GSubprocess *process);
void bystander_stop (Bystander *self, const char *what);

G_END_DECLS
