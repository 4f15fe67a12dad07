/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is wrong in configuration files, each with its file and line. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _IommudProblems IommudProblems;

IommudProblems *iommud_problems_new (void);
void iommud_problems_free (IommudProblems *self);
void iommud_problems_add (IommudProblems *self, const char *file, guint line, const char *format,
                          ...) G_GNUC_PRINTF (4, 5);
const GPtrArray *iommud_problems_get (const IommudProblems *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (IommudProblems, iommud_problems_free)

G_END_DECLS
