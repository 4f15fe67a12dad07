/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The records of mappings. The order of checks is that of ioas.c of Linux 6.12 and, for files,
 * 6.13. */
#include "config.h"

#include "sim/ioctls/map.h"

#include "sim/objects/ioas.h"
#include "sim/objects/slices.h"

#include "kernel/abi.h"

#include <errno.h>

#define PROT_FLAGS (IOMMUD_ABI_MAP_WRITEABLE | IOMMUD_ABI_MAP_READABLE)
#define MAP_FLAGS (IOMMUD_ABI_MAP_FIXED_IOVA | PROT_FLAGS)

static int
check_map (guint32 flags, guint64 iova, guint64 length)
{
  if ((flags & ~(guint32) MAP_FLAGS) != 0)
    return EOPNOTSUPP;
  if (iova == G_MAXUINT64 || length == G_MAXUINT64)
    return EOVERFLOW;
  return (flags & PROT_FLAGS) == 0 ? EINVAL : 0;
}

static guint
get_flags (guint32 abi_flags)
{
  guint flags = 0;

  if ((abi_flags & IOMMUD_ABI_MAP_FIXED_IOVA) != 0)
    flags |= IOMMUD_SIMULATED_MAP_FIXED;
  if ((abi_flags & IOMMUD_ABI_MAP_READABLE) != 0)
    flags |= IOMMUD_SIMULATED_MAP_READ;
  if ((abi_flags & IOMMUD_ABI_MAP_WRITEABLE) != 0)
    flags |= IOMMUD_SIMULATED_MAP_WRITE;
  return flags;
}

int
iommud_simulated_ioas_map_memory (IommudSimulatedCommand *command)
{
  struct iommud_abi_ioas_map *record = command->record;
  IommudSimulatedIoas *self;
  guint64 iova = record->iova;
  int errnum;

  if (record->reserved != 0)
    return EOPNOTSUPP;
  errnum = check_map (record->flags, record->iova, record->length);
  if (errnum == 0)
    errnum = iommud_simulated_ioas_get (command->context, record->ioas_id, &self);
  if (errnum == 0)
    errnum = iommud_simulated_ioas_map_user (self, record->user_va, record->length,
                                             get_flags (record->flags), command->account, &iova);
  if (errnum != 0)
    return errnum;
  record->iova = iova;
  return iommud_simulated_command_respond (command);
}

int
iommud_simulated_ioas_map_file (IommudSimulatedCommand *command)
{
  struct iommud_abi_ioas_map_file *record = command->record;
  g_autoptr (GArray) slices = iommud_simulated_slices_new ();
  guint flags = get_flags (record->flags);
  IommudSimulatedIoas *self;
  guint64 iova = record->iova;
  int errnum = check_map (record->flags, record->iova, record->length);

  if (errnum == 0)
    errnum = iommud_simulated_ioas_get (command->context, record->ioas_id, &self);
  if (errnum == 0)
    errnum = iommud_simulated_slices_add_file (slices, record->fd, record->start, record->length,
                                               (flags & IOMMUD_SIMULATED_MAP_WRITE) != 0,
                                               command->account);
  if (errnum == 0)
    errnum = iommud_simulated_ioas_map (self, slices, record->length, flags, &iova);
  if (errnum != 0)
    return errnum;
  record->iova = iova;
  return iommud_simulated_command_respond (command);
}

static int
check_copy (const struct iommud_abi_ioas_copy *record)
{
  int errnum = check_map (record->flags, record->dst_iova, record->length);

  return errnum != EOPNOTSUPP && record->src_iova == G_MAXUINT64 ? EOVERFLOW : errnum;
}

int
iommud_simulated_ioas_copy (IommudSimulatedCommand *command)
{
  struct iommud_abi_ioas_copy *record = command->record;
  g_autoptr (GArray) slices = iommud_simulated_slices_new ();
  IommudSimulatedIoas *source;
  IommudSimulatedIoas *target;
  guint64 iova = record->dst_iova;
  int errnum = check_copy (record);

  if (errnum == 0)
    errnum = iommud_simulated_ioas_get (command->context, record->src_ioas_id, &source);
  if (errnum == 0)
    errnum = iommud_simulated_ioas_slice (source, record->src_iova, record->length, slices);
  if (errnum == 0)
    errnum = iommud_simulated_ioas_get (command->context, record->dst_ioas_id, &target);
  if (errnum == 0)
    errnum = iommud_simulated_ioas_map (target, slices, record->length, get_flags (record->flags),
                                        &iova);
  if (errnum != 0)
    return errnum;
  record->dst_iova = iova;
  return iommud_simulated_command_respond (command);
}

static int
unmap (IommudSimulatedIoas *self, guint64 iova, guint64 length, guint64 *unmapped)
{
  int errnum;

  if (iova == 0 && length == G_MAXUINT64)
    return iommud_simulated_ioas_unmap_range (self, 0, G_MAXUINT64, unmapped);
  if (iova == G_MAXUINT64 || length == G_MAXUINT64)
    return EOVERFLOW;
  if (length == 0)
    return EINVAL;
  if (length - 1 > G_MAXUINT64 - iova)
    return EOVERFLOW;
  errnum = iommud_simulated_ioas_unmap_range (self, iova, iova + length - 1, unmapped);
  return errnum == 0 && *unmapped == 0 ? ENOENT : errnum;
}

int
iommud_simulated_ioas_unmap (IommudSimulatedCommand *command)
{
  struct iommud_abi_ioas_unmap *record = command->record;
  IommudSimulatedIoas *self;
  guint64 unmapped = 0;
  int errnum = iommud_simulated_ioas_get (command->context, record->ioas_id, &self);

  if (errnum == 0)
    errnum = unmap (self, record->iova, record->length, &unmapped);
  if (errnum != 0)
    return errnum;
  record->length = unmapped;
  return iommud_simulated_command_respond (command);
}
