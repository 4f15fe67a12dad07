/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The names of operations. */
#include "config.h"

#include "sim/description/operations.h"

/* clang-format off: one a line */
const char *const iommud_simulated_operations[] = {
  "open-iommufd",
  "open-cdev",
  "close-iommufd",
  "close-cdev",
  "destroy",
  "ioas-alloc",
  "ioas-allow-iovas",
  "ioas-copy",
  "ioas-iova-ranges",
  "ioas-map",
  "ioas-map-file",
  "ioas-unmap",
  "option",
  "hwpt-alloc",
  "get-hw-info",
  "set-dirty-tracking",
  "get-dirty-bitmap",
  "hwpt-invalidate",
  "fault-queue-alloc",
  "vfio-ioas",
  "bind",
  "attach",
  "detach",
  "get-info",
  "get-region-info",
  "get-irq-info",
  "reset",
  "feature",
  "dma-logging-start",
  "dma-logging-stop",
  "dma-logging-report",
  "madvise",
  NULL,
};
/* clang-format on */

G_STATIC_ASSERT (G_N_ELEMENTS (iommud_simulated_operations)
                 == IOMMUD_SIMULATED_OPERATIONS_COUNT + 1);

int
iommud_simulated_operation_from_name (const char *name)
{
  for (int i = 0; iommud_simulated_operations[i] != NULL; i++)
    if (g_str_equal (iommud_simulated_operations[i], name))
      return i;
  return -1;
}
