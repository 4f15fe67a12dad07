/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The exported interfaces that have changes to signal. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct _IommudChanges IommudChanges;

/* Signals what has changed of an interface. */
typedef void (*IommudChangesFunc) (gpointer interface);

IommudChanges *iommud_changes_new (void);
void iommud_changes_free (IommudChanges *self);
void iommud_changes_add (IommudChanges *self, gpointer interface, IommudChangesFunc signal);
void iommud_changes_forget (IommudChanges *self, gpointer interface);
void iommud_changes_flush (IommudChanges *self);
void iommud_changes_clear (IommudChanges *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (IommudChanges, iommud_changes_free)

G_END_DECLS
