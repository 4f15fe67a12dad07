/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a simulated host does while a worker reads the next edit of its file. */
#include "config.h"

#include "follow-fixture.h"

#include "backend/backend.h"

#include <dlfcn.h>
#include <fcntl.h>

#define CHANGED "<device name='0000:01:00.0' group='1' numa-node='1'/>"

/* Longer than a few of the times at which the machine is asked again. */
#define LONG_MS 300

/* A reading that does not begin before the test lets it. */
static gboolean hold;
static GTask *held;
static GTaskThreadFunc held_work;

static void
run_in_thread (GTask *task, GTaskThreadFunc work)
{
  static void (*real) (GTask *, GTaskThreadFunc);

  if (real == NULL)
    *(void **) &real = dlsym (RTLD_NEXT, "g_task_run_in_thread");
  real (task, work);
}

/* It stands before GIO's own function. */
__attribute__ ((visibility ("default"))) void
g_task_run_in_thread (GTask *task, GTaskThreadFunc work)
{
  if (!hold)
    return run_in_thread (task, work);
  g_assert_null (held);
  held = g_object_ref (task);
  held_work = work;
}

static void
let_go (void)
{
  hold = FALSE;
  run_in_thread (held, held_work);
  g_clear_object (&held);
}

static gboolean
on_time (gpointer is_over)
{
  *(gboolean *) is_over = TRUE;
  return G_SOURCE_REMOVE;
}

static void
wait_long (void)
{
  gboolean is_over = FALSE;

  g_timeout_add (LONG_MS, on_time, &is_over);
  while (!is_over)
    g_main_context_iteration (NULL, TRUE);
}

/* What is applied is in the hands of the worker, so an earlier edit does not go on, although its
 * device could come now. */
static void
test_earlier_edit_waits (FollowFixture *self, gconstpointer unused)
{
  const IommudSyscalls *syscalls = iommud_backend_get_syscalls (IOMMUD_BACKEND (self->simulator));
  int fd;

  follow_fixture_expect (self, "+0000:01:00.0 ");
  fd = syscalls->open (syscalls, "/dev/vfio/devices/vfio0", 0, O_RDWR | O_CLOEXEC);
  g_assert_cmpint (fd, >=, 0);
  follow_fixture_write_host (self, CHANGED DEVICE ("2"));
  follow_fixture_expect (self, "-0000:01:00.0 +0000:02:00.0 ");
  hold = TRUE;
  follow_fixture_write_host (self, CHANGED DEVICE ("2") DEVICE ("3"));
  while (held == NULL)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpint (syscalls->close (syscalls, fd), ==, 0);
  wait_long ();
  g_assert_cmpstr (self->log->str, ==, "");
  let_go ();
  follow_fixture_expect (self, "+0000:01:00.0 +0000:03:00.0 ");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/follow/reading/earlier-edit-waits", FollowFixture, NULL, follow_fixture_set_up,
              test_earlier_edit_waits, follow_fixture_tear_down);
  return g_test_run ();
}
