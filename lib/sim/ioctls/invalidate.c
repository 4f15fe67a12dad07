/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Checks as hw_pagetable.c of Linux 6.12 and, for the entries, its intel-iommu driver do. The
 * tables of a nested HWPT are never walked here, so there is no cache to empty. */
#include "config.h"

#include "sim/ioctls/invalidate.h"

#include "sim/process/user-memory.h"

#include "kernel/abi.h"

#include <errno.h>

#define MOST_ENTRIES (1u << 19)

static int
check_entry (const struct iommud_abi_hwpt_invalidate *record, guint32 index)
{
  struct iommud_abi_hwpt_vtd_s1_invalidate entry;
  guint64 address = record->data_uptr + (guint64) index * record->entry_len;
  int errnum;

  if (record->entry_len < sizeof entry)
    return EINVAL;
  errnum = iommud_simulated_copy_from_user (&entry, address, sizeof entry);
  if (errnum == 0)
    errnum = iommud_simulated_check_zeros (address + sizeof entry,
                                           record->entry_len - (guint32) sizeof entry);
  if (errnum != 0)
    return errnum;
  if ((entry.flags & ~(guint32) IOMMUD_ABI_VTD_INV_FLAGS_LEAF) != 0 || entry.reserved != 0)
    return EOPNOTSUPP;
  return 0;
}

static int
invalidate (IommudSimulatedCommand *command, guint32 *done)
{
  const struct iommud_abi_hwpt_invalidate *record = command->record;
  int errnum = 0;

  if (record->reserved != 0)
    return EOPNOTSUPP;
  if (record->entry_num != 0
      && (record->data_uptr == 0 || record->entry_len == 0
          || record->entry_len > IOMMUD_SIMULATED_PAGE_SIZE || record->entry_num > MOST_ENTRIES))
    return EINVAL;
  if (iommud_simulated_context_get (command->context, record->hwpt_id, IOMMUD_SIMULATED_HWPT_NESTED)
      == NULL)
    return ENOENT;
  if (record->data_type != IOMMUD_ABI_HWPT_INVALIDATE_DATA_VTD_S1)
    return EINVAL;
  while (*done < record->entry_num && errnum == 0)
    {
      errnum = check_entry (record, *done);
      if (errnum == 0)
        (*done)++;
    }
  return errnum;
}

int
iommud_simulated_hwpt_invalidate (IommudSimulatedCommand *command)
{
  struct iommud_abi_hwpt_invalidate *record = command->record;
  guint32 done = 0;
  int errnum = invalidate (command, &done);

  record->entry_num = done;
  return iommud_simulated_command_respond (command) != 0 ? EFAULT : errnum;
}
