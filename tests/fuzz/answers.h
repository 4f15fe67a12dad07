/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a client of the fuzzer makes of answers. */
#pragma once

#include <gio/gunixfdlist.h>

#include "pool.h"

G_BEGIN_DECLS

typedef struct
{
  char *path;
  char *interface;
  char *method;
} AnsweredCall;

G_NORETURN void answers_give_up (const char *what, const char *cause);
void answers_check_error (const AnsweredCall *call, GHashTable *listed, const GError *error);
void answers_take (const AnsweredCall *call, Pool *pool, GVariant *reply, GUnixFDList *files);

G_END_DECLS
