/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is changed together in what is kept. */
#pragma once

#include "state/store.h"

G_BEGIN_DECLS

typedef struct
{
  IommudStateStore *store; /* what is kept before; NULL: nothing */
  GByteArray *edits;       /* for iommud_state_store_commit() */
  GHashTable *told;        /* set of IommudStateKey: those that a fact tells of */
  GHashTable *counts;      /* kind -> how many more there will be */
} IommudStateChange;

void iommud_state_change_init (IommudStateChange *self, IommudStateStore *store);
void iommud_state_change_clear (IommudStateChange *self);

/* A record that is kept as it is needs no edit. */
void iommud_state_change_put (IommudStateChange *self, const IommudStateKey *key, GVariant *record);
void iommud_state_change_remove (IommudStateChange *self, const IommudStateKey *key);
/* @records: a host record, all of a host or a fact. */
void iommud_state_change_apply (IommudStateChange *self, GVariant *records);

G_END_DECLS
