/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Edits of the records that are kept, as bytes. */
#include "state/edits.h"

#include <string.h>

#include "model/record.h"

/* What an edit begins with. The name of the kind follows, then the name that is the second part of
 * the key; each has a zero behind it, and both are filled up to 8 bytes. Then comes the record,
 * filled up likewise. */
typedef struct
{
  guint32 put;
  guint16 kind_length;
  guint16 name_length;
  guint32 record_length;
  guint32 unused;
  guint64 first;
  guint64 second;
  guint64 last;
} Head;

G_STATIC_ASSERT (sizeof (Head) == 40);

#define ALIGN(size) (((size) + 7) & ~(gsize) 7)

const IommudRecordField iommud_state_host_kind = { .name = "host" };

const IommudRecordField *
iommud_state_find_kind (const char *name)
{
  const IommudRecordField *field = iommud_host_record_get_record_type ()->fields;

  if (g_str_equal (name, iommud_state_host_kind.name))
    return &iommud_state_host_kind;
  while (field->name != NULL && !g_str_equal (field->name, name))
    field++;
  if (field->of == NULL || iommud_record_type_get_key (field->of, 1) == NULL)
    return NULL;
  return field;
}

static void
append (GByteArray *edits, gconstpointer bytes, gsize length)
{
  if (length > 0)
    g_byte_array_append (edits, bytes, (guint) length);
}

static void
fill_up (GByteArray *edits)
{
  static const guint8 zeros[8] = { 0 };

  append (edits, zeros, ALIGN (edits->len) - edits->len);
}

static void
append_edit (GByteArray *edits, const IommudStateKey *key, const Head *edit, gconstpointer record)
{
  Head head = *edit;

  head.kind_length = (guint16) strlen (key->kind->name);
  head.name_length = (guint16) strlen (key->name);
  head.first = key->first;
  head.second = key->second;
  append (edits, &head, sizeof head);
  append (edits, key->kind->name, head.kind_length + 1u);
  append (edits, key->name, head.name_length + 1u);
  fill_up (edits);
  append (edits, record, head.record_length);
  fill_up (edits);
}

void
iommud_state_edits_put (GByteArray *edits, const IommudStateKey *key, gconstpointer record,
                        guint32 length)
{
  const Head head = { .put = 1, .record_length = length };

  append_edit (edits, key, &head, record);
}

void
iommud_state_edits_remove (GByteArray *edits, const IommudStateKey *key, guint64 last)
{
  const Head head = { .last = last };

  append_edit (edits, key, &head, NULL);
}

static gboolean
is_string (const guint8 *bytes, gsize length)
{
  return bytes[length] == '\0' && memchr (bytes, '\0', length) == NULL;
}

gboolean
iommud_state_edits_next (const guint8 *edits, gsize size, gsize *offset, IommudStateEdit *edit)
{
  const guint8 *names = edits + *offset + sizeof (Head);
  gsize left = size - *offset;
  gsize before;
  Head head;

  if (left < sizeof head)
    return FALSE;
  memcpy (&head, edits + *offset, sizeof head);
  before = ALIGN (sizeof head + head.kind_length + head.name_length + 2u);
  if (before > left || ALIGN ((gsize) head.record_length) > left - before
      || !is_string (names, head.kind_length)
      || !is_string (names + head.kind_length + 1, head.name_length))
    return FALSE;
  edit->put = head.put != 0;
  edit->key.kind = iommud_state_find_kind ((const char *) names);
  edit->key.first = head.first;
  edit->key.second = head.second;
  edit->key.name = (const char *) names + head.kind_length + 1;
  edit->last = head.last;
  edit->offset = *offset + before;
  edit->length = head.record_length;
  *offset += before + ALIGN ((gsize) head.record_length);
  return TRUE;
}
