/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From the options of a command's table to GOption, and from the command line to their values. */
#pragma once

#include "command.h"

G_BEGIN_DECLS

typedef struct
{
  const IommuctlOption *known; /* of the command */
  GVariantDict *values;        /* of those that are given, by name */
} IommuctlOptions;

/* @group: its user data is the IommuctlOptions. */
void iommuctl_options_add (GOptionGroup *group, const IommuctlOption *options);

G_END_DECLS
