/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The bare ioctls that the benchmarks compare with, on a simulated kernel of their own and with
 * nothing of the model above them. Prints the median time of a repetition, in microseconds. */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "measure.h"
#include "simulator-fixture.h"
#include "workload.h"

typedef struct
{
  Simulator simulator;
  int iommufd;
  int cdev;
  guint32 ioas;
  int file;
  guint n_mapped;
} MapUser;

static void
map_user_set_up (MapUser *self)
{
  guint32 device;
  guint32 table;

  simulator_start (&self->simulator);
  simulator_add_iommu (&self->simulator, "dmar0");
  simulator_add_device (&self->simulator, "0000:01:00.0", "dmar0", -1, NULL);
  self->iommufd = simulator_open_iommufd (&self->simulator);
  g_assert_cmpint (simulator_ioas_alloc (&self->simulator, self->iommufd, &self->ioas), ==, 0);
  self->cdev = simulator_open_cdev (&self->simulator, "0000:01:00.0");
  g_assert_cmpint (simulator_bind (&self->simulator, self->cdev, self->iommufd, &device), ==, 0);
  g_assert_cmpint (
      simulator_hwpt_alloc (&self->simulator, self->iommufd, 0, device, self->ioas, &table), ==, 0);
  g_assert_cmpint (simulator_attach (&self->simulator, self->cdev, &table), ==, 0);
  self->file = workload_make_file (WORKLOAD_MAP_LENGTH);
}

static void
map_one (gpointer user_data)
{
  MapUser *self = user_data;
  void *memory = mmap (NULL, WORKLOAD_MAP_LENGTH, PROT_READ | PROT_WRITE,
                       MAP_SHARED | MAP_NORESERVE, self->file, 0);

  g_assert_true (memory != MAP_FAILED);
  g_assert_cmpint (simulator_map (&self->simulator, self->iommufd, self->ioas, memory,
                                  WORKLOAD_MAP_LENGTH, workload_get_iova (self->n_mapped++)),
                   ==, 0);
}

static double
measure_map (void)
{
  MapUser user = { 0 };

  map_user_set_up (&user);
  return measure_median (map_one, &user, WORKLOAD_MAPS);
}

int
main (int argc, char **argv)
{
  g_assert_cmpint (argc, ==, 2);
  if (strcmp (argv[1], "map") == 0)
    printf ("%f\n", measure_map ());
  else
    g_error ("No bare ioctls for %s", argv[1]);
  return 0;
}
