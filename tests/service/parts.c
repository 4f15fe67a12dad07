/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The service's parts without a name on the bus. */
#include "parts.h"

void
parts_set_up (Parts *self, IommudLanesFunc serve, const char *xml)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (IommudSimulator) simulator = xml == NULL
                                              ? iommud_simulator_new (NULL, &error)
                                              : iommud_simulator_new_from_data (xml, -1, &error);

  g_assert_no_error (error);
  self->bus = bed_start_bus (&self->address);
  self->server = bed_connect (self->address);
  self->client = bed_connect (self->address);
  self->host = iommud_host_new (IOMMUD_BACKEND (simulator), &error);
  g_assert_no_error (error);
  self->state = iommud_service_state_new (self->host, self->server,
                                          iommud_policy_for_private_bus (getuid ()), serve);
}

void
parts_tear_down (Parts *self)
{
  iommud_service_state_unref (self->state);
  g_object_unref (self->host);
  bed_disconnect (self->client);
  bed_disconnect (self->server);
  bed_stop_bus (self->bus);
  g_free (self->address);
}
