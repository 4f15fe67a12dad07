/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* This thread as another user with other capabilities, and back. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Returns 0 or an errno. */
int conformance_user_become (guint32 uid, guint64 capabilities);
void conformance_user_resume (void);

G_END_DECLS