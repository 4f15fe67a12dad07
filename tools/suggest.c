/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The word that was probably meant: the one that takes the fewest changes of letters. */
#include "config.h"

#include "suggest.h"

#include <string.h>

/* More changes than this share of the letters make another word. */
#define LETTERS_FOR_A_CHANGE 3
#define SHORTEST_PREFIX 2

static guint
get_cheapest (guint a, guint b, guint c)
{
  return MIN (a, MIN (b, c));
}

/* How many letters have to be added, removed, replaced or swapped with the next one. */
static guint
count_changes (const char *from, const char *to)
{
  const gsize n_from = strlen (from);
  const gsize n_to = strlen (to);
  const gsize width = n_to + 1;
  g_autofree guint *costs = g_new0 (guint, (n_from + 1) * width);

  for (gsize i = 0; i <= n_from; i++)
    for (gsize j = 0; j <= n_to; j++)
      {
        guint *cost = &costs[i * width + j];

        if (i == 0 || j == 0)
          {
            *cost = i + j;
            continue;
          }
        *cost = get_cheapest (cost[-1] + 1, cost[-(gssize) width] + 1,
                              cost[-(gssize) width - 1] + (from[i - 1] != to[j - 1]));
        if (i > 1 && j > 1 && from[i - 1] == to[j - 2] && from[i - 2] == to[j - 1])
          *cost = MIN (*cost, costs[(i - 2) * width + (j - 2)] + 1);
      }
  return costs[n_from * width + n_to];
}

const char *
iommuctl_suggest (const char *word, const char *const *candidates)
{
  const char *best = NULL;
  guint best_count = MAX (1, strlen (word) / LETTERS_FOR_A_CHANGE) + 1;

  for (guint i = 0; candidates[i] != NULL; i++)
    {
      guint count = count_changes (word, candidates[i]);

      if (count < best_count)
        {
          best = candidates[i];
          best_count = count;
        }
    }
  for (guint i = 0; best == NULL && candidates[i] != NULL; i++)
    if (strlen (word) >= SHORTEST_PREFIX && g_str_has_prefix (candidates[i], word))
      best = candidates[i];
  return best;
}
