/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which of the processes that are ending may have a device of a lease that ends. */
#include "config.h"

#include "operations/suspects.h"
#include "probe/holder.h"
#include "slow-exit.h"

#include <glib/gstdio.h>

#define OWNER 1000
#define CLIENT 5
#define UNIT "vm@1.service"
#define SECOND G_USEC_PER_SEC

typedef struct
{
  IommudSuspects *suspects;
  GPtrArray *holders;
  GArray *exiting;
} Fixture;

static void
set_up (Fixture *self, gconstpointer unit)
{
  self->suspects = iommud_suspects_new (0, CLIENT, unit);
  self->holders = g_ptr_array_new_with_free_func ((GDestroyNotify) iommud_found_holder_free);
  self->exiting = g_array_new (FALSE, FALSE, sizeof (IommudExitingProcess));
}

static void
tear_down (Fixture *self, gconstpointer unit)
{
  iommud_suspects_free (self->suspects);
  g_ptr_array_unref (self->holders);
  g_array_unref (self->exiting);
}

static void
add_exiting (Fixture *self, gint pid, guint64 start_time, gint parent, const char *unit)
{
  const IommudExitingProcess process = { { pid, start_time }, parent, 0, (char *) unit };

  g_array_append_val (self->exiting, process);
}

static void
add_holder (Fixture *self, gint pid, guint64 start_time)
{
  g_ptr_array_add (self->holders, iommud_found_holder_new (0, pid, start_time, g_strdup ("vm"),
                                                           g_strdup ("vm.service")));
}

/* One search. @pids: those that count after it. */
static void
expect (Fixture *self, gint64 now, const char *pids)
{
  g_autoptr (GArray) counting =
      iommud_suspects_update (self->suspects, self->holders, self->exiting, now);
  g_autoptr (GString) text = g_string_new (NULL);

  for (guint i = 0; i < counting->len; i++)
    g_string_append_printf (text, " %d", g_array_index (counting, IommudProcessId, i).pid);
  g_assert_cmpstr (text->str, ==, pids);
  g_ptr_array_set_size (self->holders, 0);
  g_array_set_size (self->exiting, 0);
}

static void
test_client (Fixture *self, gconstpointer unit)
{
  add_exiting (self, CLIENT, 1, 1, "/");
  add_exiting (self, 10, 1, CLIENT, "");
  add_exiting (self, 11, 1, 1, UNIT);
  add_exiting (self, 12, 1, 1, "vm@2.service");
  add_exiting (self, 13, 1, 0, "/");
  expect (self, 0, g_str_equal (unit, UNIT) ? " 5 10 11" : " 5 10");
}

/* Nobody knows who asked for the lease, but whose it is. */
static void
test_no_client (void)
{
  Fixture self;

  set_up (&self, "");
  iommud_suspects_free (self.suspects);
  self.suspects = iommud_suspects_new (OWNER, 0, "");
  add_exiting (&self, 10, 1, 0, "");
  add_exiting (&self, 11, 1, 0, "");
  g_array_index (self.exiting, IommudExitingProcess, 1).user = OWNER;
  expect (&self, 0, " 11");
  tear_down (&self, "");
}

/* What begins to end later had no device of the lease when that was looked for. */
static void
test_later (Fixture *self, gconstpointer unit)
{
  add_exiting (self, 10, 1, CLIENT, UNIT);
  expect (self, 0, " 10");
  add_exiting (self, 10, 1, CLIENT, UNIT);
  add_exiting (self, 11, 1, CLIENT, UNIT);
  expect (self, SECOND, " 10");
  expect (self, SECOND, "");
  /* Another one with that pid. */
  add_exiting (self, 10, 2, CLIENT, UNIT);
  expect (self, SECOND, "");
}

static void
test_holder (Fixture *self, gconstpointer unit)
{
  add_holder (self, 10, 1);
  add_holder (self, 11, 1);
  add_exiting (self, 12, 1, 1, "/");
  expect (self, 0, "");
  add_exiting (self, 10, 1, 1, "/");
  add_exiting (self, 11, 2, 1, "/");
  expect (self, SECOND, " 10");
  add_exiting (self, 10, 1, 1, "/");
  expect (self, 1000 * SECOND, " 10");
  expect (self, 1000 * SECOND, "");
  add_exiting (self, 10, 1, 1, "/");
  expect (self, 1000 * SECOND, "");
}

/* Anybody can make a process end slowly. */
static void
test_endless (Fixture *self, gconstpointer unit)
{
  add_exiting (self, 10, 1, CLIENT, UNIT);
  expect (self, SECOND, " 10");
  add_exiting (self, 10, 1, CLIENT, UNIT);
  expect (self, 20 * SECOND, " 10");
  add_exiting (self, 10, 1, CLIENT, UNIT);
  expect (self, 21 * SECOND, "");
}

static gboolean
lists (const GArray *exiting, gint pid)
{
  for (guint i = 0; i < exiting->len; i++)
    if (g_array_index (exiting, IommudExitingProcess, i).id.pid == pid)
      return TRUE;
  return FALSE;
}

static gboolean
is_exiting (gint pid)
{
  gboolean complete = FALSE;
  g_autoptr (GArray) exiting = iommud_exiting_list (NULL, &complete);

  g_assert_true (complete);
  return lists (exiting, pid);
}

static void
test_list (void)
{
  g_autoptr (SlowExit) slow = slow_exit_new ();
  g_autoptr (GArray) exiting = NULL;
  gboolean complete;

  if (slow == NULL)
    {
      g_test_skip ("there are no pid namespaces for this user");
      return;
    }
  g_assert_false (is_exiting (slow_exit_get_pid (slow)));
  slow_exit_begin (slow);
  exiting = iommud_exiting_list (NULL, &complete);
  g_assert_true (lists (exiting, slow_exit_get_pid (slow)));
  for (guint i = 0; i < exiting->len; i++)
    {
      const IommudExitingProcess *process = &g_array_index (exiting, IommudExitingProcess, i);

      if (process->id.pid != slow_exit_get_pid (slow))
        continue;
      g_assert_cmpint (process->parent, !=, 0);
      g_assert_cmpuint (process->user, ==, geteuid ());
      g_assert_nonnull (process->unit);
      g_assert_cmpuint (process->id.start_time, ==,
                        iommud_process_identify (process->id.pid).start_time);
    }
  slow_exit_finish (slow);
  g_assert_false (is_exiting (slow_exit_get_pid (slow)));
}

/* In a /proc of the test's own. */
static void
add_thread (const char *proc, const char *thread, char state, guint flags, guint n_threads)
{
  g_autofree char *folder = g_build_filename (proc, thread, NULL);
  g_autofree char *path = g_build_filename (folder, "stat", NULL);
  g_autofree char *stat = g_strdup_printf ("1 (vm) %c 1 1 1 0 -1 %u 1 2 3 4 5 6 7 8 20 0 %u 0 77 8",
                                           state, flags, n_threads);
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (g_mkdir_with_parents (folder, 0700), ==, 0);
  g_file_set_contents (path, stat, -1, &error);
  g_assert_no_error (error);
}

/* The first thread ends before the others, but its process does not. */
static void
test_threads (void)
{
  g_autofree char *proc = g_dir_make_tmp ("iommud-proc-XXXXXX", NULL);
  g_autofree char *stat = g_build_filename (proc, "17", "stat", NULL);
  const char *const arguments[] = { "rm", "-rf", proc, NULL };
  g_autoptr (GArray) exiting = NULL;
  gboolean complete = FALSE;

  g_assert_nonnull (proc);
  add_thread (proc, "10", 'Z', 4, 2);
  add_thread (proc, "10/task/10", 'Z', 4, 2);
  add_thread (proc, "10/task/11", 'D', 4, 2);
  add_thread (proc, "12", 'Z', 4, 2);
  add_thread (proc, "12/task/12", 'Z', 4, 2);
  add_thread (proc, "12/task/13", 'S', 0, 2);
  add_thread (proc, "14", 'Z', 4, 1);
  add_thread (proc, "14/task/14", 'D', 4, 1);
  add_thread (proc, "15", 'R', 4, 1);
  add_thread (proc, "16", 'R', 0x200000, 1);
  add_thread (proc, "self", 'R', 4, 1);
  exiting = iommud_exiting_list (proc, &complete);
  g_assert_true (complete);
  g_assert_cmpuint (exiting->len, ==, 2);
  g_assert_true (lists (exiting, 10));
  g_assert_true (lists (exiting, 15));
  /* What cannot be looked at may be anything. */
  g_array_unref (exiting);
  add_thread (proc, "17", '?', 4, 1);
  g_assert_cmpint (g_unlink (stat), ==, 0);
  g_assert_cmpint (symlink ("stat", stat), ==, 0);
  exiting = iommud_exiting_list (proc, &complete);
  g_assert_false (complete);
  g_assert_true (g_spawn_sync (NULL, (char **) arguments, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL,
                               NULL, NULL, NULL, NULL));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(path, unit, function) g_test_add (path, Fixture, unit, set_up, function, tear_down)
  ADD ("/suspects/client", UNIT, test_client);
  ADD ("/suspects/client-without-unit", "", test_client);
  ADD ("/suspects/client-in-root-group", "/", test_client);
  ADD ("/suspects/later", UNIT, test_later);
  ADD ("/suspects/holder", UNIT, test_holder);
  ADD ("/suspects/endless", UNIT, test_endless);
  g_test_add_func ("/suspects/no-client", test_no_client);
  g_test_add_func ("/suspects/list", test_list);
  g_test_add_func ("/suspects/threads", test_threads);
  return g_test_run ();
}
