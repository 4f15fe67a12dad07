/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Opening an IOMMUFD context. For workers. */
#pragma once

#include "handle/binding.h"

G_BEGIN_DECLS

/* Opens /dev/iommu as the iommufd of @access, and says whom the kernel is to charge for memory that
 * is pinned through it. If that fails, nothing is left open. */
gboolean iommud_open_context (IommudKernelAccess *access, IommudAccounting accounting,
                              GError **error);

G_END_DECLS
