/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The life of an IOAS, and what its domains, accesses and devices demand of its IOVAs. The order of
 * checks and the errnos are those of drivers/iommu/iommufd/io_pagetable.c of Linux 6.12. */
#include "config.h"

#include "sim/objects/ioas.h"

#include "sim/process/user-memory.h"

#include <errno.h>

/* Devices behind one IOMMU mostly reserve the same ranges: each range is kept once. */
typedef struct
{
  IommudInterval interval; /* first */
  guint owners;
} Reserved;

static guint
hash_range (gconstpointer range)
{
  const IommudInterval *interval = range;
  guint64 mixed = interval->first * 31 + interval->last;

  return (guint) (mixed ^ mixed >> 32);
}

static gboolean
is_same_range (gconstpointer a, gconstpointer b)
{
  const IommudInterval *x = a;
  const IommudInterval *y = b;

  return x->first == y->first && x->last == y->last;
}

static void
destroy (IommudSimulatedObject *object)
{
  IommudSimulatedIoas *self = (IommudSimulatedIoas *) object;
  IommudInterval *interval;

  while ((interval = iommud_intervals_find (&self->areas, 0, G_MAXUINT64)) != NULL)
    iommud_simulated_ioas_remove_area (self, (IommudSimulatedArea *) interval);
  iommud_intervals_free_all (&self->allowed);
  g_assert (g_hash_table_size (self->reserved_by_owner) == 0);
  g_hash_table_unref (self->reserved_by_owner);
  g_hash_table_unref (self->reserved_ranges);
  g_free (self);
}

IommudSimulatedIoas *
iommud_simulated_ioas_new (IommudSimulatedContext *context)
{
  IommudSimulatedIoas *self = g_new0 (IommudSimulatedIoas, 1);

  self->object.type = IOMMUD_SIMULATED_IOAS;
  self->object.destroy = destroy;
  self->reserved_ranges = g_hash_table_new (hash_range, is_same_range);
  self->reserved_by_owner =
      g_hash_table_new_full (NULL, NULL, NULL, (GDestroyNotify) g_ptr_array_unref);
  self->alignment = 1;
  g_queue_init (&self->domains);
  g_queue_init (&self->dirty_domains);
  g_queue_init (&self->auto_hwpts);
  iommud_simulated_context_add (context, &self->object);
  return self;
}

int
iommud_simulated_ioas_get (IommudSimulatedContext *context, guint32 id, IommudSimulatedIoas **ioas)
{
  *ioas = (IommudSimulatedIoas *) iommud_simulated_context_get (context, id, IOMMUD_SIMULATED_IOAS);
  return *ioas != NULL ? 0 : ENOENT;
}

static Reserved *
get_reserved (IommudSimulatedIoas *self, guint64 first, guint64 last)
{
  IommudInterval range = { .first = first, .last = last };
  Reserved *reserved = g_hash_table_lookup (self->reserved_ranges, &range);

  if (reserved != NULL)
    return reserved;
  reserved = g_new0 (Reserved, 1);
  reserved->interval = range;
  iommud_intervals_insert (&self->reserved, &reserved->interval);
  g_hash_table_add (self->reserved_ranges, reserved);
  return reserved;
}

static void
put_reserved (IommudSimulatedIoas *self, Reserved *reserved)
{
  if (--reserved->owners != 0)
    return;
  iommud_intervals_remove (&self->reserved, &reserved->interval);
  g_hash_table_remove (self->reserved_ranges, reserved);
  g_free (reserved);
}

int
iommud_simulated_ioas_reserve (IommudSimulatedIoas *self, guint64 first, guint64 last,
                               gpointer owner)
{
  GPtrArray *owned;
  Reserved *reserved;

  if (iommud_intervals_find (&self->areas, first, last) != NULL
      || iommud_intervals_find (&self->allowed, first, last) != NULL)
    return EADDRINUSE;
  owned = g_hash_table_lookup (self->reserved_by_owner, owner);
  if (owned == NULL)
    {
      owned = g_ptr_array_new ();
      g_hash_table_insert (self->reserved_by_owner, owner, owned);
    }
  reserved = get_reserved (self, first, last);
  reserved->owners++;
  g_ptr_array_add (owned, reserved);
  return 0;
}

void
iommud_simulated_ioas_unreserve (IommudSimulatedIoas *self, gpointer owner)
{
  GPtrArray *owned = g_hash_table_lookup (self->reserved_by_owner, owner);

  if (owned == NULL)
    return;
  for (guint i = 0; i < owned->len; i++)
    put_reserved (self, owned->pdata[i]);
  g_hash_table_remove (self->reserved_by_owner, owner);
  self->full_below = 0;
}

static int
check_alignment (IommudSimulatedIoas *self, guint64 alignment)
{
  guint64 mask = alignment - 1;

  for (IommudInterval *interval = iommud_intervals_find (&self->areas, 0, G_MAXUINT64);
       interval != NULL; interval = iommud_intervals_next (&self->areas, interval, 0, G_MAXUINT64))
    {
      const IommudSimulatedArea *area = (IommudSimulatedArea *) interval;

      if ((interval->first & mask) != 0 || ((interval->last + 1) & mask) != 0
          || (area->start & mask) != 0)
        return EADDRINUSE;
    }
  return 0;
}

/* Every domain and every mdev maps whole pages. */
static guint64
get_needed_alignment (const IommudSimulatedIoas *self)
{
  if (self->single_pages || self->domains.length > 0 || self->accesses > 0)
    return IOMMUD_SIMULATED_PAGE_SIZE;
  return 1;
}

/* If there is a domain, all memory is pinned already. */
static int
fill (IommudSimulatedIoas *self, const IommudSimulatedDomain *domain)
{
  int errnum = 0;

  for (IommudInterval *interval = iommud_intervals_find (&self->areas, 0, G_MAXUINT64);
       interval != NULL && errnum == 0;
       interval = iommud_intervals_next (&self->areas, interval, 0, G_MAXUINT64))
    {
      if (self->domains.length == 0)
        errnum = iommud_simulated_area_pin ((IommudSimulatedArea *) interval);
      if (errnum == 0)
        errnum = iommud_simulated_domain_take_error (domain, IOMMUD_SIMULATED_DRIVER_MAP);
    }
  return errnum;
}

/* Without a domain nothing is pinned. */
static void
unpin_unused (IommudSimulatedIoas *self)
{
  for (IommudInterval *interval = iommud_intervals_find (&self->areas, 0, G_MAXUINT64);
       interval != NULL && self->domains.length == 0;
       interval = iommud_intervals_next (&self->areas, interval, 0, G_MAXUINT64))
    iommud_simulated_area_unpin ((IommudSimulatedArea *) interval);
}

static int
reserve_outside (IommudSimulatedIoas *self, IommudSimulatedDomain *domain)
{
  int errnum = 0;

  if (domain->aperture_first != 0)
    errnum = iommud_simulated_ioas_reserve (self, 0, domain->aperture_first - 1, domain);
  if (errnum == 0 && domain->aperture_last != G_MAXUINT64)
    errnum = iommud_simulated_ioas_reserve (self, domain->aperture_last + 1, G_MAXUINT64, domain);
  return errnum;
}

static void
list_domain (IommudSimulatedIoas *self, IommudSimulatedDomain *domain)
{
  g_queue_push_tail (&self->domains, domain);
  domain->ioas_link = self->domains.tail;
  if (domain->dirty == NULL)
    return;
  g_queue_push_tail (&self->dirty_domains, domain);
  domain->dirty_link = self->dirty_domains.tail;
}

int
iommud_simulated_ioas_add_domain (IommudSimulatedIoas *self, IommudSimulatedDomain *domain)
{
  int errnum = 0;

  if (self->alignment < IOMMUD_SIMULATED_PAGE_SIZE)
    errnum = check_alignment (self, IOMMUD_SIMULATED_PAGE_SIZE);
  if (errnum != 0)
    return errnum;
  errnum = reserve_outside (self, domain);
  if (errnum == 0)
    errnum = fill (self, domain);
  if (errnum != 0)
    {
      unpin_unused (self);
      iommud_simulated_ioas_unreserve (self, domain);
      return errnum;
    }
  list_domain (self, domain);
  self->alignment = get_needed_alignment (self);
  return 0;
}

void
iommud_simulated_ioas_remove_domain (IommudSimulatedIoas *self, IommudSimulatedDomain *domain)
{
  g_queue_delete_link (&self->domains, g_steal_pointer (&domain->ioas_link));
  if (domain->dirty_link != NULL)
    g_queue_delete_link (&self->dirty_domains, g_steal_pointer (&domain->dirty_link));
  unpin_unused (self);
  iommud_simulated_ioas_unreserve (self, domain);
  self->alignment = get_needed_alignment (self);
}

int
iommud_simulated_ioas_add_access (IommudSimulatedIoas *self)
{
  if (self->alignment < IOMMUD_SIMULATED_PAGE_SIZE
      && check_alignment (self, IOMMUD_SIMULATED_PAGE_SIZE) != 0)
    return EADDRINUSE;
  self->accesses++;
  self->alignment = get_needed_alignment (self);
  return 0;
}

void
iommud_simulated_ioas_remove_access (IommudSimulatedIoas *self)
{
  self->accesses--;
  self->alignment = get_needed_alignment (self);
}

int
iommud_simulated_ioas_set_single_pages (IommudSimulatedIoas *self, gboolean single_pages)
{
  if (single_pages && !self->single_pages)
    {
      if (self->domains.length > 0 && self->areas.root != NULL)
        return EINVAL;
      if (self->alignment < IOMMUD_SIMULATED_PAGE_SIZE
          && check_alignment (self, IOMMUD_SIMULATED_PAGE_SIZE) != 0)
        return EADDRINUSE;
    }
  self->single_pages = single_pages;
  self->alignment = get_needed_alignment (self);
  return 0;
}
