/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A process that is killed between two system calls: none that follows has an effect, nothing more
 * is written down, and what others keep for it stays as it was. */
#pragma once

#include "state-fixture.h"

G_BEGIN_DECLS

typedef struct
{
  StateFixture *state;
  guint calls_left; /* before it is killed */
  gboolean dead;
  GBytes *file;     /* what was written down when it was killed */
  GHashTable *kept; /* name -> a duplicate of the descriptor */
} Mortal;

/* From here on what is done to the fixture's host is done by it; it is killed after @n_calls more
 * system calls that change something. */
void mortal_begin (Mortal *self, StateFixture *state, guint n_calls);
/* The same for the next life, which is killed while it tidies up. Returns what was dropped. */
char *mortal_begin_next (Mortal *self, StateFixture *state, guint n_calls,
                         IommudDescriptors *descriptors);
/* It is dead at the latest now. The fixture has no host afterwards, and the folder has what was
 * written down. Returns what is kept of its files. */
IommudDescriptors *mortal_end (Mortal *self);

G_END_DECLS
