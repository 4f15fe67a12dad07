/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Refreshing a container with very many mappings, which takes turns. */
#include "config.h"

#include <sys/mman.h>
#include <unistd.h>

#include "kernel/iommufd.h"
#include "backend/backend.h"
#include "lease-fixture.h"
#include "model/container.h"

#define PAGE 4096
#define MANY 2500

static void
on_refreshed (GObject *container, GAsyncResult *result, gpointer n_done)
{
  g_assert_true (iommud_container_refresh_finish (IOMMUD_CONTAINER (container), result, NULL));
  ++*(guint *) n_done;
}

static void
on_freed (GObject *container, GAsyncResult *result, gpointer n_done)
{
  g_assert_true (iommud_container_free_finish (IOMMUD_CONTAINER (container), result, NULL));
  ++*(guint *) n_done;
}

/* What changes mappings waits until all of them were looked at. */
static void
refresh_and_free (IommudContainer *container)
{
  guint n_done = 0;

  iommud_container_refresh_async (container, NULL, on_refreshed, &n_done);
  iommud_container_free_async (container, TRUE, NULL, on_freed, &n_done);
  while (n_done < 2)
    g_main_context_iteration (NULL, TRUE);
}

/* Mappings are looked at in several turns: what is missing is found in the first and in the last.
 */
static void
test_refresh_many (ModelFixture *fixture, gconstpointer unused)
{
  const IommudSyscalls *syscalls =
      iommud_backend_get_syscalls (IOMMUD_BACKEND (fixture->simulator));
  int guard = -1;
  g_autoptr (IommudLease) lease = lease_fixture_create (fixture, "vm1", &guard);
  g_autoptr (IommudContainer) container = lease_fixture_container (fixture, lease, DIRTY_A);
  int iommufd = iommud_context_get_fd (iommud_container_get_context (container));
  guint32 ioas_id = iommud_container_get_ioas_id (container);
  int memory_file = memfd_create ("memory", MFD_CLOEXEC);
  guint64 bytes = 0;

  g_assert_cmpint (ftruncate (memory_file, PAGE), ==, 0);
  for (guint64 i = 0; i < MANY; i++)
    g_assert_true (call_map_file (container, memory_file, 0, PAGE, i * 2 * PAGE,
                                  IOMMUD_MAP_FLAGS_READABLE | IOMMUD_MAP_FLAGS_FIXED, NULL, NULL,
                                  NULL));
  for (guint64 i = 0; i < MANY; i += MANY - 1)
    g_assert_cmpint (iommud_iommufd_ioas_unmap (syscalls, iommufd, ioas_id, i * 2 * PAGE, PAGE), ==,
                     0);
  g_assert_true (iommud_container_refresh (container, NULL, NULL));
  g_object_get (iommud_container_get_memory (container), "mapped-bytes", &bytes, NULL);
  g_assert_cmpuint (bytes, ==, (MANY - 2) * PAGE);
  refresh_and_free (container);
  close (memory_file);
  close (guard);
  lease_fixture_wait_for_end (fixture);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/refresh/turns", ModelFixture, NULL, lease_fixture_set_up, test_refresh_many,
              lease_fixture_tear_down);
  return g_test_run ();
}
