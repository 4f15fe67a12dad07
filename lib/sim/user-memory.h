/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Memory of the calling process as a kernel sees it: a bad address is EFAULT and never a signal. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define IOMMUD_SIMULATED_PAGE_SIZE G_GUINT64_CONSTANT (4096)

/* 0 or EFAULT. Of what lies before the bad address, some may have been copied. */
int iommud_simulated_copy_from_user (void *to, guint64 from, gsize length);
int iommud_simulated_copy_to_user (guint64 to, const void *from, gsize length);
/* Whether memory is there that could be pinned; its ends are made present. 0 or EFAULT. */
int iommud_simulated_pin_user (guint64 address, guint64 length, gboolean writable);

G_END_DECLS
