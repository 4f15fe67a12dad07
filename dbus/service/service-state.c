/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What all parts of one service share. It is counted, since a call that is under way may outlive
 * the service. */
#include "service-state.h"

#include "members.h"

static void
free_members (gpointer members)
{
  g_array_unref (members);
}

static void
on_configured (const IommudConfiguration *configuration, gpointer user_data)
{
  IommudServiceState *self = user_data;
  const IommudLimits *limits = iommud_configuration_get_limits (configuration);

  iommud_quotas_set_limits (self->quotas, limits);
  iommud_lanes_set_bytes_per_user (self->lanes, limits->values[IOMMUD_LIMIT_QUEUED_BYTES]);
}

/* @serve: called with the state for each call whose turn has come. */
IommudServiceState *
iommud_service_state_new (IommudHost *host, GDBusConnection *connection, IommudPolicy policy,
                          IommudLanesFunc serve)
{
  IommudServiceState *self = g_rc_box_new0 (IommudServiceState);

  self->host = g_object_ref (host);
  self->connection = g_object_ref (connection);
  self->members = g_hash_table_new_full (NULL, NULL, NULL, free_members);
  self->objects = iommud_objects_new ();
  self->changes = iommud_changes_new ();
  self->lanes = iommud_lanes_new (serve, self);
  self->flow = iommud_flow_new (connection, self->lanes);
  self->callers = iommud_callers_new (connection, self->lanes, self->flow);
  self->long_answers = iommud_long_answers_new (connection);
  self->budget = iommud_budget_new ();
  self->quotas = iommud_quotas_new ();
  self->counter = iommud_counter_new (host, self->quotas);
  self->authorizer = iommud_authorizer_new (&policy, connection, on_configured, self);
  return self;
}

IommudServiceState *
iommud_service_state_ref (IommudServiceState *self)
{
  return g_rc_box_acquire (self);
}

static void
clear_state (gpointer data)
{
  IommudServiceState *self = data;

  g_clear_pointer (&self->long_answers, iommud_long_answers_free);
  g_clear_pointer (&self->flow, iommud_flow_free);
  g_clear_pointer (&self->lanes, iommud_lanes_free);
  g_clear_pointer (&self->authorizer, iommud_authorizer_free);
  g_clear_pointer (&self->quotas, iommud_quotas_free);
  g_clear_pointer (&self->budget, iommud_budget_free);
  g_clear_pointer (&self->changes, iommud_changes_free);
  g_clear_pointer (&self->objects, iommud_objects_free);
  g_clear_pointer (&self->members, g_hash_table_unref);
  g_clear_object (&self->connection);
  g_clear_object (&self->host);
}

void
iommud_service_state_unref (IommudServiceState *self)
{
  g_rc_box_release_full (self, clear_state);
}

/* Nothing more is taken from the bus. Calls that are under way may still be answered. */
void
iommud_service_state_close (IommudServiceState *self)
{
  g_clear_pointer (&self->callers, iommud_callers_free);
  iommud_authorizer_close (self->authorizer);
  g_clear_pointer (&self->counter, iommud_counter_free);
}

/* Of IommudMember. Borrowed. */
const GArray *
iommud_service_state_get_members (IommudServiceState *self, GDBusInterfaceInfo *interface)
{
  GArray *members = g_hash_table_lookup (self->members, interface);

  if (members != NULL)
    return members;
  members = iommud_members_new (interface);
  g_hash_table_insert (self->members, interface, members);
  return members;
}
