/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files go to the service manager, and whoever waits is called when it has them. */
#include "config.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "bed.h"
#include "fd-store.h"
#include "manager.h"
#include "memory.h"

typedef struct
{
  Manager *manager;
  IommudFdStore *store;
  int file;
  GString *trace;
} Fixture;

static void
set_up (Fixture *self, gconstpointer longest_ms)
{
  g_autoptr (GError) error = NULL;

  self->manager = manager_new ();
  self->store = iommud_fd_store_new (self->manager->address, *(const guint *) longest_ms, &error);
  g_assert_no_error (error);
  self->file = open ("/dev/null", O_RDONLY | O_CLOEXEC);
  self->trace = g_string_new (NULL);
}

static void
tear_down (Fixture *self, gconstpointer unused)
{
  g_clear_pointer (&self->store, iommud_fd_store_free);
  manager_free (self->manager);
  close (self->file);
  g_string_free (self->trace, TRUE);
}

static void
on_settled (gpointer user_data)
{
  Fixture *self = user_data;
  g_autofree char *kept = manager_describe (self->manager);

  g_string_append_printf (self->trace, "[%s]", kept);
}

static void
wait_for_settled (Fixture *self)
{
  gsize length = self->trace->len;

  iommud_fd_store_when_settled (self->store, on_settled, self);
  while (self->trace->len == length)
    bed_iterate ();
}

static void
test_add (Fixture *self, gconstpointer unused)
{
  g_assert_true (iommud_fd_store_is_settled (self->store));
  iommud_fd_store_add (self->store, "context-7", self->file);
  iommud_fd_store_add (self->store, "lease-3", self->file);
  g_assert_false (iommud_fd_store_is_settled (self->store));
  wait_for_settled (self);
  g_assert_cmpstr (self->trace->str, ==, "[context-7\nlease-3]");
  g_assert_true (iommud_fd_store_is_settled (self->store));
  g_assert_false (manager_find (self->manager, "context-7")->poll);
  g_assert_true (manager_find (self->manager, "lease-3")->poll);
  iommud_fd_store_remove (self->store, "context-7");
  wait_for_settled (self);
  g_assert_cmpstr (self->trace->str, ==, "[context-7\nlease-3][lease-3]");
  g_assert_cmpuint (self->manager->n_barriers, ==, 2);
}

/* Whoever comes when nothing is under way is called at once. */
static void
test_settled (Fixture *self, gconstpointer unused)
{
  iommud_fd_store_when_settled (self->store, on_settled, self);
  g_assert_cmpstr (self->trace->str, ==, "[]");
  g_assert_cmpuint (self->manager->n_barriers, ==, 0);
}

/* Those that wait together cost one barrier; one that comes behind a new file waits for that. */
static void
test_together (Fixture *self, gconstpointer unused)
{
  iommud_fd_store_add (self->store, "a", self->file);
  iommud_fd_store_when_settled (self->store, on_settled, self);
  iommud_fd_store_when_settled (self->store, on_settled, self);
  iommud_fd_store_add (self->store, "b", self->file);
  wait_for_settled (self);
  while (!iommud_fd_store_is_settled (self->store))
    bed_iterate ();
  g_assert_true (g_str_has_suffix (self->trace->str, "[a\nb]"));
  g_assert_cmpuint (self->manager->n_barriers, ==, 2);
}

/* The socket takes some messages only. The main loop is not kept waiting, and nothing is lost. */
static void
test_full (Fixture *self, gconstpointer unused)
{
  g_autoptr (GString) expected = g_string_new ("[");

  manager_listen (self->manager, FALSE);
  for (guint i = 0; i < 600; i++)
    {
      g_autofree char *name = g_strdup_printf ("file-%03u", i);

      iommud_fd_store_add (self->store, name, self->file);
      g_string_append_printf (expected, "%s%s", i > 0 ? "\n" : "", name);
    }
  iommud_fd_store_when_settled (self->store, on_settled, self);
  while (g_main_context_iteration (NULL, FALSE))
    continue;
  g_assert_cmpstr (self->trace->str, ==, "");
  manager_listen (self->manager, TRUE);
  while (self->trace->len == 0)
    bed_iterate ();
  g_string_append_c (expected, ']');
  g_assert_cmpstr (self->trace->str, ==, expected->str);
}

/* A manager that does not answer delays those that wait, and this is said once. */
static void
test_deaf (Fixture *self, gconstpointer unused)
{
  manager_listen (self->manager, FALSE);
  iommud_fd_store_add (self->store, "a", self->file);
  g_test_expect_message ("iommud", G_LOG_LEVEL_WARNING, "*does not answer*");
  wait_for_settled (self);
  g_test_assert_expected_messages ();
  g_assert_cmpstr (self->trace->str, ==, "[]");
  /* From now on nobody waits, and nothing more is said. */
  iommud_fd_store_add (self->store, "b", self->file);
  iommud_fd_store_when_settled (self->store, on_settled, self);
  g_assert_cmpstr (self->trace->str, ==, "[][]");
  while (g_main_context_iteration (NULL, FALSE))
    continue;
  /* Until it answers after all. */
  manager_listen (self->manager, TRUE);
  while (self->manager->n_barriers == 0)
    bed_iterate ();
  while (g_main_context_iteration (NULL, FALSE))
    continue;
  iommud_fd_store_add (self->store, "c", self->file);
  iommud_fd_store_when_settled (self->store, on_settled, self);
  g_assert_cmpstr (self->trace->str, ==, "[][]");
}

static void
fill_socket (Fixture *self)
{
  manager_listen (self->manager, FALSE);
  for (guint i = 0; i < 600; i++)
    {
      g_autofree char *name = g_strdup_printf ("file-%u", i);

      iommud_fd_store_add (self->store, name, self->file);
    }
}

/* The end of the service is worth another wait, which has an end, too. */
static void
test_hope (Fixture *self, gconstpointer unused)
{
  fill_socket (self);
  g_test_expect_message ("iommud", G_LOG_LEVEL_WARNING, "*does not answer*");
  wait_for_settled (self);
  g_test_assert_expected_messages ();
  iommud_fd_store_hope (self->store);
  iommud_fd_store_when_settled (self->store, on_settled, self);
  g_assert_cmpstr (self->trace->str, ==, "[]");
  while (g_str_equal (self->trace->str, "[]"))
    bed_iterate ();
  g_assert_cmpstr (self->trace->str, ==, "[][]");
  g_assert_false (iommud_fd_store_is_settled (self->store));
  manager_listen (self->manager, TRUE);
  while (!iommud_fd_store_is_settled (self->store))
    bed_iterate ();
  g_assert_nonnull (manager_find (self->manager, "file-599"));
}

/* All that are waiting by then: those that the barrier is for, and those behind it. */
static void
test_deaf_for_all (Fixture *self, gconstpointer unused)
{
  manager_listen (self->manager, FALSE);
  iommud_fd_store_add (self->store, "a", self->file);
  iommud_fd_store_when_settled (self->store, on_settled, self);
  iommud_fd_store_add (self->store, "b", self->file);
  iommud_fd_store_when_settled (self->store, on_settled, self);
  g_assert_cmpstr (self->trace->str, ==, "");
  g_test_expect_message ("iommud", G_LOG_LEVEL_WARNING, "*does not answer*");
  while (self->trace->len == 0)
    bed_iterate ();
  g_test_assert_expected_messages ();
  g_assert_cmpstr (self->trace->str, ==, "[][]");
}

/* --- A full table of open files --------------------------------------------------------------- */

typedef struct
{
  struct rlimit before;
  GArray *files;
} FullTable;

static void
fill_table (FullTable *self)
{
  struct rlimit limit;
  int file;

  g_assert_cmpint (getrlimit (RLIMIT_NOFILE, &self->before), ==, 0);
  limit = self->before;
  limit.rlim_cur = MIN (limit.rlim_cur, memory_count_files () + 8);
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &limit), ==, 0);
  self->files = g_array_new (FALSE, FALSE, sizeof (int));
  while ((file = dup (STDERR_FILENO)) >= 0)
    g_array_append_val (self->files, file);
}

static void
empty_table (FullTable *self)
{
  for (guint i = 0; i < self->files->len; i++)
    close (g_array_index (self->files, int, i));
  g_array_unref (self->files);
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &self->before), ==, 0);
}

/* A file can be sent if there is no room for a duplicate. */
static void
test_full_table (Fixture *self, gconstpointer unused)
{
  FullTable table;

  fill_table (&table);
  iommud_fd_store_add (self->store, "lease-3", self->file);
  empty_table (&table);
  g_assert_true (iommud_fd_store_check (self->store, "lease-3", NULL));
  wait_for_settled (self);
  g_assert_cmpstr (self->trace->str, ==, "[lease-3]");
}

static void
lose_file (Fixture *self)
{
  FullTable table;

  fill_socket (self);
  fill_table (&table);
  g_test_expect_message ("iommud", G_LOG_LEVEL_WARNING, "*does not take open files*");
  iommud_fd_store_add (self->store, "lease-3", self->file);
  g_test_assert_expected_messages ();
  empty_table (&table);
}

/* But not later: then it is lost, and whoever needs it kept is told. */
static void
test_lost (Fixture *self, gconstpointer unused)
{
  g_autoptr (GError) error = NULL;

  lose_file (self);
  g_assert_true (iommud_fd_store_check (self->store, "file-599", NULL));
  g_assert_false (iommud_fd_store_check (self->store, "lease-3", &error));
  g_assert_error (error, IOMMUD_ERROR, IOMMUD_ERROR_LIMITS_EXCEEDED);
  iommud_fd_store_remove (self->store, "lease-3");
  g_assert_true (iommud_fd_store_check (self->store, "lease-3", NULL));
}

/* Nobody waits for an answer of who cannot be asked, and nothing counts as answered. */
static void
test_no_pipe (Fixture *self, gconstpointer unused)
{
  FullTable table;

  iommud_fd_store_add (self->store, "a", self->file);
  fill_table (&table);
  g_test_expect_message ("iommud", G_LOG_LEVEL_WARNING, "*does not take open files*");
  iommud_fd_store_when_settled (self->store, on_settled, self);
  g_test_assert_expected_messages ();
  empty_table (&table);
  g_assert_cmpstr (self->trace->str, ==, "[]");
  g_assert_false (iommud_fd_store_is_settled (self->store));
  wait_for_settled (self);
  g_assert_cmpstr (self->trace->str, ==, "[][a]");
  g_assert_true (iommud_fd_store_is_settled (self->store));
}

/* What the socket will never take is lost, also a barrier: its pipe hangs up, but nobody has
 * answered. */
static void
test_refused (Fixture *self, gconstpointer unused)
{
  fill_socket (self);
  iommud_fd_store_when_settled (self->store, on_settled, self);
  g_assert_true (iommud_fd_store_check (self->store, "file-599", NULL));
  g_test_expect_message ("iommud", G_LOG_LEVEL_WARNING, "*does not take open files*");
  g_assert_true (g_socket_close (self->manager->socket, NULL));
  while (self->trace->len == 0)
    bed_iterate ();
  g_test_assert_expected_messages ();
  while (g_main_context_iteration (NULL, FALSE))
    continue;
  g_assert_cmpstr (self->trace->str, ==, "[]");
  g_assert_false (iommud_fd_store_is_settled (self->store));
  g_assert_false (iommud_fd_store_check (self->store, "file-599", NULL));
  /* At once as well as later. */
  iommud_fd_store_add (self->store, "lease-3", self->file);
  g_assert_false (iommud_fd_store_check (self->store, "lease-3", NULL));
  iommud_fd_store_when_settled (self->store, on_settled, self);
  g_assert_cmpstr (self->trace->str, ==, "[][]");
}

/* A file that waits to be sent is not kept open when it is not to be kept any more, and the manager
 * need not know of it: else it would have the more to read the longer it does not listen. */
static void
test_unsent (Fixture *self, gconstpointer unused)
{
  guint n_files;

  fill_socket (self);
  n_files = memory_count_files ();
  iommud_fd_store_remove (self->store, "file-599");
  g_assert_cmpuint (memory_count_files (), ==, n_files - 1);
  manager_listen (self->manager, TRUE);
  wait_for_settled (self);
  g_assert_nonnull (manager_find (self->manager, "file-598"));
  g_assert_null (manager_find (self->manager, "file-599"));
  g_assert_cmpuint (self->manager->n_removals, ==, 0);
  iommud_fd_store_remove (self->store, "file-598");
  wait_for_settled (self);
  g_assert_null (manager_find (self->manager, "file-598"));
  g_assert_cmpuint (self->manager->n_removals, ==, 1);
}

/* Neither of one that was lost. */
static void
test_removed_lost (Fixture *self, gconstpointer unused)
{
  lose_file (self);
  iommud_fd_store_remove (self->store, "lease-3");
  manager_listen (self->manager, TRUE);
  wait_for_settled (self);
  g_assert_cmpuint (self->manager->n_removals, ==, 0);
}

/* Whoever waits when the service ends is called. */
static void
test_end (Fixture *self, gconstpointer unused)
{
  iommud_fd_store_add (self->store, "a", self->file);
  iommud_fd_store_when_settled (self->store, on_settled, self);
  g_clear_pointer (&self->store, iommud_fd_store_free);
  g_assert_cmpstr (self->trace->str, ==, "[]");
}

static void
test_no_manager (Fixture *self, gconstpointer unused)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (iommud_fd_store_new ("/nonexistent/socket", 1, &error));
  g_assert_nonnull (error);
}

int
main (int argc, char **argv)
{
  static const guint patient = 60 * 1000;
  static const guint impatient = 20;

  g_test_init (&argc, &argv, NULL);
#define ADD(path, function) g_test_add (path, Fixture, &patient, set_up, function, tear_down)
  ADD ("/fd-store/add", test_add);
  ADD ("/fd-store/settled", test_settled);
  ADD ("/fd-store/together", test_together);
  ADD ("/fd-store/full", test_full);
  g_test_add ("/fd-store/deaf", Fixture, &impatient, set_up, test_deaf, tear_down);
  g_test_add ("/fd-store/deaf-for-all", Fixture, &impatient, set_up, test_deaf_for_all, tear_down);
  g_test_add ("/fd-store/hope", Fixture, &impatient, set_up, test_hope, tear_down);
  ADD ("/fd-store/full-table", test_full_table);
  ADD ("/fd-store/lost", test_lost);
  ADD ("/fd-store/no-pipe", test_no_pipe);
  ADD ("/fd-store/refused", test_refused);
  ADD ("/fd-store/unsent", test_unsent);
  ADD ("/fd-store/removed-lost", test_removed_lost);
  ADD ("/fd-store/end", test_end);
  ADD ("/fd-store/no-manager", test_no_manager);
  return g_test_run ();
}
