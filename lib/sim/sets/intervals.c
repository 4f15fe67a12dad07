/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The interval tree: a treap ordered by first address in which each node knows the highest last
 * address below it. */
#include "config.h"

#include "sim/sets/intervals.h"

static gboolean
is_before (const IommudInterval *a, const IommudInterval *b)
{
  if (a->first != b->first)
    return a->first < b->first;
  return (guintptr) a < (guintptr) b;
}

static void
update (IommudInterval *node)
{
  node->highest = node->last;
  if (node->left != NULL)
    node->highest = MAX (node->highest, node->left->highest);
  if (node->right != NULL)
    node->highest = MAX (node->highest, node->right->highest);
}

static IommudInterval *
merge (IommudInterval *left, IommudInterval *right)
{
  if (left == NULL || right == NULL)
    return left != NULL ? left : right;
  if (left->priority >= right->priority)
    {
      left->right = merge (left->right, right);
      update (left);
      return left;
    }
  right->left = merge (left, right->left);
  update (right);
  return right;
}

/* Splits a tree into what is before @key and the rest. */
static void
split (IommudInterval *node, const IommudInterval *key, IommudInterval **before,
       IommudInterval **rest)
{
  if (node == NULL)
    {
      *before = NULL;
      *rest = NULL;
      return;
    }
  if (is_before (node, key))
    {
      split (node->right, key, &node->right, rest);
      *before = node;
    }
  else
    {
      split (node->left, key, before, &node->left);
      *rest = node;
    }
  update (node);
}

/* A xorshift generator: the shape of a tree is the same in every run. */
static guint32
next_priority (IommudIntervals *self)
{
  guint32 x = self->seed != 0 ? self->seed : 2463534242u;

  x ^= x << 13;
  x ^= x >> 17;
  x ^= x << 5;
  self->seed = x;
  return x;
}

static IommudInterval *
insert_below (IommudInterval *node, IommudInterval *interval)
{
  if (node == NULL || node->priority < interval->priority)
    {
      split (node, interval, &interval->left, &interval->right);
      update (interval);
      return interval;
    }
  if (is_before (interval, node))
    node->left = insert_below (node->left, interval);
  else
    node->right = insert_below (node->right, interval);
  update (node);
  return node;
}

void
iommud_intervals_insert (IommudIntervals *self, IommudInterval *interval)
{
  interval->left = NULL;
  interval->right = NULL;
  interval->priority = next_priority (self);
  self->root = insert_below (self->root, interval);
}

static IommudInterval *
remove_below (IommudInterval *node, IommudInterval *interval)
{
  g_assert (node != NULL);
  if (node == interval)
    return merge (node->left, node->right);
  if (is_before (interval, node))
    node->left = remove_below (node->left, interval);
  else
    node->right = remove_below (node->right, interval);
  update (node);
  return node;
}

void
iommud_intervals_remove (IommudIntervals *self, IommudInterval *interval)
{
  self->root = remove_below (self->root, interval);
}

static void
free_below (IommudInterval *node)
{
  if (node == NULL)
    return;
  free_below (node->left);
  free_below (node->right);
  g_free (node);
}

void
iommud_intervals_free_all (IommudIntervals *self)
{
  free_below (g_steal_pointer (&self->root));
}

/* The first below @node, and after @after unless that is NULL, that meets the range. */
static IommudInterval *
search (IommudInterval *node, const IommudInterval *after, guint64 first, guint64 last)
{
  IommudInterval *found;

  if (node == NULL || node->highest < first)
    return NULL;
  if (after != NULL && !is_before (after, node))
    return search (node->right, after, first, last);
  found = search (node->left, after, first, last);
  if (found != NULL || node->first > last)
    return found;
  if (node->last >= first)
    return node;
  return search (node->right, NULL, first, last);
}

IommudInterval *
iommud_intervals_find (const IommudIntervals *self, guint64 first, guint64 last)
{
  return search (self->root, NULL, first, last);
}

IommudInterval *
iommud_intervals_next (const IommudIntervals *self, const IommudInterval *interval, guint64 first,
                       guint64 last)
{
  return search (self->root, interval, first, last);
}

gboolean
iommud_intervals_find_hole (const IommudIntervals *self, guint64 first, guint64 last,
                            guint64 *hole_first, guint64 *hole_last)
{
  const IommudInterval *node = iommud_intervals_find (self, first, last);

  while (node != NULL && node->first <= first)
    {
      if (node->last >= last)
        return FALSE;
      first = MAX (first, node->last + 1);
      node = iommud_intervals_next (self, node, first, last);
    }
  *hole_first = first;
  *hole_last = node != NULL ? node->first - 1 : last;
  return TRUE;
}
