/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What can be done to the busy host: each act that a journal is told of. */
#pragma once

#include "adopt-fixture.h"

G_BEGIN_DECLS

typedef struct
{
  const char *act;
  void (*run) (AdoptFixture *self, GError **error);
  const char *fault; /* a system call without which it fails */
} JournalAct;

/* Each can be done to a host that was just made; the last one has no name. */
extern const JournalAct journal_acts[];

/* One that changes nothing that the model shows. */
void journal_read (AdoptFixture *self, GError **error);

G_END_DECLS
