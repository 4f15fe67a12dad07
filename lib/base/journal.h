/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where operations say what they are about to do, and what came of it.
 *
 * An intent without a fact belongs to an operation that was interrupted. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define IOMMUD_TYPE_JOURNAL (iommud_journal_get_type ())
G_DECLARE_INTERFACE (IommudJournal, iommud_journal, IOMMUD, JOURNAL, GObject)

struct _IommudJournalInterface
{
  GTypeInterface parent_interface;

  /* Both are called on the main loop. Returns a number other than 0, which the fact will repeat. */
  guint64 (*add_intent) (IommudJournal *self, GVariant *intent);
  /* @error: why the operation failed; NULL: it did not. @fact says how things are, also after a
   * failure. @number is 0 for what changes at once, without an intent. */
  void (*add_fact) (IommudJournal *self, guint64 number, GVariant *fact, const GError *error);
};

/* Variants that are floating are sunk. */
guint64 iommud_journal_add_intent (IommudJournal *self, GVariant *intent);
void iommud_journal_add_fact (IommudJournal *self, guint64 number, GVariant *fact,
                              const GError *error);

G_END_DECLS
