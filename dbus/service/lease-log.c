/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is logged of leases: each file that is handed out, and each end, so that it can be told
 * afterwards who had a device. The fields LEASE, UID, PID, UNIT and DEVICE can be searched for. */
#include "lease-log.h"

#define MAX_TEXT 512

typedef struct
{
  char uid[16];
  char pid[16];
  char *command;
  char *unit;
} Client;

static void
client_init (Client *self, IommudLease *lease)
{
  guint pid = 0;

  g_object_get (lease, "pid", &pid, "command", &self->command, "unit", &self->unit, NULL);
  g_snprintf (self->uid, sizeof self->uid, "%u", iommud_lease_get_owner (lease));
  g_snprintf (self->pid, sizeof self->pid, "%u", pid);
}

static void
client_clear (Client *self)
{
  g_free (self->command);
  g_free (self->unit);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Client, client_clear)

/* An ordinary event, which is said nevertheless. */
static void
log_event (IommudLease *lease, const Client *client, const char *device, const char *text)
{
  g_log_structured (G_LOG_DOMAIN, G_LOG_LEVEL_MESSAGE, "LEASE", iommud_lease_get_name (lease),
                    "UID", client->uid, "PID", client->pid, "UNIT", client->unit, "DEVICE", device,
                    "MESSAGE", "%s", text);
}

void
iommud_lease_log_handed_out (IommudLease *lease, IommudDevice *device, const char *what)
{
  g_auto (Client) client = { 0 };
  const char *name = device != NULL ? iommud_device_get_name (device) : what;
  char text[MAX_TEXT];

  client_init (&client, lease);
  g_snprintf (text, sizeof text, "Lease %s: handed %s to user %s (%s, pid %s)",
              iommud_lease_get_name (lease), name, client.uid, client.command, client.pid);
  log_event (lease, &client, device != NULL ? name : "", text);
}

void
iommud_lease_log_ended (IommudLease *lease)
{
  g_auto (Client) client = { 0 };
  char text[MAX_TEXT];

  client_init (&client, lease);
  g_snprintf (text, sizeof text, "Lease %s of user %s has ended", iommud_lease_get_name (lease),
              client.uid);
  log_event (lease, &client, "", text);
}
