/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files go to the service manager, and whoever waits is called when it has them. */
#include "config.h"

#include <fcntl.h>
#include <unistd.h>

#include "bed.h"
#include "fd-store.h"
#include "manager.h"

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
  ADD ("/fd-store/end", test_end);
  ADD ("/fd-store/no-manager", test_no_manager);
  return g_test_run ();
}
