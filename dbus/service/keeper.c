/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What goes from one life of the service to the next: records in a folder, and open files with the
 * service manager. Without a manager that keeps files nothing goes there. */
#include "keeper.h"

#include <unistd.h>

/* How long the service manager may take to have what it is told, before a caller is answered. */
#define MANAGER_MS (10 * 1000)
/* How long operations that are under way may take before the service ends anyway. */
#define OPERATIONS_MS (20 * 1000)

struct _IommudKeeper
{
  IommudState *state;
  IommudFdStore *fd_store;        /* NULL: nothing is kept */
  IommudDescriptors *descriptors; /* that the manager has kept, until the host is made */
  GHashTable *stored;  /* names of what the manager has -> whether the host has it, too */
  GHashTable *doubled; /* set of the names that it has more than once */
};

static void
on_descriptor_added (IommudState *state, const char *name, int fd, IommudKeeper *self)
{
  gboolean stored = g_hash_table_contains (self->stored, name);
  gboolean doubled = g_hash_table_remove (self->doubled, name);

  g_hash_table_insert (self->stored, g_strdup (name), GINT_TO_POINTER (TRUE));
  if (doubled)
    iommud_fd_store_remove (self->fd_store, name);
  if (doubled || !stored)
    iommud_fd_store_add (self->fd_store, name, fd);
}

static void
on_descriptor_removed (IommudState *state, const char *name, IommudKeeper *self)
{
  g_hash_table_remove (self->stored, name);
  iommud_fd_store_remove (self->fd_store, name);
}

/* @folder: where the records are. @manager: the address at which the service manager listens; NULL:
 * there is none that keeps files. */
IommudKeeper *
iommud_keeper_new (const char *folder, const char *manager, GError **error)
{
  g_autoptr (IommudKeeper) self = g_new0 (IommudKeeper, 1);

  self->descriptors = iommud_descriptors_new ();
  self->stored = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->doubled = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->state = iommud_state_new (folder, error);
  if (self->state == NULL)
    return NULL;
  if (manager == NULL)
    return g_steal_pointer (&self);
  self->fd_store = iommud_fd_store_new (manager, MANAGER_MS, error);
  if (self->fd_store == NULL)
    return NULL;
  g_signal_connect (self->state, "descriptor-added", G_CALLBACK (on_descriptor_added), self);
  g_signal_connect (self->state, "descriptor-removed", G_CALLBACK (on_descriptor_removed), self);
  return g_steal_pointer (&self);
}

void
iommud_keeper_free (IommudKeeper *self)
{
  if (self->state != NULL)
    iommud_state_leave (self->state);
  g_clear_object (&self->state);
  g_clear_pointer (&self->fd_store, iommud_fd_store_free);
  iommud_descriptors_unref (self->descriptors);
  g_hash_table_unref (self->stored);
  g_hash_table_unref (self->doubled);
  g_free (self);
}

/* NULL: nothing is kept. */
IommudFdStore *
iommud_keeper_get_fd_store (IommudKeeper *self)
{
  return self->fd_store;
}

/* What the manager has kept: takes the file. */
void
iommud_keeper_take_file (IommudKeeper *self, const char *name, int fd)
{
  g_autoptr (GError) error = NULL;

  if (!g_hash_table_insert (self->stored, g_strdup (name), GINT_TO_POINTER (FALSE)))
    g_hash_table_add (self->doubled, g_strdup (name));
  if (iommud_descriptors_add (self->descriptors, name, fd, &error))
    return;
  g_message ("The service manager has kept a file called \"%s\", which is closed: %s", name,
             error->message);
  close (fd);
}

static void
say_what_became (char **dropped)
{
  for (char **reason = dropped; *reason != NULL; reason++)
    g_message ("%s", *reason);
}

static IommudHost *
adopt (IommudKeeper *self, IommudBackend *backend, GError **error)
{
  g_auto (GStrv) dropped = NULL;
  IommudHost *host = iommud_host_adopt (backend, iommud_state_get_records (self->state),
                                        self->descriptors, &dropped, error);

  if (host == NULL)
    return NULL;
  say_what_became (dropped);
  g_message ("The service goes on with %u containers",
             g_list_model_get_n_items (iommud_host_get_containers (host)));
  return host;
}

/* Without records nothing says whose the files are. */
static IommudHost *
begin (IommudKeeper *self, IommudBackend *backend, GError **error)
{
  g_auto (GStrv) names = iommud_descriptors_dup_names (self->descriptors);

  for (char **name = names; *name != NULL; name++)
    g_message ("The service manager has kept %s, of which nothing is known: it is closed", *name);
  g_clear_pointer (&self->descriptors, iommud_descriptors_unref);
  self->descriptors = iommud_descriptors_new ();
  return iommud_host_new (backend, error);
}

/* The manager would keep them open for ever. */
static void
remove_unknown (IommudKeeper *self)
{
  GHashTableIter iter;
  gpointer name, known;

  g_hash_table_iter_init (&iter, self->stored);
  while (g_hash_table_iter_next (&iter, &name, &known))
    if (!GPOINTER_TO_INT (known))
      {
        iommud_fd_store_remove (self->fd_store, name);
        g_hash_table_iter_remove (&iter);
      }
}

/* The host of the last life, as far as it is there; else a new one. */
IommudHost *
iommud_keeper_make_host (IommudKeeper *self, IommudBackend *backend, GError **error)
{
  g_autoptr (IommudHost) host = NULL;

  if (self->fd_store == NULL)
    {
      iommud_state_delete (self->state);
      return iommud_host_new (backend, error);
    }
  if (iommud_state_get_damage (self->state) != NULL)
    g_warning ("What was written down is damaged: %s", iommud_state_get_damage (self->state));
  host = iommud_state_get_records (self->state) != NULL ? adopt (self, backend, error)
                                                        : begin (self, backend, error);
  if (host == NULL || !iommud_state_follow (self->state, host, error))
    return NULL;
  iommud_host_set_file_keeper (host, (guint) getppid ());
  remove_unknown (self);
  iommud_host_tidy_up (host);
  return g_steal_pointer (&host);
}

static gboolean
on_late (gpointer late)
{
  *(gboolean *) late = TRUE;
  return G_SOURCE_REMOVE;
}

static void
on_settled (gpointer settled)
{
  *(gboolean *) settled = TRUE;
}

static void
wait_until_settled (IommudKeeper *self)
{
  gboolean settled = FALSE;

  iommud_fd_store_hope (self->fd_store);
  iommud_fd_store_when_settled (self->fd_store, on_settled, &settled);
  while (!settled)
    g_main_context_iteration (NULL, TRUE);
}

/* For the end of the service: if files are kept, the host is left as it is, for the next life.
 * FALSE: an operation takes too long for that, and the process can only end as if it was killed. */
gboolean
iommud_keeper_let_go (IommudKeeper *self, IommudHost *host)
{
  g_autoptr (IommudDescriptors) descriptors = NULL;
  gboolean late = FALSE;
  guint timeout;

  if (self->fd_store == NULL)
    return TRUE;
  timeout = g_timeout_add (OPERATIONS_MS, on_late, &late);
  while (!late && (descriptors = iommud_host_disown (host, NULL)) == NULL)
    g_main_context_iteration (NULL, TRUE);
  if (descriptors == NULL)
    return FALSE;
  g_source_remove (timeout);
  iommud_state_leave (self->state);
  wait_until_settled (self);
  return TRUE;
}
