/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The service's parts without a name on the bus, so that a client gets nothing but what is sent to
 * it. */
#pragma once

#include "bed.h"
#include "service-state.h"

G_BEGIN_DECLS

typedef struct
{
  GSubprocess *bus;
  char *address;
  GDBusConnection *server;
  GDBusConnection *client;
  IommudHost *host;
  IommudServiceState *state;
} Parts;

/* @serve: where a call goes when its turn has come; or NULL. @xml: the simulated host, or NULL. */
void parts_set_up (Parts *self, IommudLanesFunc serve, const char *xml);
/* Whoever has other parts ends them after iommud_service_state_close() and before this. */
void parts_tear_down (Parts *self);

G_END_DECLS
