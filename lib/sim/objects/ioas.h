/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An IOAS: which IOVAs are mapped to which memory, reserved for whom, or allowed to be given out.
 */
#pragma once

#include "sim/ioctls/command.h"
#include "sim/sets/intervals.h"
#include "sim/machine/machine.h"
#include "sim/process/pages.h"

G_BEGIN_DECLS

typedef enum
{
  IOMMUD_SIMULATED_PROT_READ = 1 << 0,
  IOMMUD_SIMULATED_PROT_WRITE = 1 << 1,
} IommudSimulatedProt;

/* A mapping: IOVAs from interval.first to interval.last, to bytes of pages from start on. */
typedef struct
{
  IommudInterval interval; /* first */
  IommudSimulatedPages *pages;
  guint64 start;
  guint prot; /* of IommudSimulatedProt */
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
  GQueue domains;        /* of IommudSimulatedHwpt that translate by this IOAS */
  guint accesses;        /* attached mdevs */
  guint64 pages;         /* mapped */
  guint64 full_below;    /* no IOVA between the first page and here is free */
  GQueue auto_hwpts;     /* those that the kernel made for itself, in order */
  GQueue dirty_hwpts;    /* those that can track dirty pages */
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

/* A HWPT joins: its aperture is enforced, and with the first one all memory is pinned. EADDRINUSE:
 * something is mapped that does not fit; EFAULT: memory is not there; or what its driver fails
 * with.
 */
int iommud_simulated_ioas_add_domain (IommudSimulatedIoas *self, IommudSimulatedHwpt *hwpt,
                                      guint64 aperture_first, guint64 aperture_last);
void iommud_simulated_ioas_remove_domain (IommudSimulatedIoas *self, IommudSimulatedHwpt *hwpt);
/* An mdev joins. EADDRINUSE: something is mapped that is not aligned to pages. */
int iommud_simulated_ioas_add_access (IommudSimulatedIoas *self);
void iommud_simulated_ioas_remove_access (IommudSimulatedIoas *self);

/* The ioctls. */
int iommud_simulated_ioas_alloc (IommudSimulatedCommand *command);
int iommud_simulated_ioas_allow_iovas (IommudSimulatedCommand *command);
int iommud_simulated_ioas_iova_ranges (IommudSimulatedCommand *command);
int iommud_simulated_ioas_map (IommudSimulatedCommand *command);
int iommud_simulated_ioas_map_file (IommudSimulatedCommand *command);
int iommud_simulated_ioas_copy (IommudSimulatedCommand *command);
int iommud_simulated_ioas_unmap (IommudSimulatedCommand *command);

/* Where the kernel would put a mapping of @length bytes from @origin on: an address of the process,
 * or an offset in a file. ENOSPC: no room. */
int iommud_simulated_ioas_choose_iova (IommudSimulatedIoas *self, guint64 origin, guint64 length,
                                       guint64 *iova);
/* Maps memory of the process, as MAP does; @flags are those of its record, @account who is charged
 * for what is pinned. */
int iommud_simulated_ioas_map_user (IommudSimulatedIoas *self, guint64 address, guint64 length,
                                    guint32 flags, IommudSimulatedAccount *account, guint64 *iova);
/* Makes two maps of the one that goes on after @iova. EINVAL: it may be mapped by large pages. */
int iommud_simulated_ioas_cut (IommudSimulatedIoas *self, guint64 iova);
/* Unmaps all that the range holds, and never a part of a map: ENOENT then, with what came before it
 * gone. @unmapped: bytes. */
int iommud_simulated_ioas_unmap_range (IommudSimulatedIoas *self, guint64 first, guint64 last,
                                       guint64 *unmapped);
/* ENOENT: no such IOAS. */
int iommud_simulated_ioas_get (IommudSimulatedContext *context, guint32 id,
                               IommudSimulatedIoas **ioas);

/* Whether the IOAS shall be mapped by single pages alone. EINVAL: it has HWPTs and maps. */
int iommud_simulated_ioas_set_single_pages (IommudSimulatedIoas *self, gboolean single_pages);

G_END_DECLS
