/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is done both over the bus and with bare ioctls. */
#include "config.h"

#include "workload.h"

#include <sys/mman.h>
#include <unistd.h>

int
workload_make_file (guint64 length)
{
  int file = memfd_create ("iommud-bench", MFD_CLOEXEC);

  g_assert_cmpint (file, >=, 0);
  g_assert_cmpint (ftruncate (file, (off_t) length), ==, 0);
  return file;
}

guint64
workload_get_iova (guint n)
{
  return WORKLOAD_MAP_LENGTH * (4 + (guint64) n);
}
