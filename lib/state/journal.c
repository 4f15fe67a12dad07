/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A journal that is kept in a folder: what an intent or a fact changes in the records. */
#include "state/journal.h"

#include "state/change.h"

struct _IommudStateJournal
{
  GObject parent_instance;

  IommudStateStore *store;
  guint64 last_number; /* of an intent */
};

static void iommud_state_journal_iface_init (IommudJournalInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (IommudStateJournal, iommud_state_journal, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (IOMMUD_TYPE_JOURNAL,
                                                      iommud_state_journal_iface_init))

static GVariant *
set_number (GVariant *intent, guint64 number)
{
  GVariantDict dict;

  g_variant_dict_init (&dict, intent);
  g_variant_dict_insert (&dict, "number", "t", number);
  return g_variant_ref_sink (g_variant_dict_end (&dict));
}

static guint64
iommud_state_journal_add_intent (IommudJournal *journal, GVariant *intent)
{
  IommudStateJournal *self = IOMMUD_STATE_JOURNAL (journal);
  const IommudStateKey key = { .kind = iommud_state_find_kind ("intents"),
                               .first = ++self->last_number,
                               .name = "" };
  g_autoptr (GVariant) record = set_number (intent, self->last_number);
  IommudStateChange change;

  iommud_state_change_init (&change, self->store);
  iommud_state_change_put (&change, &key, record);
  iommud_state_store_commit (self->store, change.edits);
  iommud_state_change_clear (&change);
  return self->last_number;
}

static void
iommud_state_journal_add_fact (IommudJournal *journal, guint64 number, GVariant *fact,
                               const GError *error)
{
  IommudStateJournal *self = IOMMUD_STATE_JOURNAL (journal);
  const IommudStateKey key = { .kind = iommud_state_find_kind ("intents"),
                               .first = number,
                               .name = "" };
  IommudStateChange change;

  iommud_state_change_init (&change, self->store);
  if (number != 0)
    iommud_state_change_remove (&change, &key);
  iommud_state_change_apply (&change, fact);
  iommud_state_store_commit (self->store, change.edits);
  iommud_state_change_clear (&change);
}

static void
iommud_state_journal_iface_init (IommudJournalInterface *iface)
{
  iface->add_intent = iommud_state_journal_add_intent;
  iface->add_fact = iommud_state_journal_add_fact;
}

static void
iommud_state_journal_finalize (GObject *object)
{
  g_clear_pointer (&IOMMUD_STATE_JOURNAL (object)->store, iommud_state_store_free);
  G_OBJECT_CLASS (iommud_state_journal_parent_class)->finalize (object);
}

static void
iommud_state_journal_class_init (IommudStateJournalClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = iommud_state_journal_finalize;
}

static void
iommud_state_journal_init (IommudStateJournal *self)
{
}

/* Those of an earlier life are still open. */
static guint64
find_last_number (GVariant *records)
{
  g_autoptr (GVariant) intents = g_variant_lookup_value (records, "intents", NULL);
  guint64 last = 0;

  for (gsize i = 0; i < g_variant_n_children (intents); i++)
    {
      g_autoptr (GVariant) intent = g_variant_get_child_value (intents, i);
      guint64 number = 0;

      g_variant_lookup (intent, "number", "t", &number);
      last = MAX (last, number);
    }
  return last;
}

IommudStateJournal *
iommud_state_journal_new (int folder, GVariant *records, GError **error)
{
  g_autoptr (IommudStateJournal) self = g_object_new (IOMMUD_TYPE_STATE_JOURNAL, NULL);
  IommudStateChange change;

  iommud_state_change_init (&change, NULL);
  iommud_state_change_apply (&change, records);
  self->last_number = find_last_number (records);
  self->store = iommud_state_store_new (folder, change.edits, error);
  iommud_state_change_clear (&change);
  return self->store != NULL ? g_steal_pointer (&self) : NULL;
}
