/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A journal that is kept in memory. */
#include "memory-journal.h"

struct _TestMemoryJournal
{
  GObject parent_instance;

  GPtrArray *entries; /* of JournalEntry, whose number is their position, from 1 */
};

static void test_memory_journal_iface_init (IommudJournalInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (TestMemoryJournal, test_memory_journal, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (IOMMUD_TYPE_JOURNAL,
                                                      test_memory_journal_iface_init))

static void
entry_free (gpointer data)
{
  JournalEntry *self = data;

  g_variant_unref (self->intent);
  g_clear_pointer (&self->fact, g_variant_unref);
  g_clear_error (&self->error);
  g_free (self);
}

static guint64
test_memory_journal_add_intent (IommudJournal *journal, GVariant *intent)
{
  TestMemoryJournal *self = TEST_MEMORY_JOURNAL (journal);
  JournalEntry *entry = g_new0 (JournalEntry, 1);

  g_ptr_array_add (self->entries, entry);
  entry->number = self->entries->len;
  entry->intent = g_variant_ref (intent);
  return entry->number;
}

static void
test_memory_journal_add_fact (IommudJournal *journal, guint64 number, GVariant *fact,
                              const GError *error)
{
  TestMemoryJournal *self = TEST_MEMORY_JOURNAL (journal);
  JournalEntry *entry;

  g_return_if_fail (number >= 1 && number <= self->entries->len);
  entry = g_ptr_array_index (self->entries, number - 1);
  g_return_if_fail (entry->fact == NULL);
  entry->fact = g_variant_ref (fact);
  entry->error = error != NULL ? g_error_copy (error) : NULL;
}

static void
test_memory_journal_iface_init (IommudJournalInterface *iface)
{
  iface->add_intent = test_memory_journal_add_intent;
  iface->add_fact = test_memory_journal_add_fact;
}

static void
test_memory_journal_finalize (GObject *object)
{
  g_ptr_array_unref (TEST_MEMORY_JOURNAL (object)->entries);
  G_OBJECT_CLASS (test_memory_journal_parent_class)->finalize (object);
}

static void
test_memory_journal_class_init (TestMemoryJournalClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = test_memory_journal_finalize;
}

static void
test_memory_journal_init (TestMemoryJournal *self)
{
  self->entries = g_ptr_array_new_with_free_func (entry_free);
}

TestMemoryJournal *
test_memory_journal_new (void)
{
  return g_object_new (TEST_TYPE_MEMORY_JOURNAL, NULL);
}

guint
test_memory_journal_get_length (TestMemoryJournal *self)
{
  return self->entries->len;
}

const JournalEntry *
test_memory_journal_get_entry (TestMemoryJournal *self, guint index)
{
  return g_ptr_array_index (self->entries, index);
}
