/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A client that leases devices, and gives them back. */
#pragma once

#include <gio/gunixfdlist.h>

G_BEGIN_DECLS

typedef struct
{
  GDBusConnection *connection;
  const char *service; /* whom it calls */
  GVariant *devices;   /* the paths of what it leases: ao */
  GVariant *reply;     /* of the last LeaseDevices; NULL: it has no lease */
  GUnixFDList *files;
} LeaseClient;

void lease_client_init (LeaseClient *self, GDBusConnection *connection, const char *service,
                        guint n_devices);
void lease_client_clear (LeaseClient *self);
/* For Measurement. */
void lease_client_lease (gpointer self);
/* Closes the files. */
void lease_client_forget (gpointer self);
/* The same, and waits until all is free again. */
void lease_client_end (gpointer self);

/* The first devices of the service's host: ao. */
GVariant *lease_client_list_devices (GDBusConnection *connection, guint n_devices);
/* Its path. Borrowed. */
const char *lease_client_get_lease (const LeaseClient *self);
gboolean lease_client_is_there (const LeaseClient *self);

G_END_DECLS
