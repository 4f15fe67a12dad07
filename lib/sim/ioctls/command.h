/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One ioctl on an iommufd: the kernel's copy of the caller's record, and the way back. */
#pragma once

#include "sim/description/description.h"
#include "sim/process/files.h"
#include "sim/objects/context.h"
#include "sim/process/pages.h"

G_BEGIN_DECLS

typedef struct
{
  IommudSimulatedContext *context;
  IommudSimulatedFiles *files;
  IommudSimulatedLinux version;
  gboolean privileged;             /* the caller has CAP_SYS_RESOURCE */
  IommudSimulatedAccount *account; /* charged for what it maps; NULL: it has CAP_IPC_LOCK */
  guint64 address;                 /* of the caller's record */
  guint32 user_size;               /* of the caller's record, as it says */
  guint32 size;                    /* of ours */
  gpointer record;
} IommudSimulatedCommand;

/* Each ioctl is such a function. 0 or an errno. */
typedef int (*IommudSimulatedHandler) (IommudSimulatedCommand *command);

/* Reads the caller's record of at least @min_size bytes into record, of which size bytes are known.
 * EFAULT: its memory cannot be read; EINVAL: it is too short; E2BIG: it has more fields than we
 * know. */
int iommud_simulated_command_load (IommudSimulatedCommand *self, guint32 min_size);
/* Hands the record back to the caller. EFAULT: its memory cannot be written. */
int iommud_simulated_command_respond (const IommudSimulatedCommand *self);

G_END_DECLS
