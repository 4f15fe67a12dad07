/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The processes of the fuzzer that call the service. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _Clients Clients;

Clients *clients_new (const char *address, const guint *uids, guint n_uids, GRand *rand);
void clients_free (Clients *self);

void clients_start (Clients *self);
void clients_kill_one (Clients *self);
void clients_pause (Clients *self);
void clients_resume (Clients *self);
void clients_end (Clients *self);

G_END_DECLS
