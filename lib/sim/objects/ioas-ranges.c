/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which IOVAs of an IOAS may be used, and which one it chooses itself. */
#include "config.h"

#include "sim/objects/ioas.h"

#include "sim/process/user-memory.h"

#include <errno.h>

/* The kernel never chooses the first page or the last. */
#define LOWEST IOMMUD_SIMULATED_PAGE_SIZE
#define HIGHEST (G_MAXUINT64 - IOMMUD_SIMULATED_PAGE_SIZE)

gboolean
iommud_simulated_ioas_find_usable (const IommudSimulatedIoas *self, guint64 from, guint64 *first,
                                   guint64 *last)
{
  return iommud_intervals_find_hole (&self->reserved, from, G_MAXUINT64, first, last);
}

static gboolean
meets_reserved (const IommudSimulatedIoas *self, const IommudIntervals *allowed)
{
  for (IommudInterval *interval = iommud_intervals_find (allowed, 0, G_MAXUINT64); interval != NULL;
       interval = iommud_intervals_next (allowed, interval, 0, G_MAXUINT64))
    if (iommud_intervals_find (&self->reserved, interval->first, interval->last) != NULL)
      return TRUE;
  return FALSE;
}

int
iommud_simulated_ioas_set_allowed (IommudSimulatedIoas *self, IommudIntervals *allowed)
{
  IommudIntervals old = self->allowed;

  if (meets_reserved (self, allowed))
    return EADDRINUSE;
  self->allowed = *allowed;
  *allowed = old;
  return 0;
}

/* The least power of two that is not below @length. */
static guint64
round_up_to_power (guint64 length)
{
  guint64 power = 1;

  while (power < length)
    power <<= 1;
  return power;
}

/* Moves *start up to where @length bytes with the alignment and the offset in a page fit. */
static gboolean
fit (guint64 *start, guint64 last, guint64 length, guint64 alignment, guint64 offset)
{
  guint64 aligned;

  if (*start > G_MAXUINT64 - (alignment - 1))
    return FALSE;
  aligned = ((*start + alignment - 1) & ~(alignment - 1)) | offset;
  if (aligned >= last || last - aligned < length - 1)
    return FALSE;
  *start = aligned;
  return TRUE;
}

/* The first stretch that is neither reserved nor mapped. */
static gboolean
find_free (const IommudSimulatedIoas *self, guint64 from, guint64 to, guint64 *first, guint64 *last)
{
  guint64 hole_first;
  guint64 hole_last;

  while (iommud_intervals_find_hole (&self->reserved, from, to, &hole_first, &hole_last))
    {
      if (iommud_intervals_find_hole (&self->areas, hole_first, hole_last, first, last))
        return TRUE;
      if (hole_last >= to)
        return FALSE;
      from = hole_last + 1;
    }
  return FALSE;
}

static gboolean
choose_in (IommudSimulatedIoas *self, guint64 from, guint64 to, guint64 length, guint64 alignment,
           guint64 offset, guint64 *iova)
{
  guint64 first;
  guint64 last;

  /* Mappings are mostly packed from below: there is no need to search what is known to be full. */
  self->full_below = MAX (self->full_below, LOWEST);
  from = MAX (from, self->full_below);
  while (from <= to && find_free (self, from, to, &first, &last))
    {
      if (from <= self->full_below)
        self->full_below = first;
      if (fit (&first, last, length, alignment, offset))
        {
          *iova = first;
          return TRUE;
        }
      if (last >= to)
        return FALSE;
      from = last + 1;
    }
  return FALSE;
}

/* Allowed ranges that touch each other are one. */
static gboolean
next_allowed (const IommudSimulatedIoas *self, guint64 from, guint64 *first, guint64 *last)
{
  const IommudInterval *interval = iommud_intervals_find (&self->allowed, from, HIGHEST);

  if (interval == NULL)
    return FALSE;
  *first = MAX (from, interval->first);
  *last = interval->last;
  while ((interval = iommud_intervals_next (&self->allowed, interval, from, HIGHEST)) != NULL
         && interval->first == *last + 1)
    *last = interval->last;
  *last = MIN (*last, HIGHEST);
  return TRUE;
}

static int
choose_in_allowed (IommudSimulatedIoas *self, guint64 length, guint64 alignment, guint64 offset,
                   guint64 *iova)
{
  guint64 from = LOWEST;
  guint64 first;
  guint64 last;

  while (from <= HIGHEST && next_allowed (self, from, &first, &last))
    {
      if (fit (&first, last, length, alignment, offset)
          && choose_in (self, first, last, length, alignment, offset, iova))
        return 0;
      from = last + 1;
    }
  return ENOSPC;
}

int
iommud_simulated_ioas_choose_iova (IommudSimulatedIoas *self, guint64 origin, guint64 length,
                                   guint64 *iova)
{
  guint64 offset = origin % IOMMUD_SIMULATED_PAGE_SIZE;
  guint64 alignment;
  guint64 first = LOWEST;

  if (length == 0 || length >= G_MAXUINT64 / 2)
    return EOVERFLOW;
  alignment = round_up_to_power (length);
  if (origin != 0)
    alignment = MIN (alignment, origin & -origin);
  alignment = MIN (alignment, IOMMUD_SIMULATED_PAGE_SIZE);
  if (alignment < self->alignment)
    return EINVAL;
  if (self->allowed.root != NULL)
    return choose_in_allowed (self, length, alignment, offset, iova);
  if (fit (&first, HIGHEST, length, alignment, offset)
      && choose_in (self, first, HIGHEST, length, alignment, offset, iova))
    return 0;
  return ENOSPC;
}
