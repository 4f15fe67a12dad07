/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which records are kept, and where in a file each of them is. */
#pragma once

#include "state/edits.h"

G_BEGIN_DECLS

/* A record can be in two files at once: in one, and in the next one that is being made. */
typedef struct
{
  guint64 offset[2];
  guint32 length;
} IommudStatePlace;

typedef struct _IommudStateTable IommudStateTable;

IommudStateTable *iommud_state_table_new (void);
void iommud_state_table_free (IommudStateTable *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (IommudStateTable, iommud_state_table_free)

/* NULL: there is no such record. */
IommudStatePlace *iommud_state_table_find (IommudStateTable *self, const IommudStateKey *key);
/* Adds it if it is new. The offsets are for the caller to set. */
IommudStatePlace *iommud_state_table_put (IommudStateTable *self, const IommudStateKey *key,
                                          guint32 length);
/* As an edit does it: the record, or those in a range if it has a number and not a name. */
void iommud_state_table_remove (IommudStateTable *self, const IommudStateKey *key, guint64 last);
/* The record that is next to @key in the order of keys, or the first one if @key has no kind; @key
 * becomes its key, whose name lives as long as the record. NULL: there is none. */
IommudStatePlace *iommud_state_table_next (IommudStateTable *self, IommudStateKey *key);

/* The same from @key on, with it, and only to the end of its family. */
IommudStatePlace *iommud_state_table_from (IommudStateTable *self, IommudStateKey *key);

guint64 iommud_state_table_count (IommudStateTable *self, const IommudRecordField *kind);
/* The bytes of all records. */
guint64 iommud_state_table_get_size (IommudStateTable *self);

/* Frees some of the memory of what was removed, which is not done at once if it is much. */
void iommud_state_table_trim (IommudStateTable *self);

G_END_DECLS
