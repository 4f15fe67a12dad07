/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a caller may have under way at once is free again when a call has ended, however it has:
 * each test makes more calls than the limit, one after the other. */
#include "tracked.h"

#include <errno.h>
#include <unistd.h>

#include "budget.h"

#define SIZE (64 * PAGE)
#define LARGEST (4096 * GIBIBYTE) /* a bitmap of 128 MiB */
/* More of them than all callers together may have. */
#define N_BITMAPS (IOMMUD_BUDGET_BITMAPS_IN_ALL / IOMMUD_BUDGET_LARGEST_BITMAP + 1)
#define N_CALLS (IOMMUD_BUDGET_CALLS_PER_CALLER + 256)
/* That wait for their answers at once; the bus allows 128. */
#define BATCH 100

/* --- Calls ------------------------------------------------------------------------------------ */

typedef struct
{
  guint n_succeeded;
  guint n_failed;
  int code; /* of each failure */
} Answers;

static void
on_answer (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Answers *answers = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply =
      g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);

  if (reply != NULL)
    {
      answers->n_succeeded++;
      return;
    }
  g_assert_error (error, IOMMUD_ERROR, answers->code);
  answers->n_failed++;
}

static void
call_often (Tracked *fixture, const char *path, const char *method, GVariant *arguments,
            Answers *answers)
{
  g_autoptr (GVariant) owned = g_variant_ref_sink (arguments);

  for (guint n_sent = 0; n_sent < N_CALLS;)
    {
      for (guint end = MIN (n_sent + BATCH, N_CALLS); n_sent < end; n_sent++)
        g_dbus_connection_call (fixture->bed->client, IOMMUD_DBUS_BUS_NAME, path,
                                bed_interface_of (path, method), method, owned, NULL,
                                G_DBUS_CALL_FLAGS_NONE, -1, NULL, on_answer, answers);
      while (answers->n_succeeded + answers->n_failed < n_sent)
        bed_iterate ();
    }
}

static void
test_calls_that_succeed (Tracked *fixture, gconstpointer data)
{
  Answers answers = { .code = -1 };

  call_often (fixture, fixture->container, "SetAllowedIovas",
              g_variant_new_parsed ("(@a(tt) [], @a{sv} {})"), &answers);
  g_assert_cmpuint (answers.n_succeeded, ==, N_CALLS);
}

static void
test_calls_that_fail (Tracked *fixture, gconstpointer data)
{
  Answers answers = { .code = IOMMUD_ERROR_INVALID_ARGUMENT };

  call_often (fixture, fixture->container, "Stop", bed_options (NULL), &answers);
  g_assert_cmpuint (answers.n_failed, ==, N_CALLS);
}

/* --- Bitmaps ---------------------------------------------------------------------------------- */

static void
inject (Tracked *fixture, const char *operation, int errnum, guint delay_ms)
{
  g_assert_true (iommud_simulator_inject_fault (fixture->bed->simulator, operation, 1, errnum,
                                                delay_ms, NULL));
}

static void
read_largest (Tracked *fixture)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = NULL;
  int bitmap = -1;

  reply = memory_call (fixture->bed, fixture->container, "ReadBitmap",
                       memory_read_arguments (0, LARGEST, PAGE, NULL), -1, &bitmap, &error);
  g_assert_no_error (error);
  g_assert_cmpint (bitmap, >=, 0);
  close (bitmap);
}

static void
read_largest_fails (Tracked *fixture, const char *method, IommudError code)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = NULL;
  int bitmap = -1;

  reply = memory_call (fixture->bed, fixture->container, method,
                       memory_read_arguments (0, LARGEST, PAGE, NULL), -1, &bitmap, &error);
  g_assert_null (reply);
  g_assert_error (error, IOMMUD_ERROR, (gint) code);
}

static void
test_bitmaps (Tracked *fixture, gconstpointer data)
{
  tracked_start (fixture);
  for (guint i = 0; i < N_BITMAPS; i++)
    read_largest (fixture);
  tracked_stop (fixture);
}

/* Refused by the model, and failed by the kernel. */
static void
test_bitmaps_that_fail (Tracked *fixture, gconstpointer data)
{
  for (guint i = 0; i < N_BITMAPS; i++)
    {
      read_largest_fails (fixture, "ReadBitmap", IOMMUD_ERROR_INVALID_ARGUMENT);
      read_largest_fails (fixture, "UnmapAndReadBitmap", IOMMUD_ERROR_INVALID_ARGUMENT);
    }
  tracked_start (fixture);
  for (guint i = 0; i < N_BITMAPS; i++)
    {
      inject (fixture, "get-dirty-bitmap", EIO, 0);
      read_largest_fails (fixture, "ReadBitmap", IOMMUD_ERROR_FAILED);
    }
  read_largest (fixture);
  tracked_stop (fixture);
}

/* The leaver's call, and then the end of its connection. */
static void
on_lost (GObject *connection, GAsyncResult *result, gpointer unused)
{
  g_autoptr (GVariant) reply G_GNUC_UNUSED = g_dbus_connection_call_with_unix_fd_list_finish (
      G_DBUS_CONNECTION (connection), NULL, result, NULL);
}

/* A first read is under way and a second one waits when their caller leaves. */
static void
leave (Tracked *fixture)
{
  GDBusConnection *leaver = bed_connect (fixture->bed->address);
  guint before = iommud_simulator_count_calls (fixture->bed->simulator, "get-dirty-bitmap");

  inject (fixture, "get-dirty-bitmap", 0, 100);
  for (guint i = 0; i < 2; i++)
    g_dbus_connection_call_with_unix_fd_list (
        leaver, IOMMUD_DBUS_BUS_NAME, fixture->container, IOMMUD_DBUS_DIRTY_TRACKING_INTERFACE,
        "ReadBitmap", memory_read_arguments (0, LARGEST, PAGE, NULL), NULL, G_DBUS_CALL_FLAGS_NONE,
        -1, NULL, NULL, on_lost, NULL);
  while (iommud_simulator_count_calls (fixture->bed->simulator, "get-dirty-bitmap") == before)
    g_main_context_iteration (NULL, FALSE);
  bed_disconnect (leaver);
}

static void
test_bitmaps_of_leavers (Tracked *fixture, gconstpointer data)
{
  tracked_start (fixture);
  for (guint i = 0; i < N_BITMAPS; i++)
    {
      leave (fixture);
      /* It comes behind them. */
      read_largest (fixture);
    }
  tracked_stop (fixture);
}

#define ADD(name, function)                                                                        \
  g_test_add ("/shares/" name, Tracked, GSIZE_TO_POINTER (SIZE), tracked_set_up, function,         \
              tracked_tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("calls-that-succeed", test_calls_that_succeed);
  ADD ("calls-that-fail", test_calls_that_fail);
  ADD ("bitmaps", test_bitmaps);
  ADD ("bitmaps-that-fail", test_bitmaps_that_fail);
  ADD ("bitmaps-of-leavers", test_bitmaps_of_leavers);
  return g_test_run ();
}
