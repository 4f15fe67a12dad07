/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A polkit on a test's bus. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef enum
{
  FAKE_POLKIT_ALLOWS,
  FAKE_POLKIT_REFUSES,
  FAKE_POLKIT_CHALLENGES, /* unless its user may be asked */
  FAKE_POLKIT_HANGS,
  FAKE_POLKIT_FAILS,
  FAKE_POLKIT_BABBLES, /* of another type than an answer has */
} FakePolkitMode;

typedef struct
{
  GDBusConnection *connection;
  FakePolkitMode mode;
  guint n_asked;
  guint n_cancelled;
  GPtrArray *actions;  /* of strings, in their order */
  GPtrArray *subjects; /* the names of the callers */
  GHashTable *details; /* of the last question */
  GQueue hanging;      /* of GDBusMethodInvocation */
  guint name_id;
  guint object_id;
} FakePolkit;

FakePolkit *fake_polkit_new (const char *address, FakePolkitMode mode);
void fake_polkit_answer (FakePolkit *self, gboolean allow);
/* Of the last question; NULL if there is none of that name. */
const char *fake_polkit_get_detail (FakePolkit *self, const char *key);
void fake_polkit_free (FakePolkit *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (FakePolkit, fake_polkit_free)

G_END_DECLS
