/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A lease of devices, and what it has handed out. */
#pragma once

#include "command.h"
#include "files.h"

G_BEGIN_DECLS

typedef struct
{
  char *path;
  char *name;
  GPtrArray *devices;   /* their names */
  GPtrArray *buses;     /* those that they are on, such as "pci" or "mdev" */
  IommuctlFiles *files; /* iommufd, the devices by their names, guard */
  int guard;            /* a copy of it */
} IommuctlLeased;

/* Leases the devices that the request's arguments name, with its options. */
IommuctlLeased *iommuctl_leased_new (IommuctlRequest *request, GError **error);
/* The lease ends if nobody else has a copy of its guard. */
void iommuctl_leased_free (IommuctlLeased *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (IommuctlLeased, iommuctl_leased_free)

/* Closes all but the copy of the guard. */
void iommuctl_leased_close_files (IommuctlLeased *self);

G_END_DECLS
