/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an IOMMU does with an access: translates it page by page, checks it, and notes what became
 * dirty. */
#include "config.h"

#include "sim/objects/attachment.h"
#include "sim/objects/dma.h"
#include "sim/ioctls/device-feature.h"
#include "sim/process/user-memory.h"

#include <errno.h>
#include <string.h>

/* Through which IOAS a device's accesses go; NULL if they are blocked. A nested HWPT's own tables
 * are never walked: its accesses are blocked too. */
static IommudSimulatedIoas *
get_ioas (const IommudSimulatedFunction *function)
{
  if (iommud_simulated_function_is_mdev (function))
    return function->access_ioas;
  if (function->group == NULL || function->group->hwpt == NULL)
    return NULL;
  return function->group->hwpt->ioas;
}

static void
note_write (IommudSimulatedFunction *function, guint64 iova)
{
  IommudSimulatedHwpt *hwpt = function->group != NULL ? function->group->hwpt : NULL;

  if (hwpt != NULL && hwpt->tracking)
    iommud_page_set_add (hwpt->dirty, iova / IOMMUD_SIMULATED_PAGE_SIZE);
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

/* Moves bytes from or to @data, or from one page of bytes again and again. */
static int
move (IommudSimulatedFunction *function, guint64 iova, guint64 length, guint prot, guint8 *data,
      gboolean same_page, guint64 *done)
{
  IommudSimulatedIoas *ioas = get_ioas (function);
  const IommudSimulatedArea *area;
  guint64 chunk;
  guint64 byte;
  int errnum = 0;

  *done = 0;
  function->dmas++;
  while (*done < length && errnum == 0)
    {
      guint8 *bytes = same_page ? data : data + *done;

      errnum = translate (ioas, iova + *done, prot, &area, &chunk);
      if (errnum != 0)
        break;
      chunk = MIN (chunk, length - *done);
      byte = iommud_simulated_area_get_byte (area, iova + *done);
      if (prot == IOMMUD_SIMULATED_PROT_WRITE)
        errnum = iommud_simulated_pages_write (area->pages, byte, bytes, (gsize) chunk);
      else
        errnum = iommud_simulated_pages_read (area->pages, byte, bytes, (gsize) chunk);
      if (errnum == 0 && prot == IOMMUD_SIMULATED_PROT_WRITE)
        note_write (function, iova + *done);
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
  return move (function, iova, length, IOMMUD_SIMULATED_PROT_WRITE, page, TRUE, done);
}

int
iommud_simulated_dma_read (IommudSimulatedFunction *function, guint64 iova, guint64 length,
                           guint8 *data, guint64 *done)
{
  return move (function, iova, length, IOMMUD_SIMULATED_PROT_READ, data, FALSE, done);
}
