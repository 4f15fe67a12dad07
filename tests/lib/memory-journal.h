/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A journal that is kept in memory: for tests. */
#pragma once

#include "base/journal.h"

G_BEGIN_DECLS

#define TEST_TYPE_MEMORY_JOURNAL (test_memory_journal_get_type ())
G_DECLARE_FINAL_TYPE (TestMemoryJournal, test_memory_journal, TEST, MEMORY_JOURNAL, GObject)

typedef struct
{
  guint64 number;
  GVariant *intent;
  GVariant *fact; /* NULL: nothing came of it yet */
  GError *error;  /* NULL: it did not fail */
} JournalEntry;

TestMemoryJournal *test_memory_journal_new (void);
guint test_memory_journal_get_length (TestMemoryJournal *self);
/* In the order of the intents; it lives as long as the journal. */
const JournalEntry *test_memory_journal_get_entry (TestMemoryJournal *self, guint index);

G_END_DECLS
