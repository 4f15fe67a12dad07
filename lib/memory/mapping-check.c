/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What can be known about a mapping before the kernel is asked for it, and why the kernel may
 * refuse one. */
#include "config.h"

#include "memory/mapping-check.h"

#include <errno.h>
#include <unistd.h>

#include "base/error.h"

#define HEX "%#" G_GINT64_MODIFIER "x"

static gboolean
refuse (GError **error, const char *what, const char *cause)
{
  g_set_error (error, IOMMUD_ERROR, IOMMUD_ERROR_INVALID_ARGUMENT, "Cannot %s: %s", what, cause);
  return FALSE;
}

gboolean
iommud_mapping_check_range (guint64 iova, guint64 length, const char *what, GError **error)
{
  guint64 page = (guint64) getpagesize ();

  if (length == 0)
    return refuse (error, what, "its length is 0");
  if (iova % page != 0 || length % page != 0)
    {
      g_set_error (error, IOMMUD_ERROR, IOMMUD_ERROR_INVALID_ARGUMENT,
                   "Cannot %s: its %s must be a multiple of the page size, " HEX, what,
                   iova % page != 0 ? "IOVA" : "length", page);
      return FALSE;
    }
  if (length - 1 > G_MAXUINT64 - iova)
    return refuse (error, what, "it would end beyond the last 64-bit address");
  return TRUE;
}

gboolean
iommud_mapping_check_arguments (guint64 iova, guint64 length, IommudMapFlags flags,
                                const char *what, GError **error)
{
  if ((flags & (IOMMUD_MAP_FLAGS_READABLE | IOMMUD_MAP_FLAGS_WRITABLE)) == 0)
    return refuse (error, what, "it must be readable or writable");
  return iommud_mapping_check_range ((flags & IOMMUD_MAP_FLAGS_FIXED) != 0 ? iova : 0, length, what,
                                     error);
}

static gboolean
check_nothing_mapped (IommudMappingTable *mappings, guint64 iova, guint64 last, const char *what,
                      GError **error)
{
  const IommudMapping *other = iommud_mapping_table_find (mappings, iova, last);

  if (other == NULL)
    return TRUE;
  g_set_error (error, IOMMUD_ERROR, IOMMUD_ERROR_EXISTS,
               "Cannot %s: IOVAs " HEX " to " HEX " are mapped already: unmap them first", what,
               other->iova, iommud_mapping_get_last (other));
  return FALSE;
}

gboolean
iommud_mapping_check_addressable (const IommudIovaSpace *space, guint64 iova, guint64 last,
                                  const char *what, GError **error)
{
  const IommudIovaRange *ranges;
  guint count;
  guint i = 0;

  if (space->ranges == NULL)
    return TRUE;
  ranges = (const IommudIovaRange *) (gpointer) space->ranges->data;
  count = space->ranges->len;
  while (i < count && ranges[i].last < iova)
    i++;
  if (i < count && ranges[i].first <= iova && last <= ranges[i].last)
    return TRUE;
  if (i < count && ranges[i].first <= iova)
    i++;
  g_set_error (error, IOMMUD_ERROR, IOMMUD_ERROR_ADDRESS_IN_USE,
               "Cannot %s: IOVAs " HEX " to " HEX
               " are reserved by an attached device, or it cannot address them",
               what, i > 0 ? ranges[i - 1].last + 1 : 0,
               i < count ? ranges[i].first - 1 : G_MAXUINT64);
  return FALSE;
}

gboolean
iommud_mapping_check_room (IommudMappingTable *mappings, const IommudIovaSpace *space, guint64 iova,
                           guint64 length, const char *what, GError **error)
{
  guint64 last = iova + (length - 1);

  if (!check_nothing_mapped (mappings, iova, last, what, error)
      || !iommud_mapping_check_addressable (space, iova, last, what, error))
    return FALSE;
  if (space->alignment == 0 || (iova % space->alignment == 0 && length % space->alignment == 0))
    return TRUE;
  g_set_error (error, IOMMUD_ERROR, IOMMUD_ERROR_INVALID_ARGUMENT,
               "Cannot %s: IOVA and length must be multiples of the container's alignment, " HEX,
               what, space->alignment);
  return FALSE;
}

static gboolean
check_inside (const IommudMapping *mapping, guint64 first, guint64 last, const char *what,
              GError **error)
{
  if (mapping->iova >= first && iommud_mapping_get_last (mapping) <= last)
    return TRUE;
  g_set_error (error, IOMMUD_ERROR, IOMMUD_ERROR_INVALID_ARGUMENT,
               "Cannot %s: it would split the mapping of IOVAs " HEX " to " HEX, what,
               mapping->iova, iommud_mapping_get_last (mapping));
  return FALSE;
}

gboolean
iommud_mapping_check_whole (IommudMappingTable *mappings, guint64 iova, guint64 length,
                            const char *what, GError **error)
{
  guint64 last = iova + (length - 1);
  const IommudMapping *mapping = iommud_mapping_table_find (mappings, iova, last);

  if (mapping == NULL)
    {
      g_set_error (error, IOMMUD_ERROR, IOMMUD_ERROR_NOT_FOUND,
                   "Cannot %s: nothing is mapped there", what);
      return FALSE;
    }
  for (; mapping != NULL && mapping->iova <= last;
       mapping = iommud_mapping_table_next (mappings, mapping))
    if (!check_inside (mapping, iova, last, what, error))
      return FALSE;
  return TRUE;
}

guint32
iommud_map_flags_to_kernel (IommudMapFlags flags)
{
  return ((flags & IOMMUD_MAP_FLAGS_FIXED) != 0 ? IOMMUD_IOMMUFD_MAP_FIXED_IOVA : 0)
         | ((flags & IOMMUD_MAP_FLAGS_WRITABLE) != 0 ? IOMMUD_IOMMUFD_MAP_WRITEABLE : 0)
         | ((flags & IOMMUD_MAP_FLAGS_READABLE) != 0 ? IOMMUD_IOMMUFD_MAP_READABLE : 0);
}

static const char *
get_cause (int errnum)
{
  switch (errnum)
    {
    case EINVAL:
      return "the IOVAs are reserved by a device, or not aligned as it needs them";
    case EEXIST:
      return "something is mapped there already";
    case ENOSPC:
      return "there is no room of that length among the IOVAs that the kernel may choose from";
    case ENOMEM:
      return "the kernel is out of memory, or the locked-memory limit (RLIMIT_MEMLOCK) was reached";
    case EFAULT:
      return "the memory cannot be pinned: the file may have been made shorter";
    default:
      return NULL;
    }
}

void
iommud_mapping_set_error (const IommudKernelAccess *access, const char *step, int errnum,
                          GError **error)
{
  iommud_error_set_from_errno (error, -1, access->what, step, errnum, get_cause (errnum));
}
