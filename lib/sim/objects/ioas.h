/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An IOAS: which IOVAs are mapped to which memory, reserved for whom, or allowed to be given out.
 */
#pragma once

#include "sim/sets/intervals.h"
#include "sim/objects/context.h"
#include "sim/objects/domain.h"
#include "sim/process/pages.h"

G_BEGIN_DECLS

/* How memory is mapped. */
typedef enum
{
  IOMMUD_SIMULATED_MAP_READ = 1 << 0,
  IOMMUD_SIMULATED_MAP_WRITE = 1 << 1,
  IOMMUD_SIMULATED_MAP_FIXED = 1 << 2, /* at a given IOVA */
} IommudSimulatedMapFlags;

/* A mapping: IOVAs from interval.first to interval.last, to bytes of pages from start on. */
typedef struct
{
  IommudInterval interval; /* first */
  IommudSimulatedPages *pages;
  guint64 start;
  guint prot; /* MAP_READ and MAP_WRITE of IommudSimulatedMapFlags */
  gboolean pinned;
} IommudSimulatedArea;

typedef struct _IommudSimulatedIoas IommudSimulatedIoas;
struct _IommudSimulatedIoas
{
  IommudSimulatedObject object;
  IommudIntervals areas;
  IommudIntervals allowed;
  IommudIntervals reserved;
  GHashTable *reserved_ranges;   /* the same, as a set of ranges each of which has owners */
  GHashTable *reserved_by_owner; /* of GPtrArray of them */
  guint64 alignment;
  gboolean single_pages; /* IOMMU_OPTION_HUGE_PAGES is off */
  GQueue domains;        /* of IommudSimulatedDomain that are filled from this IOAS */
  guint accesses;        /* attached mdevs */
  guint64 pages;         /* mapped */
  guint64 full_below;    /* no IOVA between the first page and here is free */
  GQueue dirty_domains;  /* those of them that can track dirty pages */
  GQueue auto_hwpts;     /* HWPTs that the kernel made for itself, in order: theirs, not ours */
};

IommudSimulatedArea *iommud_simulated_ioas_find_area (IommudSimulatedIoas *self, guint64 iova);
/* The area that begins right after another one; NULL if there is a hole. */
IommudSimulatedArea *iommud_simulated_ioas_next_area (IommudSimulatedIoas *self,
                                                      const IommudSimulatedArea *area);
/* Which byte of the area's pages an IOVA in it stands for. */
guint64 iommud_simulated_area_get_byte (const IommudSimulatedArea *self, guint64 iova);

/* Pins what the area maps, once. */
int iommud_simulated_area_pin (IommudSimulatedArea *self);
void iommud_simulated_area_unpin (IommudSimulatedArea *self);

/* EADDRINUSE: the range is mapped or allowed. */
int iommud_simulated_ioas_reserve (IommudSimulatedIoas *self, guint64 first, guint64 last,
                                   gpointer owner);
void iommud_simulated_ioas_unreserve (IommudSimulatedIoas *self, gpointer owner);

/* A domain joins: its aperture is enforced, and with the first one all memory is pinned.
 * EADDRINUSE: something is mapped that does not fit; EFAULT: memory is not there; or what its
 * driver fails with. */
int iommud_simulated_ioas_add_domain (IommudSimulatedIoas *self, IommudSimulatedDomain *domain);
void iommud_simulated_ioas_remove_domain (IommudSimulatedIoas *self, IommudSimulatedDomain *domain);
/* An mdev joins. EADDRINUSE: something is mapped that is not aligned to pages. */
int iommud_simulated_ioas_add_access (IommudSimulatedIoas *self);
void iommud_simulated_ioas_remove_access (IommudSimulatedIoas *self);

/* The first range from @from on that no device reserves. */
gboolean iommud_simulated_ioas_find_usable (const IommudSimulatedIoas *self, guint64 from,
                                            guint64 *first, guint64 *last);
/* Only from these ranges (IommudInterval, allocated) will an IOVA be chosen; with none, from all.
 * What is in @allowed afterwards is the caller's to free. EADDRINUSE: one of them is reserved. */
int iommud_simulated_ioas_set_allowed (IommudSimulatedIoas *self, IommudIntervals *allowed);
/* Where the kernel would put a mapping of @length bytes from @origin on: an address of the process,
 * or an offset in a file. ENOSPC: no room. */
int iommud_simulated_ioas_choose_iova (IommudSimulatedIoas *self, guint64 origin, guint64 length,
                                       guint64 *iova);

/* Maps slices of @length bytes in all one after the other, at *iova if it is fixed; else where
 * there is room. @flags: of IommudSimulatedMapFlags. */
int iommud_simulated_ioas_map (IommudSimulatedIoas *self, GArray *slices, guint64 length,
                               guint flags, guint64 *iova);
/* The same for memory of the process. @account: charged for what is pinned; NULL for none. */
int iommud_simulated_ioas_map_user (IommudSimulatedIoas *self, guint64 address, guint64 length,
                                    guint flags, IommudSimulatedAccount *account, guint64 *iova);
/* Adds what the range maps to @slices. ENOENT: it is not mapped from end to end. */
int iommud_simulated_ioas_slice (IommudSimulatedIoas *self, guint64 first, guint64 length,
                                 GArray *slices);
/* Makes two maps of the one that goes on after @iova. EINVAL: it may be mapped by large pages. */
int iommud_simulated_ioas_cut (IommudSimulatedIoas *self, guint64 iova);
/* Unmaps all that the range holds, and never a part of a map: ENOENT then, with what came before it
 * gone. @unmapped: bytes. */
int iommud_simulated_ioas_unmap_range (IommudSimulatedIoas *self, guint64 first, guint64 last,
                                       guint64 *unmapped);
/* A new one, without any mapping. */
IommudSimulatedIoas *iommud_simulated_ioas_new (IommudSimulatedContext *context);
/* ENOENT: no such IOAS. */
int iommud_simulated_ioas_get (IommudSimulatedContext *context, guint32 id,
                               IommudSimulatedIoas **ioas);

/* Whether the IOAS shall be mapped by single pages alone. EINVAL: it has HWPTs and maps. */
int iommud_simulated_ioas_set_single_pages (IommudSimulatedIoas *self, gboolean single_pages);

G_END_DECLS
