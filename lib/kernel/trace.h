/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One debug message for each ioctl, with its record's members as fields of the log. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* After the call; @errnum: 0 if it succeeded. */
void iommud_trace_ioctl (int fd, unsigned long request, const void *record, int errnum);

G_END_DECLS
