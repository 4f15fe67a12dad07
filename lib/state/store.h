/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The records that are kept in a folder, in one file that grows by what changes.
 *
 * When most of the file is out of date, the next file is made beside it, a part with each change,
 * so that no change takes long; then it takes the place of the old one. */
#pragma once

#include "state/edits.h"

G_BEGIN_DECLS

typedef struct _IommudStateStore IommudStateStore;

/* Takes the place of what is in the folder. @edits: what is kept at first. */
IommudStateStore *iommud_state_store_new (int folder, const GByteArray *edits, GError **error);
void iommud_state_store_free (IommudStateStore *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (IommudStateStore, iommud_state_store_free)

/* All of the edits are in the file when this returns, or none. */
void iommud_state_store_commit (IommudStateStore *self, const GByteArray *edits);

/* Whether the record of that key is there and has these bytes. */
gboolean iommud_state_store_has (IommudStateStore *self, const IommudStateKey *key,
                                 gconstpointer record, guint32 length);
/* As iommud_state_table_from() and iommud_state_table_next(). */
gboolean iommud_state_store_from (IommudStateStore *self, IommudStateKey *key);
gboolean iommud_state_store_next (IommudStateStore *self, IommudStateKey *key);
guint64 iommud_state_store_count (IommudStateStore *self, const IommudRecordField *kind);

/* Nothing is kept in the folder any more. */
void iommud_state_store_delete (int folder);

G_END_DECLS
