/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who holds a device, if there are too many, too much is to be read, or something cannot be read;
 * and how holders are called. */
#include "config.h"

#include "proc-fixture.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#define BY_GROUP "anon_inode:[vfio-device]"
#define DEVICE_LINE(path) "vfio-device-syspath: " path "\n"

/* More of them than are wanted are not named. A device with too many hides no other one, and leaves
 * no doubt that nobody has a third one open. */
static void
test_many_holders (ProcFixture *self, gconstpointer data)
{
  iommud_held_array_add (self->targets, makedev (1, 7), "vfio0", PROC_NIC);
  iommud_held_array_add (self->targets, makedev (1, 5), "vfio1", PROC_GPU);
  iommud_held_array_add (self->targets, makedev (1, 3), "vfio2", "/sys/devices/none");
  for (guint i = 0; i < IOMMUD_MAX_HOLDERS; i++)
    {
      g_autofree char *pid = g_strdup_printf ("%u", 1 + i);

      proc_fixture_add_process (self, pid);
      proc_fixture_add_file (self, pid, "9", "/dev/full", "");
    }
  proc_fixture_search (self);
  g_assert_cmpuint (self->found->len, ==, IOMMUD_MAX_HOLDERS);
  g_assert_true (self->complete);
  proc_fixture_add_process (self, "1000");
  proc_fixture_add_file (self, "1000", "9", "/dev/full", "");
  proc_fixture_add_file (self, "1000", "10", "/dev/zero", "");
  proc_fixture_search (self);
  g_assert_cmpuint (self->found->len, ==, IOMMUD_MAX_HOLDERS + 1);
  g_assert_true (self->complete);
}

static void
log_process (IommudProcessFiles *files, const IommudProcessFile *file, gpointer user_data)
{
  GString *log = user_data;

  g_string_append_c (log, *file->target);
  iommud_process_files_mark (files, 0);
}

/* A user with many files delays nobody but himself; in the end, all were looked at. */
static void
test_greedy_user (ProcFixture *self, gconstpointer data)
{
  g_autoptr (GString) log = g_string_new (NULL);
  const IommudProcessFilesQuestion question = { .n_devices = 1,
                                                .max_holders = 10,
                                                .max_seconds = 10,
                                                .max_files = 5,
                                                .look = log_process,
                                                .user_data = log,
                                                .proc = self->proc };
  gboolean complete = FALSE;
  guint pid_sum = 0;

  for (guint i = 0; i < 3; i++)
    {
      g_autofree char *pid = g_strdup_printf ("%u", 1 << i);
      g_autofree char *target = g_strdup_printf ("%c", 'a' + i);

      proc_fixture_add_process (self, pid);
      proc_fixture_add_file (self, pid, "1", target, "");
      proc_fixture_add_file (self, pid, "2", target, "");
      proc_fixture_add_file (self, pid, "3", target, "");
    }
  self->found = iommud_process_files_search (&question, &complete);
  g_assert_true (complete);
  g_assert_cmpuint (self->found->len, ==, 3);
  for (guint i = 0; i < self->found->len; i++)
    pid_sum += (guint) ((IommudFoundHolder *) self->found->pdata[i])->pid;
  g_assert_cmpuint (pid_sum, ==, 7);
  /* The first process, two files of the second, and then the second and the third. */
  g_assert_cmpuint (log->len, ==, 3 + 2 + 3 + 3);
  g_assert_cmpint (log->str[3], ==, log->str[5]);
}

/* A holder may put any number of locks on the file, which the kernel lists before the line. */
static void
test_many_locks (ProcFixture *self, gconstpointer data)
{
  g_autoptr (GString) locks = g_string_new (NULL);

  iommud_held_array_add (self->targets, 0, "vfio0", PROC_NIC);
  proc_fixture_add_process (self, "42");
  while (locks->len < 10000)
    g_string_append (locks, "lock:\t1: POSIX  ADVISORY  WRITE 42 00:06:7 0 EOF\n");
  g_string_append (locks, DEVICE_LINE (PROC_NIC));
  proc_fixture_add_file (self, "42", "9", BY_GROUP, locks->str);
  proc_fixture_expect (self, "0:42 ");
  g_assert_true (self->complete);
  while (locks->len < 70000)
    g_string_prepend (locks, "lock:\t1: POSIX  ADVISORY  WRITE 42 00:06:7 0 EOF\n");
  proc_fixture_remove (self->proc);
  proc_fixture_add_process (self, "42");
  proc_fixture_add_file (self, "42", "9", BY_GROUP, locks->str);
  proc_fixture_expect (self, "");
  g_assert_false (self->complete);
}

/* A process and its user choose names. */
static void
test_names (ProcFixture *self, gconstpointer data)
{
  const IommudFoundHolder *holder;
  g_autofree char *text = NULL;

  iommud_held_array_add (self->targets, makedev (1, 7), "vfio0", PROC_NIC);
  proc_fixture_add_process (self, "42");
  proc_fixture_add_file (self, "42", "9", "/dev/full", "");
  proc_fixture_write (self, "42", "comm", "a\n\x1b[2J\xe2\x80\xae\xff\t\xc3\xa9)\n");
  proc_fixture_write (self, "42", "cgroup", "0::/a\x1b[2J\xff.service\n");
  proc_fixture_search (self);
  holder = self->found->pdata[0];
  g_assert_cmpstr (holder->command, ==, "a??[2J?\xef\xbf\xbd?\xc3\xa9)");
  g_assert_cmpstr (holder->unit, ==, "a?[2J\xef\xbf\xbd.service");
  text = iommud_found_holders_describe (self->found, 0);
  g_assert_cmpstr (text, ==,
                   "a??[2J?\xef\xbf\xbd?\xc3\xa9) (pid 42, unit a?[2J\xef\xbf\xbd.service)");
}

static void
test_describe (ProcFixture *self, gconstpointer data)
{
  g_autofree char *first = NULL;
  g_autofree char *second = NULL;

  self->found = g_ptr_array_new_with_free_func ((GDestroyNotify) iommud_found_holder_free);
  g_assert_null (iommud_found_holders_describe (self->found, 0));
  for (gint pid = 1; pid <= 6; pid++)
    g_ptr_array_add (self->found, iommud_found_holder_new (pid == 1 ? 1 : 0, pid, 7,
                                                           g_strdup (pid == 3 ? "" : "sh"),
                                                           g_strdup (pid == 1   ? "vm.scope"
                                                                     : pid == 2 ? "/pod/7"
                                                                                : "")));
  first = iommud_found_holders_describe (self->found, 0);
  g_assert_cmpstr (first, ==,
                   "sh (pid 2, cgroup /pod/7), a process (pid 3), sh (pid 4), sh (pid 5)");
  second = iommud_found_holders_describe (self->found, 1);
  g_assert_cmpstr (second, ==, "sh (pid 1, unit vm.scope)");
  g_assert_null (iommud_found_holders_describe (self->found, 2));
}

static void
test_units (void)
{
  static const struct
  {
    const char *cgroups;
    const char *unit;
  } cases[] = {
    { "0::/system.slice/libvirtd.service\n", "libvirtd.service" },
    { "0::/machine.slice/machine-qemu\\x2d1\\x2dvm.scope/libvirt/vcpu0\n",
      "machine-qemu\\x2d1\\x2dvm.scope" },
    { "0::/user.slice/user-1000.slice/user@1000.service/app.slice/vm.service\n", "vm.service" },
    { "0::/system.slice/gone.service (deleted)\n", "gone.service" },
    { "12:cpu:/other.service\n1:name=systemd:/system.slice/a.service\n", "a.service" },
    { "1:name=systemd:/system.slice/a.service\n0::/system.slice/a.service/x\n", "a.service" },
    { "12:memory:/pod/7\n1:name=systemd:/\n0::/\n", "" },
    { "0::/kubepods/pod7/crio-1\n", "/kubepods/pod7/crio-1" },
    { "0::/a.service.d/b.mount\n", "/a.service.d/b.mount" },
    { "0::/../../a.slice\n", "/../../a.slice" },
    { "0::/\n", "" },
    { "0::\n", "" },
    { "0:\n0\n:\n\n", "" },
    { "", "" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *unit = iommud_found_holder_find_unit (cases[i].cgroups);

      g_assert_cmpstr (unit, ==, cases[i].unit);
    }
}

/* A search for nothing has seen all. */
static void
test_nothing (ProcFixture *self, gconstpointer data)
{
  proc_fixture_expect (self, "");
  g_assert_true (self->complete);
}

/* Where /proc cannot be read, nothing follows from it that nobody was found. */
static void
test_unreadable (ProcFixture *self, gconstpointer data)
{
  g_autofree char *proc = self->proc;

  iommud_held_array_add (self->targets, makedev (1, 7), "vfio0", PROC_NIC);
  self->proc = g_build_filename (proc, "missing", NULL);
  proc_fixture_expect (self, "");
  g_assert_false (self->complete);
  g_free (g_steal_pointer (&self->proc));
  self->proc = g_steal_pointer (&proc);
}

static guint
count_open_files (void)
{
  guint n = 0;
  int fd = dup (STDIN_FILENO);

  g_assert_cmpint (fd, >=, 0);
  n = (guint) fd;
  close (fd);
  return n;
}

/* Descriptors for some of the folders, and then for none. */
static void
test_no_descriptor (ProcFixture *self, gconstpointer data)
{
  struct rlimit before;
  struct rlimit files;
  guint n_open;

  iommud_held_array_add (self->targets, makedev (1, 7), "vfio0", PROC_NIC);
  proc_fixture_add_process (self, "42");
  proc_fixture_add_file (self, "42", "9", "/dev/full", "");
  n_open = count_open_files ();
  g_assert_cmpint (getrlimit (RLIMIT_NOFILE, &before), ==, 0);
  files = before;
  for (guint i = 0; i <= 5; i++)
    {
      files.rlim_cur = n_open + i;
      g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &files), ==, 0);
      proc_fixture_search (self);
      g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &before), ==, 0);
      g_assert_true (self->complete == (i >= 4));
      g_assert_cmpuint (self->found->len, >=, self->complete ? 1 : 0);
    }
}

static void
open_many_files (int ready)
{
  char byte = 0;

  prctl (PR_SET_PDEATHSIG, SIGKILL);
  for (guint i = 0; i < 900; i++)
    if (open ("/dev/null", O_RDONLY | O_CLOEXEC) < 0)
      return;
  if (open ("/dev/full", O_RDONLY | O_CLOEXEC) >= 0 && write (ready, &byte, 1) == 1)
    pause ();
}

/* A real process with many files, of which one is the device's. */
static void
test_real (ProcFixture *self, gconstpointer data)
{
  g_autoptr (GPtrArray) found = NULL;
  gboolean is_found = FALSE;
  int ready[2];
  char byte;
  pid_t pid;

  g_assert_cmpint (pipe2 (ready, O_CLOEXEC), ==, 0);
  pid = fork ();
  if (pid == 0)
    {
      open_many_files (ready[1]);
      _exit (1);
    }
  close (ready[1]);
  g_assert_cmpint (read (ready[0], &byte, 1), ==, 1);
  iommud_held_array_add (self->targets, makedev (1, 7), "vfio0", PROC_NIC);
  found = iommud_holders_find (self->targets, IOMMUD_MAX_HOLDERS, IOMMUD_MAX_HOLDER_SECONDS, NULL,
                               &self->complete);
  for (guint i = 0; i < found->len; i++)
    {
      const IommudFoundHolder *holder = found->pdata[i];

      is_found |= holder->pid == pid;
      g_assert_cmpint (holder->pid, !=, getpid ());
      g_assert_cmpuint (holder->start_time, >, 0);
    }
  g_assert_true (is_found);
  kill (pid, SIGKILL);
  g_assert_cmpint (waitpid (pid, NULL, 0), ==, pid);
  close (ready[0]);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(path, function)                                                                        \
  g_test_add (path, ProcFixture, NULL, proc_fixture_set_up, function, proc_fixture_tear_down)
  ADD ("/holders/many-holders", test_many_holders);
  ADD ("/holders/greedy-user", test_greedy_user);
  ADD ("/holders/many-locks", test_many_locks);
  ADD ("/holders/names", test_names);
  ADD ("/holders/describe", test_describe);
  g_test_add_func ("/holders/units", test_units);
  ADD ("/holders/nothing", test_nothing);
  ADD ("/holders/unreadable", test_unreadable);
  ADD ("/holders/no-descriptor", test_no_descriptor);
  ADD ("/holders/real", test_real);
  return g_test_run ();
}
