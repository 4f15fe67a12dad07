/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a command of iommuctl is made of, and what it is given when it runs. */
#pragma once

#include "iommud-dbus.h"
#include "output.h"

G_BEGIN_DECLS

typedef struct
{
  const char *name;
  const char *type; /* of its value: "b" for a switch, "s", or "u" */
  const char *value_name;
  const char *help;
} IommuctlOption;

typedef struct
{
  const IommuctlOption *options; /* of the command, as in its table */
  char **arguments;              /* as many as the command's table allows */
  GVariantDict *values;          /* of the options that were given, by name */
  IommudDBusClient *client;
  IommuctlOutput *output;
} IommuctlRequest;

typedef struct
{
  const char *name;
  const char *arguments; /* as --help shows them */
  guint min_arguments;
  guint max_arguments;
  const char *summary;
  const char *description;
  const IommuctlOption *options; /* ends with an option without a name; NULL for none */
  gboolean (*run) (IommuctlRequest *request, GError **error);
} IommuctlCommand;

/* The table of all commands; it ends with one without a name. */
const IommuctlCommand *iommuctl_commands_get (void);
const IommuctlCommand *iommuctl_commands_find (const char *name);

gboolean iommuctl_request_has (IommuctlRequest *request, const char *option);
/* The options that were given, as a method of the service takes them. */
GVariant *iommuctl_request_method_options (IommuctlRequest *request);
/* Prints the property Name of each record of an aa{sv}. */
void iommuctl_request_print_names (IommuctlRequest *request, GVariant *records);
/* Sets the error for a service that has gone meanwhile; returns FALSE. */
gboolean iommuctl_request_fail_without_service (GError **error);
/* Lets the signals that came before a method's reply reach the client's objects. */
void iommuctl_request_settle (IommuctlRequest *request);

gboolean iommuctl_alloc_run (IommuctlRequest *request, GError **error);
gboolean iommuctl_attach_run (IommuctlRequest *request, GError **error);
gboolean iommuctl_containers_run (IommuctlRequest *request, GError **error);
gboolean iommuctl_create_run (IommuctlRequest *request, GError **error);
gboolean iommuctl_detach_run (IommuctlRequest *request, GError **error);
gboolean iommuctl_devices_run (IommuctlRequest *request, GError **error);
gboolean iommuctl_free_run (IommuctlRequest *request, GError **error);
gboolean iommuctl_monitor_run (IommuctlRequest *request, GError **error);
gboolean iommuctl_show_run (IommuctlRequest *request, GError **error);
gboolean iommuctl_tree_run (IommuctlRequest *request, GError **error);

G_END_DECLS
