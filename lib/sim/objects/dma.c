/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an IOMMU does with an access: it translates page by page, checks, and notes dirty pages. */
#include "config.h"

#include "sim/objects/dma.h"

#include "sim/objects/binding.h"
#include "sim/objects/hwpt.h"
#include "sim/process/user-memory.h"

#include <errno.h>
#include <string.h>

/* The IOAS that a device's accesses go through; NULL if they are blocked. The tables of a nested
 * HWPT are never walked: accesses through it are blocked too. */
static IommudSimulatedIoas *
get_ioas (const IommudSimulatedFunction *function)
{
  if (iommud_simulated_function_is_mdev (function))
    return function->binding != NULL ? function->binding->ioas : NULL;
  if (function->group == NULL || function->group->domain == NULL)
    return NULL;
  return iommud_simulated_hwpt_from_domain (function->group->domain)->ioas;
}

static void
note_write (IommudSimulatedFunction *function, guint64 iova)
{
  const IommudSimulatedDomain *domain = function->group != NULL ? function->group->domain : NULL;

  if (domain != NULL && domain->tracking)
    iommud_page_set_add (domain->dirty, iova / IOMMUD_SIMULATED_PAGE_SIZE);
  iommud_simulated_log_note (&function->log, iova);
}

/* Up to the end of a page. */
static int
translate (IommudSimulatedIoas *ioas, guint64 iova, guint prot, const IommudSimulatedArea **area,
           guint64 *length)
{
  *area = ioas != NULL ? iommud_simulated_ioas_find_area (ioas, iova) : NULL;
  if (*area == NULL || ((*area)->prot & prot) == 0)
    return EFAULT;
  *length = IOMMUD_SIMULATED_PAGE_SIZE - iova % IOMMUD_SIMULATED_PAGE_SIZE;
  *length = MIN (*length - 1, (*area)->interval.last - iova) + 1;
  return 0;
}

/* Moves as many of *length bytes as lie in one page; *length then says how many. */
static int
move_in_page (IommudSimulatedFunction *function, IommudSimulatedIoas *ioas, guint64 iova,
              guint prot, guint8 *bytes, guint64 *length)
{
  const IommudSimulatedArea *area;
  guint64 room;
  guint64 byte;
  int errnum = translate (ioas, iova, prot, &area, &room);

  if (errnum != 0)
    return errnum;
  *length = MIN (*length, room);
  byte = iommud_simulated_area_get_byte (area, iova);
  if (prot != IOMMUD_SIMULATED_MAP_WRITE)
    return iommud_simulated_pages_read (area->pages, byte, bytes, (gsize) *length);
  errnum = iommud_simulated_pages_write (area->pages, byte, bytes, (gsize) *length);
  if (errnum == 0)
    note_write (function, iova);
  return errnum;
}

/* Moves bytes from or to @data, or from one page of bytes again and again. */
static int
move (IommudSimulatedFunction *function, guint64 iova, guint64 length, guint prot, guint8 *data,
      gboolean same_page, guint64 *done)
{
  IommudSimulatedIoas *ioas = get_ioas (function);
  int errnum = 0;

  *done = 0;
  function->dmas++;
  while (*done < length && errnum == 0)
    {
      guint8 *bytes = same_page ? data : data + *done;
      guint64 chunk = length - *done;

      errnum = move_in_page (function, ioas, iova + *done, prot, bytes, &chunk);
      if (errnum == 0)
        *done += chunk;
    }
  if (errnum != 0)
    function->faults++;
  return errnum;
}

int
iommud_simulated_dma_write (IommudSimulatedFunction *function, guint64 iova, guint64 length,
                            guint8 value, guint64 *done)
{
  guint8 page[IOMMUD_SIMULATED_PAGE_SIZE];

  memset (page, value, sizeof page);
  return move (function, iova, length, IOMMUD_SIMULATED_MAP_WRITE, page, TRUE, done);
}

int
iommud_simulated_dma_read (IommudSimulatedFunction *function, guint64 iova, guint64 length,
                           guint8 *data, guint64 *done)
{
  return move (function, iova, length, IOMMUD_SIMULATED_MAP_READ, data, FALSE, done);
}
