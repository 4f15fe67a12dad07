/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What this kernel's iommufd offers, found by asking it and not by its version. */
#pragma once

#include "kernel/syscalls.h"

G_BEGIN_DECLS

/* A new NULL-terminated list; NULL if there is no iommufd to open. */
char **iommud_features_probe (const IommudSyscalls *syscalls);

G_END_DECLS
