/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The records that are kept in a folder: what is written of them, and when a file is replaced. */
#include "state/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "state/file.h"
#include "state/names.h"
#include "state/table.h"

/* A file is replaced when it is so large, and more than twice as large as what it keeps. */
#define SMALLEST_REPLACED (64u << 10)
/* So much of the next file is written for each byte that is added, and at least so much, so that it
 * is done long before the old one has grown to twice its size. */
#define COPIED_FOR_EACH 4
#define LEAST_COPIED 4096u

struct _IommudStateStore
{
  int folder;
  IommudStateFile *file;
  IommudStateFile *next; /* NULL: the file is not being replaced */
  guint slot;            /* of the places in the file; those in the next one have the other */
  IommudStateTable *table;
  IommudStateKey copied; /* the last one that was copied into the next file */
  char *copied_name;
};

void
iommud_state_store_free (IommudStateStore *self)
{
  g_clear_pointer (&self->file, iommud_state_file_free);
  g_clear_pointer (&self->next, iommud_state_file_free);
  iommud_state_table_free (self->table);
  g_free (self->copied_name);
  close (self->folder);
  g_free (self);
}

static void
put (IommudStateStore *self, const IommudStateEdit *edit, guint64 offset, guint64 next_offset)
{
  IommudStatePlace *place = iommud_state_table_put (self->table, &edit->key, edit->length);

  place->offset[self->slot] = offset + edit->offset;
  place->offset[1 - self->slot] = next_offset + edit->offset;
}

/* The edits are in the file, and in the next one if there is one. */
static void
note_edits (IommudStateStore *self, const GByteArray *edits, guint64 offset, guint64 next_offset)
{
  IommudStateEdit edit;
  gsize position = 0;

  while (iommud_state_edits_next (edits->data, edits->len, &position, &edit))
    if (edit.put)
      put (self, &edit, offset, next_offset);
    else
      iommud_state_table_remove (self->table, &edit.key, edit.last);
}

static gboolean
replace (int folder, GError **error)
{
  if (renameat (folder, IOMMUD_STATE_NEXT_NAME, folder, IOMMUD_STATE_NAME) == 0)
    return TRUE;
  g_set_error (error, G_FILE_ERROR, g_file_error_from_errno (errno),
               "Cannot replace the state file: %s", g_strerror (errno));
  return FALSE;
}

static gboolean
write_first (IommudStateStore *self, const GByteArray *edits, GError **error)
{
  guint64 offset = iommud_state_file_append (self->file, edits->data, edits->len);

  note_edits (self, edits, offset, 0);
  if (iommud_state_file_is_written (self->file))
    return replace (self->folder, error);
  g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_NOSPC,
               "Cannot write the state file: there is no room for it");
  return FALSE;
}

IommudStateStore *
iommud_state_store_new (int folder, const GByteArray *edits, GError **error)
{
  g_autoptr (IommudStateStore) self = g_new0 (IommudStateStore, 1);

  self->folder = fcntl (folder, F_DUPFD_CLOEXEC, 0);
  self->table = iommud_state_table_new ();
  self->copied_name = g_strdup ("");
  self->file = iommud_state_file_create (folder, IOMMUD_STATE_NEXT_NAME, error);
  if (self->file == NULL || !write_first (self, edits, error))
    return NULL;
  return g_steal_pointer (&self);
}

static void
begin_next (IommudStateStore *self)
{
  guint64 kept = iommud_state_table_get_size (self->table);

  if (iommud_state_file_get_size (self->file) < SMALLEST_REPLACED + 2 * kept
      || !iommud_state_file_is_written (self->file))
    return;
  self->next = iommud_state_file_create (self->folder, IOMMUD_STATE_NEXT_NAME, NULL);
  self->copied.kind = NULL;
}

static void
give_next_up (IommudStateStore *self)
{
  g_clear_pointer (&self->next, iommud_state_file_free);
  unlinkat (self->folder, IOMMUD_STATE_NEXT_NAME, 0);
}

static void
end_next (IommudStateStore *self)
{
  if (!iommud_state_file_is_written (self->next) || !replace (self->folder, NULL))
    {
      give_next_up (self);
      return;
    }
  iommud_state_file_free (self->file);
  self->file = g_steal_pointer (&self->next);
  self->slot = 1 - self->slot;
}

static gboolean
copy_record (IommudStateStore *self, const IommudStatePlace *place, GByteArray *edits)
{
  g_autofree guint8 *record = g_malloc (place->length + 1u);

  if (!iommud_state_file_read (self->file, place->offset[self->slot], record, place->length))
    return FALSE;
  iommud_state_edits_put (edits, &self->copied, record, place->length);
  g_free (self->copied_name);
  self->copied.name = self->copied_name = g_strdup (self->copied.name);
  return TRUE;
}

static void
note_copies (IommudStateStore *self, const GByteArray *edits, guint64 offset)
{
  IommudStateEdit edit;
  gsize position = 0;

  while (iommud_state_edits_next (edits->data, edits->len, &position, &edit))
    iommud_state_table_find (self->table, &edit.key)->offset[1 - self->slot] = offset + edit.offset;
}

/* About @n_bytes more of what is kept go into the next file. */
static void
copy_some (IommudStateStore *self, gsize n_bytes)
{
  g_autoptr (GByteArray) edits = g_byte_array_new ();
  IommudStatePlace *place = NULL;

  while (edits->len < n_bytes
         && (place = iommud_state_table_next (self->table, &self->copied)) != NULL)
    if (!copy_record (self, place, edits))
      {
        give_next_up (self);
        return;
      }
  if (edits->len > 0)
    note_copies (self, edits, iommud_state_file_append (self->next, edits->data, edits->len));
  if (place == NULL)
    end_next (self);
}

void
iommud_state_store_commit (IommudStateStore *self, const GByteArray *edits)
{
  guint64 offset = iommud_state_file_append (self->file, edits->data, edits->len);
  guint64 next_offset = 0;

  if (self->next != NULL)
    next_offset = iommud_state_file_append (self->next, edits->data, edits->len);
  note_edits (self, edits, offset, next_offset);
  iommud_state_table_trim (self->table);
  if (self->next == NULL)
    begin_next (self);
  if (self->next != NULL && iommud_state_file_is_written (self->file))
    copy_some (self, COPIED_FOR_EACH * (gsize) edits->len + LEAST_COPIED);
}

gboolean
iommud_state_store_has (IommudStateStore *self, const IommudStateKey *key, gconstpointer record,
                        guint32 length)
{
  const IommudStatePlace *place = iommud_state_table_find (self->table, key);
  g_autofree guint8 *kept = NULL;

  if (place == NULL || place->length != length || !iommud_state_file_is_written (self->file))
    return FALSE;
  kept = g_malloc (length + 1u);
  return iommud_state_file_read (self->file, place->offset[self->slot], kept, length)
         && memcmp (kept, record, length) == 0;
}

gboolean
iommud_state_store_from (IommudStateStore *self, IommudStateKey *key)
{
  return iommud_state_table_from (self->table, key) != NULL;
}

gboolean
iommud_state_store_next (IommudStateStore *self, IommudStateKey *key)
{
  return iommud_state_table_next (self->table, key) != NULL;
}

guint64
iommud_state_store_count (IommudStateStore *self, const IommudRecordField *kind)
{
  return iommud_state_table_count (self->table, kind);
}

void
iommud_state_store_delete (int folder)
{
  unlinkat (folder, IOMMUD_STATE_NAME, 0);
  unlinkat (folder, IOMMUD_STATE_NEXT_NAME, 0);
}
