/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a conformance sequence has: variables, files, memory. */
#pragma once

#include "conformance-interpreter.h"

G_BEGIN_DECLS

typedef struct
{
  void *address;
  gsize length;
} ConformanceMemory;

struct _Conformance
{
  ConformanceHost *host;
  GHashTable *variables; /* name to guint64 */
  GHashTable *files;     /* name to fd, -1 once closed */
  GArray *open_files;    /* of int: also those whose name was given to another */
  GArray *memory;        /* of ConformanceMemory */
  gboolean background;   /* something was begun and has not been seen to end */
  char *background_answer;
};

const char *conformance_get_errno_name (int errnum);

G_END_DECLS
