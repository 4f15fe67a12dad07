/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A test that maps a TiB is skipped under valgrind: a memory debugger keeps records of everything
 * that is mapped, which would be too large and too slow, and it has less address space to give. */
#pragma once

#include <glib.h>
#include <string.h>

static inline gboolean
skip_under_valgrind (void)
{
  const char *preloaded = g_getenv ("LD_PRELOAD");

  if (preloaded == NULL || strstr (preloaded, "vgpreload") == NULL)
    return FALSE;
  g_test_skip ("not under valgrind");
  return TRUE;
}
