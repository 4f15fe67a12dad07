/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What all parts of one service share. */
#pragma once

#include <iommud.h>

#include "access/authorizer.h"
#include "access/counter.h"
#include "budget.h"
#include "callers.h"
#include "changes.h"
#include "fd-store.h"
#include "lanes.h"
#include "long-answer.h"
#include "objects.h"
#include "policy.h"

G_BEGIN_DECLS

typedef struct _IommudListing IommudListing;

typedef struct
{
  IommudHost *host;
  GDBusConnection *connection;
  IommudObjects *objects;
  IommudChanges *changes;
  IommudCallers *callers;
  IommudLanes *lanes;
  IommudFlow *flow;
  IommudLongAnswers *long_answers;
  IommudListing *listing; /* the service's; NULL once it has left the bus */
  IommudBudget *budget;
  IommudQuotas *quotas;
  IommudCounter *counter; /* NULL once the service has left the bus */
  IommudAuthorizer *authorizer;
  IommudFdStore *fd_store; /* not owned; NULL: nothing is kept for a next life */
  GHashTable *members;     /* interface description -> what is known of its properties */
} IommudServiceState;

IommudServiceState *iommud_service_state_new (IommudHost *host, GDBusConnection *connection,
                                              IommudPolicy policy, IommudLanesFunc serve);
IommudServiceState *iommud_service_state_ref (IommudServiceState *self);
void iommud_service_state_close (IommudServiceState *self);
void iommud_service_state_unref (IommudServiceState *self);
const GArray *iommud_service_state_get_members (IommudServiceState *self,
                                                GDBusInterfaceInfo *interface);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (IommudServiceState, iommud_service_state_unref)

G_END_DECLS
