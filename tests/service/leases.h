/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Leases of a caller, and the files that it gets under them. */
#pragma once

#include <gio/gunixfdlist.h>

#include "bed.h"

G_BEGIN_DECLS

typedef struct
{
  char *path;
  int guard;
  GUnixFDList *files; /* of the answer, the guard too */
  GVariant *infos;    /* of LeaseDevices */
} Lease;

/* What a call without waiting was answered. */
typedef struct
{
  gboolean done;
  GVariant *reply;
  GUnixFDList *files;
  GError *error;
} LeaseAnswer;

GVariant *leases_arguments (Bed *bed, const char *const *devices, const char *options);
GVariant *leases_call (Bed *bed, const char *path, const char *method, GVariant *arguments,
                       GUnixFDList **files, GError **error);
/* @answer: done once it was answered. */
void leases_call_async (GDBusConnection *caller, const char *path, const char *method,
                        GVariant *arguments, GDBusCallFlags flags, LeaseAnswer *answer);
/* Closes the files. */
void lease_answer_clear (LeaseAnswer *self);
Lease *leases_create (Bed *bed, const char *options);
Lease *leases_take (Bed *bed, const char *const *devices, const char *options);
/* Closes what the caller has of it. */
void lease_close (Lease *self);
void leases_wait_for_end (Bed *bed);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Lease, lease_close)

G_END_DECLS
