/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Edits of the records that are kept, as bytes: records that are put in, and taken out. */
#pragma once

#include "model/record-field.h"

G_BEGIN_DECLS

/* Which record: @kind is a list of the host record; or iommud_state_host_kind for what a host
 * record has besides. */
typedef struct
{
  const IommudRecordField *kind;
  guint64 first;
  guint64 second;   /* 0 if the second part is a name */
  const char *name; /* "" if the second part is a number */
} IommudStateKey;

typedef struct
{
  gboolean put; /* FALSE: taken out */
  IommudStateKey key;
  guint64 last; /* all those from @key.second to here are taken out */
  gsize offset; /* of the record in the edits */
  guint32 length;
} IommudStateEdit;

extern const IommudRecordField iommud_state_host_kind;

/* NULL if there is no such kind, or if its records have no key. */
const IommudRecordField *iommud_state_find_kind (const char *name);

/* @record is a multiple of 8 bytes into the edits. */
void iommud_state_edits_put (GByteArray *edits, const IommudStateKey *key, gconstpointer record,
                             guint32 length);
void iommud_state_edits_remove (GByteArray *edits, const IommudStateKey *key, guint64 last);
/* Reads the edit at @offset, which moves on. FALSE at the end and if the edits make no sense:
 * @offset is at the end only in the first case. An edit of an unknown kind has no kind. */
gboolean iommud_state_edits_next (const guint8 *edits, gsize size, gsize *offset,
                                  IommudStateEdit *edit);

G_END_DECLS
