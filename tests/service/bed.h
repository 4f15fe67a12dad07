/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A private bus, the service on it with a simulated host, and a caller. */
#pragma once

#include "simulator/iommud-sim.h"

#include "iommud-dbus-names.h"
#include "policy.h"
#include "service.h"

G_BEGIN_DECLS

typedef struct
{
  GSubprocess *bus;
  char *address;
  GDBusConnection *server;
  GDBusConnection *client;
  IommudSimulator *simulator;
  IommudHost *host;
  IommudService *service;
  guint name_id;
} Bed;

Bed *bed_new (const char *xml);
Bed *bed_new_with_policy (const char *xml, IommudPolicy policy);
void bed_free (Bed *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Bed, bed_free)

GSubprocess *bed_spawn (GSubprocessFlags flags, const char *const *argv);
GSubprocess *bed_start_bus (char **address);
GSubprocess *bed_start_bus_with (GTestFileType where, const char *name, char **address);
void bed_stop_bus (GSubprocess *bus);
GDBusConnection *bed_connect (const char *address);
void bed_disconnect (GDBusConnection *connection);
void bed_iterate (void);
void bed_wait (gboolean *done);
void bed_settle (Bed *self);
void bed_unplug (Bed *self, const char *name);

const char *bed_interface_of (const char *path, const char *member);
GVariant *bed_call (Bed *self, const char *path, const char *method, GVariant *arguments,
                    GError **error);
char *bed_call_for_path (Bed *self, const char *path, const char *method, GVariant *arguments);
void bed_call_ok (Bed *self, const char *path, const char *method, GVariant *arguments);
void bed_call_fails (Bed *self, const char *path, const char *method, GVariant *arguments, int code,
                     const char *pattern);
GVariant *bed_get (Bed *self, const char *path, const char *member);
void bed_assert (Bed *self, const char *path, const char *member, const char *expected);
GVariant *bed_get_managed_objects (Bed *self);

char *bed_create (Bed *self, const char *options);
char *bed_device (Bed *self, const char *name);
char *bed_attach (Bed *self, const char *container, const char *device);
GVariant *bed_device_arguments (const char *device, const char *options);
GVariant *bed_options (const char *options);

G_END_DECLS
