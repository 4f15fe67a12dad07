/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A journal that is kept in a folder: intents of operations that are under way, and what is. */
#pragma once

#include "base/journal.h"

G_BEGIN_DECLS

#define IOMMUD_TYPE_STATE_JOURNAL (iommud_state_journal_get_type ())
G_DECLARE_FINAL_TYPE (IommudStateJournal, iommud_state_journal, IOMMUD, STATE_JOURNAL, GObject)

/* @records: what a host is, as iommud_host_write_down() has it. What was in the folder is replaced
 * by that. */
IommudStateJournal *iommud_state_journal_new (int folder, GVariant *records, GError **error);

G_END_DECLS
