/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What callers may have under way at once. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define IOMMUD_BUDGET_CALLS_PER_CALLER 4096
#define IOMMUD_BUDGET_LARGEST_BITMAP (G_GUINT64_CONSTANT (128) << 20) /* that the model makes */
#define IOMMUD_BUDGET_BITMAPS_PER_CALLER (G_GUINT64_CONSTANT (256) << 20)
#define IOMMUD_BUDGET_BITMAPS_IN_ALL (G_GUINT64_CONSTANT (1) << 30)

typedef struct _IommudBudget IommudBudget;

IommudBudget *iommud_budget_new (void);
void iommud_budget_free (IommudBudget *self);
gboolean iommud_budget_take_call (IommudBudget *self, const char *caller, GError **error);
void iommud_budget_give_back_call (IommudBudget *self, const char *caller);
guint64 iommud_budget_get_bitmap_bytes (guint64 length, guint64 page_size);
gboolean iommud_budget_take_bitmap (IommudBudget *self, const char *caller, guint64 n_bytes,
                                    GError **error);
void iommud_budget_give_back_bitmap (IommudBudget *self, const char *caller, guint64 n_bytes);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (IommudBudget, iommud_budget_free)

G_END_DECLS
