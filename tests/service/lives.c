/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The lives of a service that has a service manager: it ends and begins again, on the same kernel.
 */
#include "config.h"

#include "lives.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

void
lives_expect (const char *const *patterns)
{
  for (; *patterns != NULL; patterns++)
    g_test_expect_message ("iommud", G_LOG_LEVEL_MESSAGE, *patterns);
}

void
lives_begin (Lives *self)
{
  g_auto (GStrv) names = NULL;
  g_autofree int *fds = manager_give (self->manager, &names);
  g_autoptr (GError) error = NULL;

  self->keeper = iommud_keeper_new (self->folder, self->manager->address, &error);
  g_assert_no_error (error);
  for (guint i = 0; names[i] != NULL; i++)
    iommud_keeper_take_file (self->keeper, names[i], fds[i]);
  self->bed->host =
      iommud_keeper_make_host (self->keeper, IOMMUD_BACKEND (self->bed->simulator), &error);
  g_assert_no_error (error);
  self->bed->service = iommud_service_new (self->bed->host, self->bed->server,
                                           iommud_policy_for_private_bus (getuid ()));
  iommud_service_wait_for (self->bed->service, iommud_keeper_get_fd_store (self->keeper));
}

void
lives_begin_that_says (Lives *self, const char *const *patterns)
{
  lives_expect (patterns);
  lives_begin (self);
  g_test_assert_expected_messages ();
}

void
lives_kill (Lives *self)
{
  g_autoptr (IommudDescriptors) descriptors = NULL;
  g_autoptr (GError) error = NULL;

  g_clear_object (&self->bed->service);
  descriptors = iommud_host_disown (self->bed->host, &error);
  g_assert_no_error (error);
  g_clear_pointer (&self->keeper, iommud_keeper_free);
  g_clear_object (&self->bed->host);
}

void
lives_stop (Lives *self)
{
  g_clear_object (&self->bed->service);
  g_assert_true (iommud_keeper_let_go (self->keeper, self->bed->host));
  g_clear_pointer (&self->keeper, iommud_keeper_free);
  g_clear_object (&self->bed->host);
}

void
lives_set_up (Lives *self, gconstpointer unused)
{
  g_autoptr (GError) error = NULL;

  self->bed = bed_new (NULL);
  g_clear_object (&self->bed->service);
  g_clear_object (&self->bed->host);
  self->manager = manager_new ();
  self->folder = g_dir_make_tmp ("iommud-restart-XXXXXX", &error);
  g_assert_no_error (error);
  lives_begin (self);
}

static void
remove_folder (const char *folder)
{
  g_autofree char *state = g_build_filename (folder, "state", NULL);
  g_autofree char *next = g_build_filename (folder, "state.next", NULL);

  g_unlink (state);
  g_unlink (next);
  g_assert_cmpint (g_rmdir (folder), ==, 0);
}

void
lives_tear_down (Lives *self, gconstpointer unused)
{
  g_clear_object (&self->bed->service);
  g_clear_pointer (&self->keeper, iommud_keeper_free);
  g_clear_pointer (&self->manager, manager_free);
  bed_free (self->bed);
  remove_folder (self->folder);
  g_free (self->folder);
}

void
lives_assert_kept (Lives *self, const char *expected)
{
  g_autofree char *kept = manager_describe (self->manager);
  g_auto (GStrv) names = g_strsplit (kept, "\n", -1);
  g_autoptr (GString) kinds = g_string_new (NULL);

  for (char **name = names; *name != NULL; name++)
    g_string_append_len (kinds, *name, (gssize) strcspn (*name, "-"));
  g_assert_cmpstr (kinds->str, ==, expected);
}
