/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Refresh: what a caller is told of a container that others change, too, and how a call that fails
 * brings it about. */
#include <errno.h>

#include "leases.h"
#include "memory.h"
#include "stale.h"

#include <unistd.h>

#define PCI_1 "0000:01:00.0"

static char *
make_container (Bed *bed)
{
  char *container = bed_create (bed, NULL);
  g_autofree char *device = bed_device (bed, PCI_1);
  g_autofree char *hwpt G_GNUC_UNUSED = bed_attach (bed, container, device);
  int file = memory_new (16 * PAGE);

  memory_map (bed, container, file, 0, 16 * PAGE, GIBIBYTE, NULL);
  close (file);
  return container;
}

/* Nothing is gone, and nothing changes. */
static void
test_unchanged (void)
{
  g_autoptr (Bed) bed = bed_new (NULL);
  g_autofree char *container = make_container (bed);
  g_autoptr (GVariant) before = bed_get_managed_objects (bed);
  g_autoptr (GVariant) after = NULL;

  bed_call_ok (bed, container, "Refresh", bed_options (NULL));
  after = bed_get_managed_objects (bed);
  g_assert_cmpvariant (after, before);
  bed_call_fails (bed, container, "Refresh", bed_options ("{'x': <1>}"),
                  IOMMUD_ERROR_INVALID_ARGUMENT, "*Unknown option*");
  bed_call_ok (bed, container, "Free", bed_options ("{'force': <true>}"));
}

static void
test_errors (void)
{
  static const struct
  {
    const char *operation;
    int errnum;
    int code;
  } faults[] = {
    { "option", EPERM, IOMMUD_ERROR_PERMISSION_DENIED },
    { "option", EIO, IOMMUD_ERROR_FAILED },
    { "ioas-iova-ranges", ENOMEM, IOMMUD_ERROR_NO_MEMORY },
    { "get-dirty-bitmap", ENOMEM, IOMMUD_ERROR_FAILED },
    { "ioas-copy", ENOMEM, IOMMUD_ERROR_FAILED },
  };
  g_autoptr (Bed) bed = bed_new (NULL);
  g_autofree char *container = make_container (bed);

  for (gsize i = 0; i < G_N_ELEMENTS (faults); i++)
    {
      g_assert_true (iommud_simulator_inject_fault (bed->simulator, faults[i].operation, 1,
                                                    faults[i].errnum, 0, NULL));
      bed_call_fails (bed, container, "Refresh", bed_options (NULL), faults[i].code, "*refresh*");
    }
  bed_assert (bed, container, "MappingCount", "1");
  bed_assert (bed, container, "HwptCount", "1");
  bed_call_ok (bed, container, "Free", bed_options ("{'force': <true>}"));
}

/* The kernel says that something is gone: the call fails, and the container is compared. */
static void
test_repair (void)
{
  g_autoptr (Bed) bed = bed_new (NULL);
  Lease *lease = leases_create (bed, NULL);
  g_autofree char *container =
      bed_call_for_path (bed, lease->path, "CreateContainer", bed_options (NULL));
  g_autofree char *option = g_strdup_printf ("{'container': <objectpath '%s'>}", container);
  int file = memory_new (16 * PAGE);
  g_autoptr (GVariant) reply = NULL;
  g_autoptr (GError) error = NULL;
  guint n_calls;

  memory_map (bed, container, file, 0, 16 * PAGE, GIBIBYTE, NULL);
  close (file);
  reply = leases_call (bed, lease->path, "OpenIommufd", bed_options (option), NULL, &error);
  g_assert_no_error (error);
  n_calls = iommud_simulator_count_calls (bed->simulator, "ioas-copy");
  g_assert_true (iommud_simulator_inject_fault (bed->simulator, "ioas-unmap", 1, ENOENT, 0, NULL));
  bed_call_fails (bed, container, "Unmap", memory_range_arguments (GIBIBYTE, 16 * PAGE, NULL),
                  IOMMUD_ERROR_NOT_FOUND, "*");
  while (iommud_simulator_count_calls (bed->simulator, "ioas-copy") == n_calls)
    bed_iterate ();
  bed_settle (bed);
  bed_assert (bed, container, "MappingCount", "1");
  lease_close (lease);
  leases_wait_for_end (bed);
}

/* So many comparisons were made since, before the one that is made here. */
static guint
count_comparisons (Bed *bed, const char *container, guint *n_calls)
{
  guint before;
  guint each;

  bed_call_ok (bed, container, "Refresh", bed_options (NULL));
  before = iommud_simulator_count_calls (bed->simulator, "ioas-iova-ranges");
  bed_call_ok (bed, container, "Refresh", bed_options (NULL));
  each = iommud_simulator_count_calls (bed->simulator, "ioas-iova-ranges") - before;
  g_assert_cmpuint (each, >, 0);
  before = *n_calls;
  *n_calls = iommud_simulator_count_calls (bed->simulator, "ioas-iova-ranges");
  return (*n_calls - before) / each - 2;
}

/* Whatever fails, and however much of it: one comparison is under way at a time, and only of what
 * others change, too. */
static void
test_failures (void)
{
  g_autoptr (Bed) bed = bed_new (NULL);
  Lease *lease = leases_create (bed, NULL);
  g_autofree char *path =
      bed_call_for_path (bed, lease->path, "CreateContainer", bed_options (NULL));
  g_autofree char *option = g_strdup_printf ("{'container': <objectpath '%s'>}", path);
  g_autofree char *device = bed_device (bed, PCI_1);
  g_autofree char *hwpt_path G_GNUC_UNUSED = bed_attach (bed, path, device);
  g_autoptr (IommudContainer) container =
      g_list_model_get_item (iommud_host_get_containers (bed->host), 0);
  g_autoptr (IommudHwpt) hwpt = g_list_model_get_item (iommud_container_get_hwpts (container), 0);
  g_autoptr (GError) gone = g_error_new (IOMMUD_ERROR, IOMMUD_ERROR_NOT_FOUND, "gone");
  g_autoptr (GError) busy = g_error_new (IOMMUD_ERROR, IOMMUD_ERROR_BUSY, "busy");
  g_autoptr (GError) other = g_error_new (IOMMUD_ERROR, IOMMUD_ERROR_FAILED, "other");
  g_autoptr (GVariant) reply = NULL;
  guint n_calls = 0;

  (void) count_comparisons (bed, path, &n_calls);
  iommud_stale_note_failure (container, gone); /* nobody else has its context */
  g_assert_cmpuint (count_comparisons (bed, path, &n_calls), ==, 0);
  reply = leases_call (bed, lease->path, "OpenIommufd", bed_options (option), NULL, NULL);
  g_assert_nonnull (reply);
  iommud_stale_note_failure (container, other);
  iommud_stale_note_failure (NULL, gone);
  g_assert_cmpuint (count_comparisons (bed, path, &n_calls), ==, 0);
  for (guint i = 0; i < 3; i++)
    iommud_stale_note_failure (container, gone);
  g_assert_cmpuint (count_comparisons (bed, path, &n_calls), ==, 1);
  iommud_stale_note_failure (hwpt, busy);
  g_assert_cmpuint (count_comparisons (bed, path, &n_calls), ==, 1);
  lease_close (lease);
  leases_wait_for_end (bed);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/refresh/unchanged", test_unchanged);
  g_test_add_func ("/refresh/errors", test_errors);
  g_test_add_func ("/refresh/repair", test_repair);
  g_test_add_func ("/refresh/failures", test_failures);
  return g_test_run ();
}
