/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What all exported interfaces of one service share. It is counted, since a call that is under way
 * may outlive the service. */
#include "service-state.h"

IommudServiceState *
iommud_service_state_new (IommudHost *host, IommudPolicy policy)
{
  IommudServiceState *self = g_rc_box_new0 (IommudServiceState);

  self->host = g_object_ref (host);
  self->paths = iommud_paths_new ();
  self->changes = iommud_changes_new ();
  self->callers = iommud_callers_new ();
  self->budget = iommud_budget_new ();
  self->policy = policy;
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

  g_clear_pointer (&self->budget, iommud_budget_free);
  g_clear_pointer (&self->callers, iommud_callers_free);
  g_clear_pointer (&self->changes, iommud_changes_free);
  g_clear_pointer (&self->paths, iommud_paths_free);
  g_clear_object (&self->host);
}

void
iommud_service_state_unref (IommudServiceState *self)
{
  g_rc_box_release_full (self, clear_state);
}
