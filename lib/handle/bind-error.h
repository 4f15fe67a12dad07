/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Why BIND fails: one errno has several causes, and what is around the device tells which. For
 * workers. */
#pragma once

#include "iommud-error.h"
#include "probe/probe.h"

G_BEGIN_DECLS

/* @group_holder: who of this process has the device's group as well, or NULL. @cause: out; may be
 * NULL. Returns the code of the error, or -1 for that of the errno. */
int iommud_bind_error_explain (IommudProbe *probe, const IommudDeviceInfo *info,
                               const char *group_holder, int errnum, char **cause);

/* A device of the device's group that a host driver holds, for an error; NULL if there is none. */
char *iommud_bind_error_find_host_driver (IommudProbe *probe, const IommudDeviceInfo *info);

G_END_DECLS
