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

GVariant *leases_arguments (Bed *bed, const char *const *devices, const char *options);
GVariant *leases_call (Bed *bed, const char *path, const char *method, GVariant *arguments,
                       GUnixFDList **files, GError **error);
Lease *leases_create (Bed *bed, const char *options);
Lease *leases_take (Bed *bed, const char *const *devices, const char *options);
/* Closes what the caller has of it. */
void lease_close (Lease *self);
void leases_wait_for_end (Bed *bed);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Lease, lease_close)

G_END_DECLS
