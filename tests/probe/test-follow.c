/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A simulated host follows its file: good edits, bad edits, edits while devices are in use. */
#include "config.h"

#include "follow-fixture.h"

#include "backend/backend.h"
#include "iommud-error.h"
#include "xml/host-description.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* As scripts do: into the same file, bit by bit. */
static void
rewrite_host (FollowFixture *fixture, const char *body)
{
  FILE *file = fopen (fixture->path, "we");

  g_assert_nonnull (file);
  fprintf (file, "<simulated-host>\n<iommu name='a'/>\n");
  fflush (file);
  fprintf (file, "%s</simulated-host>\n", body);
  g_assert_cmpint (fclose (file), ==, 0);
}

static GLogWriterOutput
collect_warnings (GLogLevelFlags level, const GLogField *fields, gsize count, gpointer data)
{
  GString *warnings = data;

  for (gsize i = 0; (level & G_LOG_LEVEL_WARNING) && i < count; i++)
    if (g_str_equal (fields[i].key, "MESSAGE"))
      g_string_append_printf (warnings, "%s\n", (const char *) fields[i].value);
  return G_LOG_WRITER_HANDLED;
}

static void
test_plug_and_unplug (FollowFixture *fixture, gconstpointer data)
{
  follow_fixture_expect (fixture, "+0000:01:00.0 ");
  follow_fixture_write_host (fixture, DEVICE ("1") DEVICE ("2"));
  follow_fixture_expect (fixture, "+0000:02:00.0 ");
  rewrite_host (fixture, DEVICE ("2"));
  follow_fixture_expect (fixture, "-0000:01:00.0 ");
}

/* Only what changed is touched. */
static void
test_change (FollowFixture *fixture, gconstpointer data)
{
  follow_fixture_expect (fixture, "+0000:01:00.0 ");
  follow_fixture_write_host (fixture, DEVICE ("1") DEVICE ("2"));
  follow_fixture_expect (fixture, "+0000:02:00.0 ");
  follow_fixture_write_host (
      fixture, DEVICE ("1") "<device name='0000:02:00.0' group='2' driver='mlx5_vfio_pci'/>");
  follow_fixture_expect (fixture, "-0000:02:00.0 +0000:02:00.0 ");
  follow_fixture_write_host (fixture,
                             DEVICE ("1") "<device name='0000:02:00.0' group='2' plugged='no'/>");
  follow_fixture_expect (fixture, "-0000:02:00.0 ");
  follow_fixture_write_host (fixture, DEVICE ("1") DEVICE ("2"));
  follow_fixture_expect (fixture, "+0000:02:00.0 ");
}

static void
test_other_iommu_and_mdev (FollowFixture *fixture, gconstpointer data)
{
  follow_fixture_expect (fixture, "+0000:01:00.0 ");
  follow_fixture_write_host (
      fixture, "<iommu name='b'/><device name='0000:01:00.0' group='1' iommu='a'/>"
               "<device name='0000:05:00.0' group='5' iommu='b'/>"
               "<host-device name='mtty' bus='virtual' driver='mtty'/>"
               "<mdev name='3f5a1bb4-6b0e-4c5c-9f0b-000000000001' parent='mtty' type='t'/>");
  follow_fixture_expect (fixture, "+0000:05:00.0 +3f5a1bb4-6b0e-4c5c-9f0b-000000000001 ");
  follow_fixture_write_host (fixture, DEVICE ("1"));
  while (fixture->log->len < 2)
    g_main_context_iteration (NULL, TRUE);
  g_assert_nonnull (strstr (fixture->log->str, "-0000:05:00.0 "));
  g_assert_nonnull (strstr (fixture->log->str, "-3f5a1bb4-6b0e-4c5c-9f0b-000000000001 "));
}

/* Not only with the first edit. */
static void
test_later_iommu (FollowFixture *fixture, gconstpointer data)
{
  follow_fixture_expect (fixture, "+0000:01:00.0 ");
  follow_fixture_write_host (fixture, DEVICE ("1") DEVICE ("2"));
  follow_fixture_expect (fixture, "+0000:02:00.0 ");
  follow_fixture_write_host (fixture,
                             "<iommu name='b'/><device name='0000:01:00.0' group='1' iommu='a'/>"
                             "<device name='0000:02:00.0' group='2' iommu='a'/>"
                             "<device name='0000:05:00.0' group='5' iommu='b'/>");
  follow_fixture_expect (fixture, "+0000:05:00.0 ");
}

/* A device whose node is open leaves for good when it is closed, and only then comes back. */
static void
test_change_in_use (FollowFixture *fixture, gconstpointer data)
{
  const IommudSyscalls *syscalls =
      iommud_backend_get_syscalls (IOMMUD_BACKEND (fixture->simulator));
  int fd;

  follow_fixture_expect (fixture, "+0000:01:00.0 ");
  fd = syscalls->open (syscalls, "/dev/vfio/devices/vfio0", 0, O_RDWR | O_CLOEXEC);
  g_assert_cmpint (fd, >=, 0);
  follow_fixture_write_host (fixture,
                             "<device name='0000:01:00.0' group='1' numa-node='1'/>" DEVICE ("2"));
  follow_fixture_expect (fixture, "-0000:01:00.0 +0000:02:00.0 ");
  g_assert_cmpint (syscalls->close (syscalls, fd), ==, 0);
  follow_fixture_expect (fixture, "+0000:01:00.0 ");
}

static void
test_new_fault (FollowFixture *fixture, gconstpointer data)
{
  const IommudSyscalls *syscalls =
      iommud_backend_get_syscalls (IOMMUD_BACKEND (fixture->simulator));

  follow_fixture_expect (fixture, "+0000:01:00.0 ");
  follow_fixture_write_host (fixture,
                             DEVICE ("2") "<fault operation='open-iommufd' errno='EMFILE'/>");
  follow_fixture_expect (fixture, "-0000:01:00.0 +0000:02:00.0 ");
  g_assert_cmpint (syscalls->open (syscalls, "/dev/iommu", 0, O_RDWR | O_CLOEXEC), ==, -1);
  g_assert_cmpint (errno, ==, EMFILE);
}

/* A fault that is in the file as before is not armed again: it has struck. */
static void
test_old_fault (FollowFixture *fixture, gconstpointer data)
{
  static const char fault[] = "<fault operation='open-iommufd' call='1' errno='EMFILE'/>";
  const IommudSyscalls *syscalls =
      iommud_backend_get_syscalls (IOMMUD_BACKEND (fixture->simulator));
  g_autofree char *before = g_strconcat (DEVICE ("2"), fault, NULL);
  g_autofree char *after = g_strconcat (DEVICE ("3"), fault, NULL);
  int fd;

  follow_fixture_expect (fixture, "+0000:01:00.0 ");
  follow_fixture_write_host (fixture, before);
  follow_fixture_expect (fixture, "-0000:01:00.0 +0000:02:00.0 ");
  g_assert_cmpint (syscalls->open (syscalls, "/dev/iommu", 0, O_RDWR | O_CLOEXEC), ==, -1);
  follow_fixture_write_host (fixture, after);
  follow_fixture_expect (fixture, "-0000:02:00.0 +0000:03:00.0 ");
  fd = syscalls->open (syscalls, "/dev/iommu", 0, O_RDWR | O_CLOEXEC);
  g_assert_cmpint (fd, >=, 0);
  g_assert_cmpint (syscalls->close (syscalls, fd), ==, 0);
}

/* Runs in a child, as a log writer can be set but once. */
static void
test_bad_edits (FollowFixture *fixture, gconstpointer data)
{
  g_autoptr (GString) warnings = g_string_new ("");
  g_autofree char *expected = g_strdup_printf (
      "%s:3: unknown element \"dvice\" in <simulated-host>; the simulated host stays as it was\n",
      fixture->path);
  g_autofree char *gone = g_strdup_printf (
      "%s: cannot open: No such file or directory (ENOENT); the simulated host stays as it was\n",
      fixture->path);

  if (!g_test_subprocess ())
    {
      g_test_trap_subprocess (NULL, 0, G_TEST_SUBPROCESS_DEFAULT);
      g_test_trap_assert_passed ();
      return;
    }
  g_log_set_writer_func (collect_warnings, warnings, NULL);
  g_log_set_always_fatal (G_LOG_LEVEL_ERROR);
  follow_fixture_expect (fixture, "+0000:01:00.0 ");
  follow_fixture_write_host (fixture, DEVICE ("2") "<dvice/>");
  while (warnings->len == 0)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpstr (warnings->str, ==, expected);
  g_assert_cmpstr (fixture->log->str, ==, "");
  g_string_truncate (warnings, 0);
  g_remove (fixture->path);
  while (warnings->len == 0)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpstr (warnings->str, ==, gone);
  follow_fixture_write_host (fixture, DEVICE ("1") DEVICE ("2"));
  follow_fixture_expect (fixture, "+0000:02:00.0 ");
}

static void
test_iommu_stays (FollowFixture *fixture, gconstpointer data)
{
  g_autofree char *expected = g_strdup_printf (
      "%s: IOMMU a stays as it was: restart the service to change it\n", fixture->path);
  g_autoptr (GString) warnings = g_string_new ("");

  if (!g_test_subprocess ())
    {
      g_test_trap_subprocess (NULL, 0, G_TEST_SUBPROCESS_DEFAULT);
      g_test_trap_assert_passed ();
      return;
    }
  g_log_set_writer_func (collect_warnings, warnings, NULL);
  g_log_set_always_fatal (G_LOG_LEVEL_ERROR);
  follow_fixture_expect (fixture, "+0000:01:00.0 ");
  g_file_set_contents (fixture->path,
                       "<simulated-host><iommu name='a' nesting='yes'/>" DEVICE ("1")
                           DEVICE ("2") "</simulated-host>",
                       -1, NULL);
  follow_fixture_expect (fixture, "+0000:02:00.0 ");
  g_assert_cmpstr (warnings->str, ==, expected);
}

#define MANY 10000

/* Many devices that are not plugged: they cost the time to read them. */
static char *
describe_many (const char *body)
{
  GString *xml = g_string_new (body);

  for (guint i = 0; i < MANY; i++)
    g_string_append_printf (xml, "<device name='%04x:%02x:00.0' group='%u' plugged='no'/>\n",
                            256 + i / 256, i % 256, 1000 + i);
  return g_string_free (xml, FALSE);
}

/* In milliseconds. */
static double
get_thread_time (void)
{
  struct timespec time;

  g_assert_cmpint (clock_gettime (CLOCK_THREAD_CPUTIME_ID, &time), ==, 0);
  return (double) time.tv_sec * 1e3 + (double) time.tv_nsec / 1e6;
}

/* The time of this thread is a fraction of what reading the file takes. */
static void
test_worker (FollowFixture *fixture, gconstpointer data)
{
  g_autofree char *many = describe_many (DEVICE ("1"));
  g_autofree char *more = g_strconcat (many, DEVICE ("2"), NULL);
  g_autofree char *last = g_strconcat (more, DEVICE ("3"), NULL);
  IommudSimulatedHost *host;
  double started;
  double followed;
  double read;

  follow_fixture_expect (fixture, "+0000:01:00.0 ");
  follow_fixture_write_host (fixture, more);
  follow_fixture_expect (fixture, "+0000:02:00.0 ");
  follow_fixture_write_host (fixture, last);
  started = get_thread_time ();
  follow_fixture_expect (fixture, "+0000:03:00.0 ");
  followed = get_thread_time () - started;
  started = get_thread_time ();
  host = iommud_xml_load_simulated_host (fixture->path, NULL, NULL);
  read = get_thread_time () - started;
  g_assert_nonnull (host);
  iommud_simulated_host_free (host);
  g_test_message ("%.3f ms to follow, %.3f ms to read", followed, read);
  g_assert_cmpfloat (followed, <, read / 2);
}

static gboolean
on_turn (gpointer data)
{
  gsize *lengths = data;
  const FollowFixture *fixture = (const FollowFixture *) lengths[2];

  lengths[1] = MAX (lengths[1], fixture->log->len - lengths[0]);
  lengths[0] = fixture->log->len;
  return G_SOURCE_CONTINUE;
}

/* The main loop does other things while a large edit is applied. */
static void
test_steps (FollowFixture *fixture, gconstpointer data)
{
  const gsize one = strlen ("+0000:01:00.0 ");
  gsize lengths[3] = { 0, 0, (gsize) fixture };
  g_autoptr (GString) body = g_string_new (NULL);
  guint turns;

  follow_fixture_expect (fixture, "+0000:01:00.0 ");
  for (guint i = 0; i < 500; i++)
    g_string_append_printf (body, "<device name='%04x:00:00.0' group='%u'/>\n", 256 + i, i);
  follow_fixture_write_host (fixture, body->str);
  turns = g_timeout_add (0, on_turn, lengths);
  while (fixture->log->len < 501 * one)
    g_main_context_iteration (NULL, TRUE);
  g_source_remove (turns);
  g_assert_true (g_str_has_prefix (fixture->log->str, "-0000:01:00.0 +0100:00:00.0 "));
  g_assert_cmpuint (lengths[1], >=, one);
  g_assert_cmpuint (lengths[1], <=, 2 * 64 * one);
}

/* An edit that comes while another is being read. */
static void
test_quick_edits (FollowFixture *fixture, gconstpointer data)
{
  g_autofree char *many = describe_many (DEVICE ("5"));

  follow_fixture_expect (fixture, "+0000:01:00.0 ");
  for (guint i = 0; i < 5; i++)
    {
      const gint64 end = g_get_monotonic_time () + 40000 * (gint64) i;

      follow_fixture_write_host (fixture, many);
      while (g_get_monotonic_time () < end)
        g_main_context_iteration (NULL, FALSE);
    }
  follow_fixture_write_host (fixture, DEVICE ("1") DEVICE ("2"));
  while (!g_str_has_suffix (fixture->log->str, "+0000:02:00.0 "))
    g_main_context_iteration (NULL, TRUE);
  follow_fixture_write_host (fixture, DEVICE ("1"));
  while (!g_str_has_suffix (fixture->log->str, "-0000:02:00.0 "))
    g_main_context_iteration (NULL, TRUE);
}

/* The worker may be reading when the simulated host ends: nothing waits for it. */
static void
test_end (FollowFixture *fixture, gconstpointer data)
{
  g_autofree char *many = describe_many (DEVICE ("1"));

  follow_fixture_expect (fixture, "+0000:01:00.0 ");
  for (guint delay = 145; delay < 175; delay += 3)
    {
      const gint64 end = g_get_monotonic_time () + (gint64) delay * 1000;
      g_autoptr (IommudSimulator) other = iommud_simulator_new (fixture->path, NULL);

      g_assert_nonnull (other);
      follow_fixture_write_host (fixture, many);
      g_assert_true (iommud_simulator_follow_file (other, NULL));
      while (g_get_monotonic_time () < end)
        g_main_context_iteration (NULL, FALSE);
      g_assert_finalize_object (g_steal_pointer (&other));
    }
  follow_fixture_write_host (fixture, DEVICE ("1") DEVICE ("2"));
  follow_fixture_expect (fixture, "+0000:02:00.0 ");
}

static void
test_without_file (void)
{
  g_autoptr (IommudSimulator) simulator = iommud_simulator_new (NULL, NULL);
  g_autoptr (GError) error = NULL;

  g_assert_false (iommud_simulator_follow_file (simulator, &error));
  g_assert_error (error, IOMMUD_ERROR, IOMMUD_ERROR_NOT_SUPPORTED);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD_TEST(name, function)                                                                   \
  g_test_add ("/follow/" name, FollowFixture, NULL, follow_fixture_set_up, function,               \
              follow_fixture_tear_down)
  ADD_TEST ("plug-and-unplug", test_plug_and_unplug);
  ADD_TEST ("change", test_change);
  ADD_TEST ("other-iommu-and-mdev", test_other_iommu_and_mdev);
  ADD_TEST ("change-in-use", test_change_in_use);
  ADD_TEST ("later-iommu", test_later_iommu);
  ADD_TEST ("old-fault", test_old_fault);
  ADD_TEST ("new-fault", test_new_fault);
  ADD_TEST ("bad-edits", test_bad_edits);
  ADD_TEST ("iommu-stays", test_iommu_stays);
  ADD_TEST ("worker", test_worker);
  ADD_TEST ("steps", test_steps);
  ADD_TEST ("quick-edits", test_quick_edits);
  ADD_TEST ("end", test_end);
  g_test_add_func ("/follow/without-file", test_without_file);
  return g_test_run ();
}
