/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The journal interface: its calls into the implementation. */
#include "base/journal.h"

G_DEFINE_INTERFACE (IommudJournal, iommud_journal, G_TYPE_OBJECT)

static void
iommud_journal_default_init (IommudJournalInterface *iface)
{
}

guint64
iommud_journal_add_intent (IommudJournal *self, GVariant *intent)
{
  g_autoptr (GVariant) owned = g_variant_ref_sink (intent);

  return IOMMUD_JOURNAL_GET_IFACE (self)->add_intent (self, owned);
}

void
iommud_journal_add_fact (IommudJournal *self, guint64 number, GVariant *fact, const GError *error)
{
  g_autoptr (GVariant) owned = g_variant_ref_sink (fact);

  IOMMUD_JOURNAL_GET_IFACE (self)->add_fact (self, number, owned, error);
}
