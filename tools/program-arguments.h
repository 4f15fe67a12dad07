/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The arguments of a program that gets open files. */
#pragma once

#include "files.h"

G_BEGIN_DECLS

/* A copy of the program and its arguments, in which the number of a file stands for its name in
 * braces: "{iommufd}", "{0000:01:00.0}". Other braces stay. */
GStrv iommuctl_program_arguments_fill_in (char **program, const IommuctlFiles *files);
/* What makes QEMU use the devices, for iommuctl_program_arguments_fill_in(): behind the program's
 * name. @devices: their names. */
GStrv iommuctl_program_arguments_add_qemu (char **program, const char *const *devices);

G_END_DECLS
