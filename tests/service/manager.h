/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A small service manager: it listens to notifications, and keeps the files that come with them. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct
{
  char *folder;
  char *address; /* for $NOTIFY_SOCKET */
  GSocket *socket;
  GSource *source; /* NULL while it does not listen */
  GPtrArray *kept; /* of KeptFile, in the order in which they came */
  GString *log;    /* the lines that came, without those of files */
  guint n_barriers;
  guint n_removals;
} Manager;

typedef struct
{
  char *name;
  int fd;
  gboolean poll;
} KeptFile;

Manager *manager_new (void);
void manager_free (Manager *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Manager, manager_free)

/* A manager that is busy with other things: what comes has to wait. */
void manager_listen (Manager *self, gboolean listen);
/* The names of all files that it keeps, sorted, one a line. */
char *manager_describe (Manager *self);
const KeptFile *manager_find (Manager *self, const char *name);
/* What a service that starts is given: duplicates of all files, with their names. */
int *manager_give (Manager *self, char ***names);
/* As if it came from the service. */
void manager_keep (Manager *self, const char *name, int fd);

G_END_DECLS
