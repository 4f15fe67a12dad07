/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A folder that a host is written down in. */
#pragma once

#include "journal-acts.h"
#include "iommud-state.h"

G_BEGIN_DECLS

typedef struct
{
  AdoptFixture adopt;
  char *path;
  int folder;
  IommudState *state;
  GString *descriptors; /* what was told of them, one a line: "+ context-7", "- context-7" */
} StateFixture;

void state_fixture_set_up (StateFixture *self, gconstpointer kernel);
void state_fixture_tear_down (StateFixture *self, gconstpointer unused);

/* For another host than the busy one: its model is the caller's to make and to free. */
void state_fixture_make_folder (StateFixture *self);
void state_fixture_remove_folder (StateFixture *self);

/* The fixture's host is written down, and what becomes of it. */
void state_fixture_follow (StateFixture *self);
/* What is in the file; damage fails the test. */
GVariant *state_fixture_load (StateFixture *self);
/* All records of a host, one a line, in an order that tells nothing. */
char *state_describe (GVariant *records);
/* What is in the file is what the host is now. */
void state_fixture_assert_true (StateFixture *self);

GBytes *state_fixture_read_file (StateFixture *self);
void state_fixture_write_file (StateFixture *self, const guint8 *bytes, gsize size);

G_END_DECLS
