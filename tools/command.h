/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a command of iommuctl consists of, and what it gets when it runs. */
#pragma once

#include "interrupt.h"
#include "output.h"
#include "ranges.h"

G_BEGIN_DECLS

/* The form of an option's value among the values of a request. */
typedef enum
{
  IOMMUCTL_OPTION_SWITCH, /* "b", TRUE: it has no value */
  IOMMUCTL_OPTION_WORD,   /* "s" */
  IOMMUCTL_OPTION_COUNT,  /* "u", from 1 on */
  IOMMUCTL_OPTION_SIZE,   /* "t": bytes or an address */
  IOMMUCTL_OPTION_ANSWER, /* "b": yes or no */
} IommuctlOptionType;

typedef struct
{
  const char *name;
  IommuctlOptionType type;
  const char *value_name;
  const char *help;
} IommuctlOption;

typedef struct
{
  const IommuctlOption *options; /* of the command, as in its table */
  char **arguments;              /* as many as the command's table allows */
  char **program;                /* that is to run, with its arguments; NULL for most commands */
  GVariantDict *values;          /* of the options that were given, by name */
  IommuctlService *service;
  IommuctlInterrupt *interrupt;
  GCancellable *cancellable; /* of the interrupt, for each call */
  IommuctlOutput *output;
  int exit_status; /* of a command that does what it should: 0, or that of the program */
} IommuctlRequest;

typedef struct
{
  const char *name;      /* one word or two */
  const char *arguments; /* as --help shows them */
  guint min_arguments;
  guint max_arguments;
  const char *summary;
  const char *description;
  const IommuctlOption *options; /* ends with an option without a name; NULL for none */
  gboolean (*run) (IommuctlRequest *request, GError **error);
  gboolean changes;      /* the host, which not every user may do */
  gboolean runs_program; /* that stands after "--" */
} IommuctlCommand;

/* The table of all commands; it ends with one without a name. */
const IommuctlCommand *iommuctl_commands_get (void);
/* Finds a command by the first word of its name and, if it has two, the second; @second may be
 * NULL. */
const IommuctlCommand *iommuctl_commands_find (const char *first, const char *second);
guint iommuctl_commands_count_words (const IommuctlCommand *command);
/* The commands of two words that begin with a given one: "dirty start, dirty stop"; NULL for
 * none. */
char *iommuctl_commands_list_family (const char *word);

gboolean iommuctl_request_has (IommuctlRequest *request, const char *option);
/* The options that were given, in the form in which methods of the service take them. */
GVariant *iommuctl_request_method_options (IommuctlRequest *request);
/* An argument that is a size or an address. @name: as --help calls it. */
gboolean iommuctl_request_parse_argument (IommuctlRequest *request, guint index, const char *name,
                                          guint64 *number, GError **error);
/* Arguments from the index on: "IOVA LENGTH". */
gboolean iommuctl_request_parse_range (IommuctlRequest *request, guint index, IommuctlRange *range,
                                       GError **error);
/* How many bytes a bit of a bitmap stands for: --page-size, or the default. */
gboolean iommuctl_request_get_page_size (IommuctlRequest *request, guint64 *page_size,
                                         GError **error);
/* Replaces the error of a call that was cancelled. */
void iommuctl_request_fail_interrupted (GError **error, const char *message);
/* Prints the property Name of each record of an aa{sv}. */
void iommuctl_request_print_names (IommuctlRequest *request, GVariant *records);

gboolean iommuctl_alloc_run (IommuctlRequest *request, GError **error);
gboolean iommuctl_allow_iovas_run (IommuctlRequest *request, GError **error);
gboolean iommuctl_attach_run (IommuctlRequest *request, GError **error);
gboolean iommuctl_containers_run (IommuctlRequest *request, GError **error);
gboolean iommuctl_copy_mapping_run (IommuctlRequest *request, GError **error);
gboolean iommuctl_create_run (IommuctlRequest *request, GError **error);
gboolean iommuctl_detach_run (IommuctlRequest *request, GError **error);
gboolean iommuctl_devices_run (IommuctlRequest *request, GError **error);
gboolean iommuctl_dirty_read_run (IommuctlRequest *request, GError **error);
gboolean iommuctl_dirty_start_run (IommuctlRequest *request, GError **error);
gboolean iommuctl_dirty_stop_run (IommuctlRequest *request, GError **error);
gboolean iommuctl_dirty_tracker_run (IommuctlRequest *request, GError **error);
gboolean iommuctl_exec_run (IommuctlRequest *request, GError **error);
gboolean iommuctl_free_run (IommuctlRequest *request, GError **error);
gboolean iommuctl_grant_run (IommuctlRequest *request, GError **error);
gboolean iommuctl_grants_run (IommuctlRequest *request, GError **error);
gboolean iommuctl_holders_run (IommuctlRequest *request, GError **error);
gboolean iommuctl_leases_run (IommuctlRequest *request, GError **error);
gboolean iommuctl_map_run (IommuctlRequest *request, GError **error);
gboolean iommuctl_mappings_run (IommuctlRequest *request, GError **error);
gboolean iommuctl_monitor_run (IommuctlRequest *request, GError **error);
gboolean iommuctl_release_run (IommuctlRequest *request, GError **error);
gboolean iommuctl_show_run (IommuctlRequest *request, GError **error);
gboolean iommuctl_tree_run (IommuctlRequest *request, GError **error);
gboolean iommuctl_unmap_run (IommuctlRequest *request, GError **error);

G_END_DECLS
