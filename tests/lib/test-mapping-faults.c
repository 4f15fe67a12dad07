/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Every kernel call that mapping makes fails at its n-th use, with each errno it can give.
 *
 * After each step a device can write exactly where the properties say that something is mapped, and
 * in the end no file is left open or mapped in this process. */
#include "config.h"

#include "mapping-fixture.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

typedef struct
{
  const char *kernel;
  const char *operation;
  int errnums[6];
} Fault;

/* The errnos that Linux can give. EEXIST and ENOENT say that others had their hands on the IOAS. */
static const Fault faults[] = {
  { "6.12", "ioas-map", { ENOMEM, EINVAL, EEXIST, ENOSPC, EFAULT, EADDRINUSE } },
  { "6.13", "ioas-map-file", { ENOMEM, EINVAL, EEXIST, ENOSPC, EBADF, ENOTTY } },
  { "6.12", "ioas-unmap", { ENOENT, EBUSY, EDEADLK, ENOMEM } },
  { "6.13", "ioas-unmap", { ENOENT, EBUSY, EDEADLK, ENOMEM } },
  { "6.12", "ioas-copy", { ENOMEM, EINVAL, EEXIST, ENOENT, EPERM, ENOSPC } },
  { "6.13", "ioas-copy", { ENOMEM, EFAULT } },
  { "6.12", "ioas-allow-iovas", { ENOMEM, EADDRINUSE, EINVAL } },
  { "6.12", "option", { EBUSY, EINVAL } },
  { "6.12", "ioas-iova-ranges", { ENOMEM } },
  { "6.12", "destroy", { EBUSY } },
};

typedef struct
{
  ModelFixture model;
  int file;
  IommudContainer *a; /* with a device of its own each */
  IommudContainer *b;
  const char *operation; /* NULL: nothing fails */
  int errnum;
} Run;

/* Over the ends of three of the pieces that a long mapping is made in, and of two turns. */
#define LONG_IOVA (GIB - PAGE)
#define LONG (GIB + 2 * PAGE)

/* What is written to, whether it should be mapped or not. */
static const guint64 probes[] = {
  0,
  PAGE,
  2 * PAGE,
  LONG_IOVA - PAGE,
  LONG_IOVA,
  GIB,
  2 * GIB - PAGE,
  2 * GIB,
  2 * GIB + PAGE,
  16 * GIB,
  16 * GIB + PAGE,
  17 * GIB,
  17 * GIB + PAGE,
  17 * GIB + 2 * PAGE,
  20 * GIB,
  32 * GIB - PAGE,
  32 * GIB,
  32 * GIB + PAGE,
};

static gboolean
is_listed (GVariant *mappings, guint64 iova)
{
  for (gsize i = 0; i < g_variant_n_children (mappings); i++)
    {
      guint64 first, length;

      g_variant_get_child (mappings, i, "(tttu)", &first, &length, NULL, NULL);
      if (iova >= first && iova - first < length)
        return TRUE;
    }
  return FALSE;
}

static void
assert_listed (Run *run, IommudContainer *container, const char *device)
{
  g_autoptr (GVariant) mappings = NULL;

  g_object_get (iommud_container_get_memory (container), "mappings", &mappings, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (probes); i++)
    g_assert_cmpint (
        iommud_simulator_device_write (run->model.simulator, device, probes[i], PAGE, 1, NULL), ==,
        is_listed (mappings, probes[i]));
}

static void
end_step (Run *run, gboolean ok, GError **error)
{
  if (ok)
    g_assert_no_error (*error);
  else
    {
      g_assert_true ((*error)->domain == IOMMUD_ERROR);
      if (run->operation == NULL)
        g_error ("%s", (*error)->message);
      g_assert_nonnull (strstr ((*error)->message, "Cannot "));
      if (strstr ((*error)->message, g_strerror (run->errnum)) != NULL)
        g_assert_cmpint ((*error)->code, ==, (gint) iommud_error_code_from_errno (run->errnum));
    }
  g_clear_error (error);
  assert_listed (run, run->a, DIRTY_A);
  assert_listed (run, run->b, DIRTY_B);
}

static guint64
map (Run *run, IommudContainer *container, guint64 length, guint64 iova, IommudMapFlags flags)
{
  g_autoptr (GError) error = NULL;
  guint64 mapped_iova = 0;

  end_step (
      run, call_map_file (container, run->file, 0, length, iova, flags, NULL, &mapped_iova, &error),
      &error);
  return mapped_iova;
}

static void
copy (Run *run, guint64 source_iova, guint64 length, guint64 iova, IommudMapFlags flags)
{
  g_autoptr (GError) error = NULL;

  end_step (
      run, call_copy_mapping (run->b, run->a, source_iova, length, iova, flags, NULL, NULL, &error),
      &error);
}

static void
unmap (Run *run, IommudContainer *container, guint64 iova, guint64 length)
{
  g_autoptr (GError) error = NULL;

  end_step (run, call_unmap (container, iova, length, 0, NULL, NULL, NULL, NULL, &error), &error);
}

static void
unmap_all (Run *run, IommudContainer *container)
{
  g_autoptr (GError) error = NULL;

  end_step (run, call_unmap_all (container, NULL, NULL, &error), &error);
}

static void
allow (Run *run)
{
  g_autoptr (GError) error = NULL;
  GVariant *ranges = g_variant_new_parsed ("[(@t 0x1000000000, @t 0x2000000000)]");

  end_step (run, call_set_allowed_iovas (run->a, ranges, NULL, &error), &error);
}

/* A container without huge pages, mapped and freed with what is in it; if that fails, again. */
static void
use_other_container (Run *run)
{
  g_autoptr (IommudContainerOptions) options = iommud_container_options_new ();
  g_autoptr (IommudContainer) container = NULL;
  g_autoptr (GError) error = NULL;

  g_object_set (options, "huge-pages", FALSE, NULL);
  container = iommud_host_create_container (run->model.host, options, NULL, &error);
  end_step (run, container != NULL, &error);
  if (container == NULL)
    return;
  map (run, container, LONG, LONG_IOVA, FIXED);
  if (iommud_container_free (container, TRUE, NULL, &error))
    return;
  end_step (run, FALSE, &error);
  g_assert_true (iommud_container_free (container, TRUE, NULL, &error));
}

static void
do_mapping_job (Run *run)
{
  guint64 iova;

  map (run, run->a, PAGE, 0, FIXED);
  map (run, run->a, LONG, LONG_IOVA, FIXED);
  allow (run);
  iova = map (run, run->a, 4 * PAGE, 0, READ_WRITE);
  copy (run, 0, PAGE, 20 * GIB, FIXED);
  copy (run, LONG_IOVA, LONG, 16 * GIB, FIXED);
  copy (run, LONG_IOVA, LONG, 0, READ_WRITE);
  if (iova != 0)
    copy (run, iova + PAGE, 2 * PAGE, 32 * GIB - PAGE, FIXED);
  unmap (run, run->a, 0, 4 * GIB);
  map (run, run->a, 2 * PAGE, 0, FIXED);
  unmap (run, run->b, 16 * GIB, 8 * GIB);
  unmap_all (run, run->b);
  unmap_all (run, run->a);
  use_other_container (run);
}

static void
set_up (Run *run, const char *kernel)
{
  g_autoptr (IommudContainerOptions) options = iommud_container_options_new ();
  g_autoptr (GError) error = NULL;

  model_fixture_set_up (&run->model, kernel);
  run->file = mapping_fixture_new_file (2 * GIB);
  run->a = model_fixture_container (&run->model, "a", IOMMUD_DIRTY_TRACKING_POLICY_PREFERRED);
  g_object_set (options, "share-context", run->a, NULL);
  run->b = iommud_host_create_container (run->model.host, options, NULL, &error);
  g_assert_no_error (error);
  model_fixture_attach (&run->model, run->a, DIRTY_A);
  model_fixture_attach (&run->model, run->b, DIRTY_B);
}

/* Whatever failed before, nothing is left when it fails no more. */
static void
tear_down (Run *run, guint files)
{
  g_autoptr (GError) error = NULL;

  call_unmap_all (run->a, NULL, NULL, &error);
  g_assert_no_error (error);
  call_unmap_all (run->b, NULL, NULL, &error);
  g_assert_no_error (error);
  mapping_fixture_assert_mapped (run->a, "[]");
  mapping_fixture_assert_mapped (run->b, "[]");
  assert_listed (run, run->a, DIRTY_A);
  assert_listed (run, run->b, DIRTY_B);
  g_assert_cmpuint (mapping_fixture_count_memory (), ==, 0);
  g_assert_cmpuint (mapping_fixture_count_files (), ==, files);
  close (run->file);
  model_fixture_free_container (run->b);
  model_fixture_free_container (run->a);
  model_fixture_tear_down (&run->model, NULL);
}

static guint
count_calls (const Fault *fault)
{
  Run run = { .operation = NULL };
  guint files;
  guint count;

  set_up (&run, fault->kernel);
  files = mapping_fixture_count_files ();
  count = iommud_simulator_count_calls (run.model.simulator, fault->operation);
  do_mapping_job (&run);
  count = iommud_simulator_count_calls (run.model.simulator, fault->operation) - count;
  tear_down (&run, files);
  return count;
}

static void
fail_nth (const Fault *fault, guint nth, int errnum)
{
  Run run = { .operation = fault->operation, .errnum = errnum };
  guint files;

  g_test_message ("%s, call %u: %s", fault->operation, nth, g_strerror (errnum));
  set_up (&run, fault->kernel);
  files = mapping_fixture_count_files ();
  model_fixture_inject (&run.model, fault->operation, nth, errnum, 0);
  do_mapping_job (&run);
  tear_down (&run, files);
}

static void
test_operation (gconstpointer data)
{
  const Fault *fault = data;
  guint calls = count_calls (fault);

  g_assert_cmpuint (calls, >, 0);
  for (guint i = 0; i < G_N_ELEMENTS (fault->errnums) && fault->errnums[i] != 0; i++)
    for (guint nth = 1; nth <= calls; nth++)
      fail_nth (fault, nth, fault->errnums[i]);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (faults); i++)
    {
      g_autofree char *path =
          g_strdup_printf ("/mapping-faults/%s/%s", faults[i].kernel, faults[i].operation);

      g_test_add_data_func (path, &faults[i], test_operation);
    }
  return g_test_run ();
}
