/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What callers may have under way at once: calls, and the memory of dirty bitmaps that are being
 * made. Each caller has a share, so that one caller cannot use up everything. */
#include "budget.h"

#include <iommud.h>

#define MEBIBYTE (G_GUINT64_CONSTANT (1) << 20)

typedef struct
{
  guint n_calls;
  guint64 bitmap_bytes;
} Share;

struct _IommudBudget
{
  GHashTable *shares; /* caller's name -> Share, for callers that have something under way */
  guint64 bitmap_bytes;
};

IommudBudget *
iommud_budget_new (void)
{
  IommudBudget *self = g_new0 (IommudBudget, 1);

  self->shares = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  return self;
}

void
iommud_budget_free (IommudBudget *self)
{
  g_hash_table_unref (self->shares);
  g_free (self);
}

static Share *
ensure_share (IommudBudget *self, const char *caller)
{
  Share *share = g_hash_table_lookup (self->shares, caller);

  if (share != NULL)
    return share;
  share = g_new0 (Share, 1);
  g_hash_table_insert (self->shares, g_strdup (caller), share);
  return share;
}

gboolean
iommud_budget_take_call (IommudBudget *self, const char *caller, GError **error)
{
  Share *share = ensure_share (self, caller);

  if (share->n_calls >= IOMMUD_BUDGET_CALLS_PER_CALLER)
    {
      g_set_error (error, IOMMUD_ERROR, IOMMUD_ERROR_LIMITS_EXCEEDED,
                   "%u calls of this caller are under way, which is the limit: wait for answers",
                   share->n_calls);
      return FALSE;
    }
  share->n_calls++;
  return TRUE;
}

void
iommud_budget_give_back_call (IommudBudget *self, const char *caller)
{
  Share *share = g_hash_table_lookup (self->shares, caller);

  g_return_if_fail (share != NULL && share->n_calls > 0);

  if (--share->n_calls == 0)
    g_hash_table_remove (self->shares, caller);
}

/* The memory that a bitmap of a range takes: a bit for each page, in words of 64. The model refuses
 * a bitmap that is too large, and a page size of 0, and says so: neither counts here. */
guint64
iommud_budget_get_bitmap_bytes (guint64 length, guint64 page_size)
{
  guint64 n_bits = page_size == 0 ? 0 : length / page_size;
  guint64 n_bytes = (n_bits / 64 + (n_bits % 64 != 0 ? 1 : 0)) * 8;

  return n_bytes > IOMMUD_BUDGET_LARGEST_BITMAP ? 0 : n_bytes;
}

static gboolean
check_bitmaps (guint64 taken, guint64 n_bytes, guint64 limit, const char *caller, GError **error)
{
  if (n_bytes <= limit && taken <= limit - n_bytes)
    return TRUE;
  g_set_error (error, IOMMUD_ERROR, IOMMUD_ERROR_LIMITS_EXCEEDED,
               "Dirty bitmaps of %" G_GUINT64_FORMAT " MiB are being made for %s, and %" //
               G_GUINT64_FORMAT " MiB is the limit: wait for answers",
               taken / MEBIBYTE, caller, limit / MEBIBYTE);
  return FALSE;
}

/* A bitmap belongs to a call that is counted already. Its memory is given back before the call
 * is. */
gboolean
iommud_budget_take_bitmap (IommudBudget *self, const char *caller, guint64 n_bytes, GError **error)
{
  Share *share = g_hash_table_lookup (self->shares, caller);

  g_return_val_if_fail (share != NULL, FALSE);

  if (!check_bitmaps (share->bitmap_bytes, n_bytes, IOMMUD_BUDGET_BITMAPS_PER_CALLER, "this caller",
                      error)
      || !check_bitmaps (self->bitmap_bytes, n_bytes, IOMMUD_BUDGET_BITMAPS_IN_ALL, "all callers",
                         error))
    return FALSE;
  share->bitmap_bytes += n_bytes;
  self->bitmap_bytes += n_bytes;
  return TRUE;
}

void
iommud_budget_give_back_bitmap (IommudBudget *self, const char *caller, guint64 n_bytes)
{
  Share *share = g_hash_table_lookup (self->shares, caller);

  g_return_if_fail (share != NULL && share->bitmap_bytes >= n_bytes);

  share->bitmap_bytes -= n_bytes;
  self->bitmap_bytes -= n_bytes;
}
