/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What every exported interface of one service works with; counted, since a call that is under way
 * may outlive the service. */
#include "parts.h"

IommudServiceParts *
iommud_service_parts_new (IommudHost *host, IommudPolicy policy)
{
  IommudServiceParts *self = g_rc_box_new0 (IommudServiceParts);

  self->host = g_object_ref (host);
  self->paths = iommud_paths_new ();
  self->changes = iommud_changes_new ();
  self->callers = iommud_callers_new ();
  self->budget = iommud_budget_new ();
  self->policy = policy;
  return self;
}

IommudServiceParts *
iommud_service_parts_ref (IommudServiceParts *self)
{
  return g_rc_box_acquire (self);
}

static void
clear_parts (gpointer data)
{
  IommudServiceParts *self = data;

  g_clear_pointer (&self->budget, iommud_budget_free);
  g_clear_pointer (&self->callers, iommud_callers_free);
  g_clear_pointer (&self->changes, iommud_changes_free);
  g_clear_pointer (&self->paths, iommud_paths_free);
  g_clear_object (&self->host);
}

void
iommud_service_parts_unref (IommudServiceParts *self)
{
  g_rc_box_release_full (self, clear_parts);
}
