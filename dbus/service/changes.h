/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The exported interfaces that have changes to signal. */
#pragma once

#include "objects.h"

G_BEGIN_DECLS

typedef struct _IommudChanges IommudChanges;

IommudChanges *iommud_changes_new (void);
void iommud_changes_free (IommudChanges *self);
void iommud_changes_add (IommudChanges *self, IommudExport *interface);
void iommud_changes_forget (IommudChanges *self, IommudExport *interface);
void iommud_changes_flush (IommudChanges *self);
void iommud_changes_clear (IommudChanges *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (IommudChanges, iommud_changes_free)

G_END_DECLS
