/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An IOAS: which IOVAs are mapped and to which memory, which are reserved and by which owners, and
 * which may be chosen. */
#pragma once

#include "sim/sets/intervals.h"
#include "sim/objects/context.h"
#include "sim/objects/domain.h"
#include "sim/objects/slices.h"
#include "sim/process/pages.h"

G_BEGIN_DECLS

/* How memory is mapped. */
typedef enum
{
  IOMMUD_SIMULATED_MAP_READ = 1 << 0,
  IOMMUD_SIMULATED_MAP_WRITE = 1 << 1,
  IOMMUD_SIMULATED_MAP_FIXED = 1 << 2, /* at a given IOVA */
} IommudSimulatedMapFlags;

/* Maps the IOVAs from interval.first to interval.last to the bytes of pages from start on. */
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
  GQueue auto_hwpts;     /* HWPTs that the kernel made itself, in order; only HWPTs use it */
};

IommudSimulatedArea *iommud_simulated_ioas_find_area (IommudSimulatedIoas *self, guint64 iova);
/* The area that begins right after another one; NULL if there is a hole. */
IommudSimulatedArea *iommud_simulated_ioas_next_area (IommudSimulatedIoas *self,
                                                      const IommudSimulatedArea *area);
/* The byte of the area's pages that an IOVA in it stands for. */
guint64 iommud_simulated_area_get_byte (const IommudSimulatedArea *self, guint64 iova);

/* Maps @slice at @iova. Nothing is checked, and nothing is pinned. @prot: of
 * IommudSimulatedMapFlags. */
IommudSimulatedArea *iommud_simulated_ioas_add_area (IommudSimulatedIoas *self,
                                                     const IommudSimulatedSlice *slice,
                                                     guint64 iova, guint prot);
/* The area must not be pinned. */
void iommud_simulated_ioas_shorten_area (IommudSimulatedIoas *self, IommudSimulatedArea *area,
                                         guint64 last);
void iommud_simulated_ioas_remove_area (IommudSimulatedIoas *self, IommudSimulatedArea *area);

/* Pins what the area maps, once. */
int iommud_simulated_area_pin (IommudSimulatedArea *self);
void iommud_simulated_area_unpin (IommudSimulatedArea *self);

/* EADDRINUSE: the range is mapped or allowed. */
int iommud_simulated_ioas_reserve (IommudSimulatedIoas *self, guint64 first, guint64 last,
                                   gpointer owner);
void iommud_simulated_ioas_unreserve (IommudSimulatedIoas *self, gpointer owner);

/* A domain joins: its aperture is enforced, and the first domain pins all memory. EADDRINUSE: a
 * mapping does not fit; EFAULT: memory is not there; or what the driver fails with. */
int iommud_simulated_ioas_add_domain (IommudSimulatedIoas *self, IommudSimulatedDomain *domain);
void iommud_simulated_ioas_remove_domain (IommudSimulatedIoas *self, IommudSimulatedDomain *domain);
/* An mdev joins. EADDRINUSE: a mapping is not aligned to pages. */
int iommud_simulated_ioas_add_access (IommudSimulatedIoas *self);
void iommud_simulated_ioas_remove_access (IommudSimulatedIoas *self);

/* The first range from @from on that no device reserves. */
gboolean iommud_simulated_ioas_find_usable (const IommudSimulatedIoas *self, guint64 from,
                                            guint64 *first, guint64 *last);
/* IOVAs will be chosen from these ranges (allocated IommudIntervals) only, or from all if there is
 * none. The caller frees what is in @allowed afterwards. EADDRINUSE: one of them is reserved. */
int iommud_simulated_ioas_set_allowed (IommudSimulatedIoas *self, IommudIntervals *allowed);
/* The IOVA that the kernel would choose for @length bytes from @origin on, which is an address of
 * the process or an offset in a file. ENOSPC: no room. */
int iommud_simulated_ioas_choose_iova (IommudSimulatedIoas *self, guint64 origin, guint64 length,
                                       guint64 *iova);

/* Maps slices of @length bytes in all one after the other: at *iova if that is fixed, else at an
 * IOVA of the kernel's choice. @flags: of IommudSimulatedMapFlags. */
int iommud_simulated_ioas_map (IommudSimulatedIoas *self, GArray *slices, guint64 length,
                               guint flags, guint64 *iova);
/* The same for memory of the process. @account: charged for what is pinned; NULL for none. */
int iommud_simulated_ioas_map_user (IommudSimulatedIoas *self, guint64 address, guint64 length,
                                    guint flags, IommudSimulatedAccount *account, guint64 *iova);
/* Adds what the range maps to @slices. ENOENT: it is not mapped from end to end. */
int iommud_simulated_ioas_slice (IommudSimulatedIoas *self, guint64 first, guint64 length,
                                 GArray *slices);
/* Splits the mapping that goes on after @iova. EINVAL: it may be mapped by large pages. */
int iommud_simulated_ioas_cut (IommudSimulatedIoas *self, guint64 iova);
/* Unmaps all mappings in the range. ENOENT: the range holds only a part of a mapping; the mappings
 * before that one are gone. @unmapped: bytes. */
int iommud_simulated_ioas_unmap_range (IommudSimulatedIoas *self, guint64 first, guint64 last,
                                       guint64 *unmapped);
/* A new one, without any mapping. */
IommudSimulatedIoas *iommud_simulated_ioas_new (IommudSimulatedContext *context);
/* ENOENT: no such IOAS. */
int iommud_simulated_ioas_get (IommudSimulatedContext *context, guint32 id,
                               IommudSimulatedIoas **ioas);

/* Whether the IOAS is mapped by single pages only. EINVAL: it has both HWPTs and mappings. */
int iommud_simulated_ioas_set_single_pages (IommudSimulatedIoas *self, gboolean single_pages);

G_END_DECLS
