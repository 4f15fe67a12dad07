/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The end of a process is told once, and never that of another process with its pid; and what /proc
 * says of a process. */
#include "config.h"

#include "base/process-watch.h"
#include "base/process.h"

#include <glib-unix.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

typedef struct
{
  GPid pid;
  guint64 start_time;
  GMainContext *context;
  guint n_ended;
  IommudProcessWatch *watch;
  gboolean frees; /* when it has ended */
} Fixture;

static void
set_up (Fixture *self, gconstpointer data)
{
  IommudProcess process;

  self->pid = fork ();
  if (self->pid == 0)
    {
      /* Also if the test fails. */
      prctl (PR_SET_PDEATHSIG, SIGKILL);
      pause ();
      _exit (0);
    }
  g_assert_cmpint (self->pid, >, 0);
  g_assert_cmpint (iommud_process_read_pid (self->pid, &process), ==, 0);
  self->start_time = process.start_time;
  self->context = g_main_context_new ();
}

static void
reap (Fixture *self)
{
  if (self->pid > 0)
    g_assert_cmpint (waitpid (self->pid, NULL, 0), ==, self->pid);
  self->pid = -1;
}

static void
tear_down (Fixture *self, gconstpointer data)
{
  if (self->pid > 0)
    kill (self->pid, SIGKILL);
  reap (self);
  g_clear_pointer (&self->watch, iommud_process_watch_free);
  g_main_context_unref (self->context);
}

static void
on_ended (gpointer user_data)
{
  Fixture *self = user_data;

  self->n_ended++;
  if (self->frees)
    g_clear_pointer (&self->watch, iommud_process_watch_free);
}

static void
watch (Fixture *self)
{
  self->watch =
      iommud_process_watch_new (self->pid, self->start_time, self->context, on_ended, self);
}

static void
run_until_ended (Fixture *self)
{
  while (self->n_ended == 0)
    g_main_context_iteration (self->context, TRUE);
  while (g_main_context_iteration (self->context, FALSE))
    ;
  g_assert_cmpuint (self->n_ended, ==, 1);
}

static void
test_end (Fixture *self, gconstpointer data)
{
  watch (self);
  g_assert_nonnull (self->watch);
  while (g_main_context_iteration (self->context, FALSE))
    ;
  g_assert_cmpuint (self->n_ended, ==, 0);
  kill (self->pid, SIGKILL);
  /* Nobody has reaped it: that is its parent's matter. */
  run_until_ended (self);
}

static void
test_free_at_end (Fixture *self, gconstpointer data)
{
  self->frees = TRUE;
  watch (self);
  kill (self->pid, SIGKILL);
  run_until_ended (self);
  g_assert_null (self->watch);
}

static void
test_free_before_end (Fixture *self, gconstpointer data)
{
  watch (self);
  g_clear_pointer (&self->watch, iommud_process_watch_free);
  kill (self->pid, SIGKILL);
  reap (self);
  g_assert_false (g_main_context_iteration (self->context, FALSE));
  g_assert_cmpuint (self->n_ended, ==, 0);
}

/* Another process has the pid. */
static void
test_reused (Fixture *self, gconstpointer data)
{
  self->start_time--;
  watch (self);
  g_assert_null (self->watch);
}

/* Ended, and then reaped too. */
static void
test_ended_before (Fixture *self, gconstpointer data)
{
  siginfo_t info;

  kill (self->pid, SIGKILL);
  g_assert_cmpint (waitid (P_PID, (id_t) self->pid, &info, WEXITED | WNOWAIT), ==, 0);
  watch (self);
  g_assert_null (self->watch);
  g_assert_cmpint (waitpid (self->pid, NULL, 0), ==, self->pid);
  watch (self);
  g_assert_null (self->watch);
  self->pid = -1;
}

/* Until the same is called with FALSE, no file can be opened. */
static void
limit_files (gboolean limited)
{
  static struct rlimit before;
  struct rlimit files;
  int next;

  if (!limited)
    {
      g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &before), ==, 0);
      return;
    }
  g_assert_cmpint (getrlimit (RLIMIT_NOFILE, &before), ==, 0);
  next = dup (STDIN_FILENO);
  g_assert_cmpint (next, >=, 0);
  close (next);
  files = before;
  files.rlim_cur = (rlim_t) next;
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &files), ==, 0);
}

/* No descriptor is left, neither for the process nor, with @data, for what /proc says of it later.
 */
static void
test_no_descriptor (Fixture *self, gconstpointer data)
{
  limit_files (TRUE);
  watch (self);
  limit_files (FALSE);
  g_assert_nonnull (self->watch);
  kill (self->pid, SIGKILL);
  if (data == NULL)
    {
      run_until_ended (self);
      return;
    }
  reap (self);
  limit_files (TRUE);
  run_until_ended (self);
  limit_files (FALSE);
}

static void
test_parse (void)
{
  static const char stat[] = "42 (a) Z 1 (b\n) S 1 42 42 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 3 0 "
                             "18446744073709551615 8 9\n";
  IommudProcess process = { 0 };
  IommudProcess other;

  g_assert_true (iommud_process_parse (stat, &process));
  g_assert_cmpint (process.state, ==, 'S');
  g_assert_cmpuint (process.n_threads, ==, 3);
  g_assert_cmpuint (process.start_time, ==, G_MAXUINT64);
  other = process;
  g_assert_true (iommud_process_is_same (&process, &other));
  other.start_time--;
  g_assert_false (iommud_process_is_same (&process, &other));

  g_assert_false (iommud_process_parse ("", &process));
  g_assert_false (iommud_process_parse ("42 (sh)", &process));
  g_assert_false (iommud_process_parse ("42 (sh) S 1 2", &process));
  g_assert_false (
      iommud_process_parse ("42 sh S 1 42 42 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 3 0 7", &process));
  g_assert_false (
      iommud_process_parse ("4 (sh) S 1 4 4 0 -1 4 1 2 3 4 5 6 7 8 20 0 3 0 x 8", &process));
}

/* A first thread that has ended is not the end of the others. */
static void
test_has_ended (void)
{
  IommudProcess process = { .state = 'Z', .n_threads = 2 };

  g_assert_false (iommud_process_has_ended (&process));
  process.n_threads = 1;
  g_assert_true (iommud_process_has_ended (&process));
  process.state = 'X';
  g_assert_true (iommud_process_has_ended (&process));
  process.state = 'T';
  g_assert_false (iommud_process_has_ended (&process));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(path, data, function) g_test_add (path, Fixture, data, set_up, function, tear_down)
  ADD ("/process-watch/end", NULL, test_end);
  ADD ("/process-watch/free-at-end", NULL, test_free_at_end);
  ADD ("/process-watch/free-before-end", NULL, test_free_before_end);
  ADD ("/process-watch/reused", NULL, test_reused);
  ADD ("/process-watch/ended-before", NULL, test_ended_before);
  ADD ("/process-watch/no-descriptor/once", NULL, test_no_descriptor);
  ADD ("/process-watch/no-descriptor/ever", "ever", test_no_descriptor);
  g_test_add_func ("/process-watch/parse", test_parse);
  g_test_add_func ("/process-watch/has-ended", test_has_ended);
  return g_test_run ();
}
