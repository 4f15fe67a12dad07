/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A journal that passes everything on to one in memory, and looks at the kernel and the model
 * meanwhile. */
#pragma once

#include "adopt-fixture.h"
#include "memory-journal.h"

G_BEGIN_DECLS

#define TEST_TYPE_SPY (test_spy_get_type ())
G_DECLARE_FINAL_TYPE (TestSpy, test_spy, TEST, SPY, GObject)

struct _TestSpy
{
  GObject parent_instance;
  AdoptFixture *fixture;
  TestMemoryJournal *journal;
  char *calls_at_intent; /* at the first one */
  char *dump_at_fact;
};

/* It is the journal of the fixture's host from here on. */
TestSpy *spy_on (AdoptFixture *fixture);

G_END_DECLS
