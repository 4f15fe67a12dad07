/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which columns of a table are shown. */
#pragma once

#include "command.h"

G_BEGIN_DECLS

/* The columns that --columns names, or the usual ones; NULL with an error if it names others. The
 * title of a column is its name there, in small letters. Free with g_free(). */
IommuctlColumn *iommuctl_columns_choose (IommuctlRequest *request, const IommuctlColumn *columns,
                                         GError **error);

G_END_DECLS
