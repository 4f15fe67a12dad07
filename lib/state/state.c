/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is known of a host beyond the life of the process: its records in a folder, and which files
 * someone else has to keep open. */
#include "iommud-state.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "model/host.h"
#include "state/journal.h"
#include "state/kept.h"
#include "state/store.h"

/**
 * IommudState:
 *
 * What is known of a host beyond the life of the process. The records of the host are kept in a
 * folder, which should be in memory, such as one below `/run`, since they are of no use once the
 * system has ended. Each operation writes down what it is about to do, and then what came of it;
 * both are in the folder as a whole or not at all, whenever the process ends. What it writes grows
 * with what it changes.
 *
 * Open files cannot be written down: whoever handles #IommudState::descriptor-added keeps them.
 * With both, iommud_host_adopt() makes the host again.
 */
struct _IommudState
{
  GObject parent_instance;

  int folder;
  GVariant *records; /* of an earlier life; NULL: there was none */
  char *damage;
  IommudHost *host; /* not owned; NULL: it follows none */
  IommudStateJournal *journal;
  GHashTable *kept;    /* set of the names of those that were added and not removed */
  GHashTable *closing; /* number of an intent -> names that it may close */
};

enum
{
  SIGNAL_DESCRIPTOR_ADDED,
  SIGNAL_DESCRIPTOR_REMOVED,
  N_SIGNALS,
};

static guint signals[N_SIGNALS];

static void iommud_state_iface_init (IommudJournalInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (IommudState, iommud_state, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (IOMMUD_TYPE_JOURNAL, iommud_state_iface_init))

static void
add_descriptor (IommudState *self, const char *name)
{
  int fd = iommud_open_files_find (iommud_host_get_open_files (self->host), name);

  if (fd >= 0 && g_hash_table_add (self->kept, g_strdup (name)))
    g_signal_emit (self, signals[SIGNAL_DESCRIPTOR_ADDED], 0, name, fd);
}

static void
remove_descriptor (IommudState *self, const char *name)
{
  if (g_hash_table_remove (self->kept, name))
    g_signal_emit (self, signals[SIGNAL_DESCRIPTOR_REMOVED], 0, name);
}

static void
on_descriptor (const char *name, int fd, gpointer user_data)
{
  IommudState *self = user_data;

  if (fd >= 0)
    add_descriptor (self, name);
  else
    remove_descriptor (self, name);
}

/* What is to be closed is no longer kept by others then, or else it would stay open. */
static guint64
iommud_state_add_intent (IommudJournal *journal, GVariant *intent)
{
  IommudState *self = IOMMUD_STATE (journal);
  guint64 number = iommud_journal_add_intent (IOMMUD_JOURNAL (self->journal), intent);
  char **names = NULL;

  g_variant_lookup (intent, "closes", "^as", &names);
  for (char **name = names; name != NULL && *name != NULL; name++)
    remove_descriptor (self, *name);
  g_hash_table_insert (self->closing, g_memdup2 (&number, sizeof number), names);
  return number;
}

/* What was not closed is kept again. */
static void
iommud_state_add_fact (IommudJournal *journal, guint64 number, GVariant *fact, const GError *error)
{
  IommudState *self = IOMMUD_STATE (journal);
  char **names = g_hash_table_lookup (self->closing, &number);

  iommud_journal_add_fact (IOMMUD_JOURNAL (self->journal), number, fact, error);
  for (char **name = names; name != NULL && *name != NULL; name++)
    add_descriptor (self, *name);
  g_hash_table_remove (self->closing, &number);
}

static void
iommud_state_iface_init (IommudJournalInterface *iface)
{
  iface->add_intent = iommud_state_add_intent;
  iface->add_fact = iommud_state_add_fact;
}

static void
iommud_state_dispose (GObject *object)
{
  iommud_state_leave (IOMMUD_STATE (object));
  G_OBJECT_CLASS (iommud_state_parent_class)->dispose (object);
}

static void
iommud_state_finalize (GObject *object)
{
  IommudState *self = IOMMUD_STATE (object);

  if (self->folder >= 0)
    close (self->folder);
  g_clear_pointer (&self->records, g_variant_unref);
  g_free (self->damage);
  g_hash_table_unref (self->kept);
  g_hash_table_unref (self->closing);
  G_OBJECT_CLASS (iommud_state_parent_class)->finalize (object);
}

static void
iommud_state_class_init (IommudStateClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = iommud_state_dispose;
  object_class->finalize = iommud_state_finalize;

  /**
   * IommudState::descriptor-added:
   * @self: the state
   * @name: what the file is, as #IommudDescriptors names it
   * @fd: the open file
   *
   * The host has a file that must stay open for the next life. It may be duplicated.
   */
  signals[SIGNAL_DESCRIPTOR_ADDED] =
      g_signal_new ("descriptor-added", IOMMUD_TYPE_STATE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                    G_TYPE_NONE, 2, G_TYPE_STRING, G_TYPE_INT);
  /**
   * IommudState::descriptor-removed:
   * @self: the state
   * @name: what the file was
   *
   * The host is about to close that file, or has closed it: whoever keeps it closes it too, since
   * only the last close frees what the kernel has behind it. If the operation fails, the file is
   * added again.
   */
  signals[SIGNAL_DESCRIPTOR_REMOVED] =
      g_signal_new ("descriptor-removed", IOMMUD_TYPE_STATE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                    G_TYPE_NONE, 1, G_TYPE_STRING);
}

static void
iommud_state_init (IommudState *self)
{
  self->folder = -1;
  self->kept = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->closing =
      g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, (GDestroyNotify) g_strfreev);
}

static gboolean
set_folder_error (GError **error, const char *folder, IommudError code, const char *cause)
{
  g_set_error (error, IOMMUD_ERROR, code, "Cannot keep the state in %s: %s", folder, cause);
  return FALSE;
}

/* Records that others could write would make them the owners of what they like. */
static gboolean
check_folder (int fd, const char *folder, GError **error)
{
  struct stat status;

  if (fstat (fd, &status) != 0)
    return set_folder_error (error, folder, IOMMUD_ERROR_FAILED, g_strerror (errno));
  if (status.st_uid != geteuid () || (status.st_mode & (S_IWGRP | S_IWOTH)) != 0)
    return set_folder_error (error, folder, IOMMUD_ERROR_PERMISSION_DENIED,
                             "it must belong to the user of this process, and no other user may "
                             "write to it");
  if (flock (fd, LOCK_EX | LOCK_NB) == 0)
    return TRUE;
  return set_folder_error (error, folder, IOMMUD_ERROR_BUSY,
                           errno == EWOULDBLOCK ? "another process does so" : g_strerror (errno));
}

static gboolean
open_folder (IommudState *self, const char *folder, GError **error)
{
  if (mkdir (folder, 0700) != 0 && errno != EEXIST)
    return set_folder_error (error, folder, IOMMUD_ERROR_FAILED, g_strerror (errno));
  self->folder = open (folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (self->folder < 0)
    return set_folder_error (error, folder, IOMMUD_ERROR_FAILED, g_strerror (errno));
  return check_folder (self->folder, folder, error);
}

static gboolean
load (IommudState *self, GError **error)
{
  g_autoptr (GError) cause = NULL;

  self->records = iommud_state_load (self->folder, &self->damage, &cause);
  if (self->records != NULL || g_error_matches (cause, G_FILE_ERROR, G_FILE_ERROR_NOENT))
    return TRUE;
  g_set_error_literal (error, IOMMUD_ERROR, IOMMUD_ERROR_FAILED, cause->message);
  return FALSE;
}

/**
 * iommud_state_new:
 * @folder: (type filename): where the state is kept; it is made if there is none
 * @error: where to put an error
 *
 * Opens a folder and reads what an earlier life has left there. Until this object is freed, no
 * other process can open it.
 *
 * Fails with %IOMMUD_ERROR_BUSY if another process has it open, with
 * %IOMMUD_ERROR_PERMISSION_DENIED if the folder belongs to another user or others may write to it,
 * and with %IOMMUD_ERROR_FAILED if it cannot be opened, or if another version of this library has
 * written what is there. Damage is no error: see iommud_state_get_damage().
 *
 * Returns: (transfer full): the state
 */
IommudState *
iommud_state_new (const char *folder, GError **error)
{
  g_autoptr (IommudState) self = NULL;

  g_return_val_if_fail (folder != NULL, NULL);

  self = g_object_new (IOMMUD_TYPE_STATE, NULL);
  if (!open_folder (self, folder, error) || !load (self, error))
    return NULL;
  return g_steal_pointer (&self);
}

/**
 * iommud_state_get_records:
 * @self: a state
 *
 * What an earlier life has left, for iommud_host_adopt().
 *
 * Returns: (transfer none) (nullable): the records; %NULL if it has left nothing
 */
GVariant *
iommud_state_get_records (IommudState *self)
{
  g_return_val_if_fail (IOMMUD_IS_STATE (self), NULL);
  return self->records;
}

/**
 * iommud_state_get_damage:
 * @self: a state
 *
 * Whether what an earlier life has left is damaged. Then some records are missing, or are not the
 * latest ones; those that there are were written as they are.
 *
 * Returns: (transfer none) (nullable): a sentence that says so; %NULL if it is whole
 */
const char *
iommud_state_get_damage (IommudState *self)
{
  g_return_val_if_fail (IOMMUD_IS_STATE (self), NULL);
  return self->damage;
}

/**
 * iommud_state_follow:
 * @self: a state
 * @host: a host of which no operation is under way
 * @error: where to put an error
 *
 * Writes the host down, in the place of what an earlier life has left, and from here on what
 * becomes of it. It emits #IommudState::descriptor-added for each file that the host has open.
 *
 * Call iommud_state_leave() before the host ends.
 *
 * Returns: whether it was written
 */
gboolean
iommud_state_follow (IommudState *self, IommudHost *host, GError **error)
{
  g_autoptr (GVariant) records = NULL;

  g_return_val_if_fail (IOMMUD_IS_STATE (self) && self->host == NULL, FALSE);
  g_return_val_if_fail (IOMMUD_IS_HOST (host), FALSE);

  records = iommud_host_write_down (host, error);
  if (records == NULL)
    return FALSE;
  self->journal = iommud_state_journal_new (self->folder, records, error);
  if (self->journal == NULL)
    return FALSE;
  self->host = host;
  g_object_set (host, "journal", self, NULL);
  iommud_open_files_follow (iommud_host_get_open_files (host), on_descriptor, self);
  return TRUE;
}

/**
 * iommud_state_leave:
 * @self: a state
 *
 * Follows its host no longer. What was written down stays. No operation of the host may be under
 * way.
 */
void
iommud_state_leave (IommudState *self)
{
  g_return_if_fail (IOMMUD_IS_STATE (self));

  if (self->host == NULL)
    return;
  iommud_open_files_follow (iommud_host_get_open_files (self->host), NULL, NULL);
  g_object_set (self->host, "journal", NULL, NULL);
  self->host = NULL;
  g_clear_object (&self->journal);
  g_hash_table_remove_all (self->kept);
}

/**
 * iommud_state_delete:
 * @self: a state that follows no host
 *
 * Deletes what is written down: there is no next life, since all files are closed.
 */
void
iommud_state_delete (IommudState *self)
{
  g_return_if_fail (IOMMUD_IS_STATE (self) && self->host == NULL);
  iommud_state_store_delete (self->folder);
}
