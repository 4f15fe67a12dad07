/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How much each user may have. */
#pragma once

#include "access/problems.h"

G_BEGIN_DECLS

typedef enum
{
  IOMMUD_LIMIT_LEASES,
  IOMMUD_LIMIT_DEVICES,
  IOMMUD_LIMIT_CONTAINERS,
  IOMMUD_LIMIT_HWPTS,
  IOMMUD_LIMIT_MAPPINGS,
  IOMMUD_LIMIT_MAPPED_BYTES,
  IOMMUD_LIMIT_LOCKED_MEMORY,
  IOMMUD_LIMIT_CALLS,
  IOMMUD_LIMIT_QUEUED_BYTES,
  IOMMUD_N_LIMITS,
} IommudLimit;

/* A number for each limit. */
typedef struct
{
  guint64 values[IOMMUD_N_LIMITS];
} IommudLimits;

void iommud_limits_init (IommudLimits *self);
void iommud_limits_read (IommudLimits *self, const char *file, const char *text, gsize length,
                         IommudProblems *problems);
const char *iommud_limit_get_key (IommudLimit limit);

G_END_DECLS
