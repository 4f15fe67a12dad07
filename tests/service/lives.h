/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The lives of a service that has a service manager: it ends and begins again, on the same kernel.
 */
#pragma once

#include "bed.h"
#include "keeper.h"
#include "manager.h"

G_BEGIN_DECLS

typedef struct
{
  Bed *bed;
  Manager *manager;
  char *folder;
  IommudKeeper *keeper;
} Lives;

/* What is said of it, one pattern each; NULL at the end. */
void lives_expect (const char *const *patterns);
void lives_begin (Lives *self);
void lives_begin_that_says (Lives *self, const char *const *patterns);
/* Its files are closed and nothing more is done. */
void lives_kill (Lives *self);
void lives_stop (Lives *self);
/* The first one has begun. */
void lives_set_up (Lives *self, gconstpointer unused);
void lives_tear_down (Lives *self, gconstpointer unused);
/* The kinds of the files that the manager has, one after the other. */
void lives_assert_kept (Lives *self, const char *expected);

G_END_DECLS
