/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A /proc in a temporary folder, and what a search of holders finds there. */
#include "config.h"

#include "proc-fixture.h"

#include <glib/gstdio.h>
#include <unistd.h>

#define INFO "pos:\t0\nflags:\t02000002\nmnt_id:\t15\nino:\t7\n"

void
proc_fixture_set_up (ProcFixture *self, gconstpointer data)
{
  self->proc = g_dir_make_tmp ("iommud-holders-XXXXXX", NULL);
  g_assert_nonnull (self->proc);
  self->targets = iommud_held_array_new ();
}

void
proc_fixture_remove (const char *path)
{
  GDir *folder = g_file_test (path, G_FILE_TEST_IS_SYMLINK) ? NULL : g_dir_open (path, 0, NULL);
  const char *name;

  while (folder != NULL && (name = g_dir_read_name (folder)) != NULL)
    {
      g_autofree char *entry = g_build_filename (path, name, NULL);

      proc_fixture_remove (entry);
    }
  g_clear_pointer (&folder, g_dir_close);
  g_assert_cmpint (g_remove (path), ==, 0);
}

void
proc_fixture_tear_down (ProcFixture *self, gconstpointer data)
{
  proc_fixture_remove (self->proc);
  g_array_unref (self->targets);
  g_clear_pointer (&self->found, g_ptr_array_unref);
  g_free (self->proc);
}

void
proc_fixture_write (ProcFixture *self, const char *process, const char *name, const char *content)
{
  g_autofree char *path = g_build_filename (self->proc, process, name, NULL);
  g_autofree char *folder = g_path_get_dirname (path);

  g_assert_cmpint (g_mkdir_with_parents (folder, 0700), ==, 0);
  g_assert_true (g_file_set_contents (path, content, -1, NULL));
}

char *
proc_fixture_make_stat (const char *pid, char state, guint n_threads, guint start_time)
{
  return g_strdup_printf ("%s (a) b) %c 1 9 9 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 %u 0 %u 8 9\n", pid,
                          state, n_threads, start_time);
}

void
proc_fixture_add_process (ProcFixture *self, const char *pid)
{
  g_autofree char *stat = proc_fixture_make_stat (pid, 'S', 1, 1000);
  g_autofree char *files = g_build_filename (self->proc, pid, "fd", NULL);

  proc_fixture_write (self, pid, "stat", stat);
  proc_fixture_write (self, pid, "comm", "qemu-system-x86\n");
  proc_fixture_write (self, pid, "cgroup", "0::/machine.slice/vm@1.service\n");
  g_assert_cmpint (g_mkdir_with_parents (files, 0700), ==, 0);
}

/* @info: what fdinfo says behind what it says of every file. */
void
proc_fixture_add_file (ProcFixture *self, const char *process, const char *number,
                       const char *target, const char *info)
{
  g_autofree char *folder = g_build_filename (self->proc, process, "fd", NULL);
  g_autofree char *path = g_build_filename (folder, number, NULL);
  g_autofree char *name = g_build_filename ("fdinfo", number, NULL);
  g_autofree char *content = g_strconcat (INFO, info, NULL);

  g_assert_cmpint (g_mkdir_with_parents (folder, 0700), ==, 0);
  g_assert_cmpint (symlink (target, path), ==, 0);
  proc_fixture_write (self, process, name, content);
}

void
proc_fixture_search (ProcFixture *self)
{
  g_clear_pointer (&self->found, g_ptr_array_unref);
  self->found = iommud_holders_find (self->targets, IOMMUD_MAX_HOLDERS, IOMMUD_MAX_HOLDER_SECONDS,
                                     self->proc, &self->complete);
}

static int
compare (gconstpointer a, gconstpointer b)
{
  const IommudFoundHolder *first = *(const IommudFoundHolder *const *) a;
  const IommudFoundHolder *second = *(const IommudFoundHolder *const *) b;

  return first->device != second->device ? (int) first->device - (int) second->device
                                         : first->pid - second->pid;
}

/* As "DEVICE:PID DEVICE:PID ", in order. */
void
proc_fixture_expect (ProcFixture *self, const char *expected)
{
  g_autoptr (GString) text = g_string_new (NULL);

  proc_fixture_search (self);
  g_ptr_array_sort (self->found, compare);
  for (guint i = 0; i < self->found->len; i++)
    {
      const IommudFoundHolder *holder = self->found->pdata[i];

      g_string_append_printf (text, "%u:%d ", holder->device, holder->pid);
    }
  g_assert_cmpstr (text->str, ==, expected);
}
