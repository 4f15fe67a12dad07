/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A journal that looks at the kernel and the model whenever it is told something. */
#include "config.h"

#include "journal-spy.h"

static void test_spy_iface_init (IommudJournalInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (TestSpy, test_spy, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (IOMMUD_TYPE_JOURNAL, test_spy_iface_init))

static guint64
test_spy_add_intent (IommudJournal *journal, GVariant *intent)
{
  TestSpy *self = TEST_SPY (journal);

  if (self->calls_at_intent == NULL)
    self->calls_at_intent = adopt_fixture_count_calls (self->fixture);
  return iommud_journal_add_intent (IOMMUD_JOURNAL (self->journal), intent);
}

static void
test_spy_add_fact (IommudJournal *journal, guint64 number, GVariant *fact, const GError *error)
{
  TestSpy *self = TEST_SPY (journal);

  g_free (self->dump_at_fact);
  self->dump_at_fact = adopt_fixture_dump (self->fixture, FALSE);
  iommud_journal_add_fact (IOMMUD_JOURNAL (self->journal), number, fact, error);
}

static void
test_spy_iface_init (IommudJournalInterface *iface)
{
  iface->add_intent = test_spy_add_intent;
  iface->add_fact = test_spy_add_fact;
}

static void
test_spy_finalize (GObject *object)
{
  TestSpy *self = TEST_SPY (object);

  g_object_unref (self->journal);
  g_free (self->calls_at_intent);
  g_free (self->dump_at_fact);
  G_OBJECT_CLASS (test_spy_parent_class)->finalize (object);
}

static void
test_spy_class_init (TestSpyClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = test_spy_finalize;
}

static void
test_spy_init (TestSpy *self)
{
  self->journal = test_memory_journal_new ();
}

TestSpy *
spy_on (AdoptFixture *fixture)
{
  TestSpy *self = g_object_new (TEST_TYPE_SPY, NULL);

  self->fixture = fixture;
  g_object_set (fixture->model.host, "journal", self, NULL);
  return self;
}
