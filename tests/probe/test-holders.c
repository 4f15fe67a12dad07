/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who holds a device: what is looked at below /proc, and what follows from it. */
#include "config.h"

#include "proc-fixture.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define BY_GROUP "anon_inode:[vfio-device]"
#define DEVICE_LINE(path) "vfio-device-syspath: " path "\n"

static struct
{
  guint n;             /* files whose numbers were asked for */
  const char *changed; /* a file that changes then */
  const char *content; /* what it is then; NULL: it is gone */
} asked;

/* It stands before the function of the C library. */
int watched_statx (int folder, const char *path, int flags, unsigned int mask,
                   struct statx *status) __asm__("statx");

int
watched_statx (int folder, const char *path, int flags, unsigned int mask, struct statx *status)
{
  if (g_str_has_prefix (path, "fd/"))
    {
      asked.n++;
      if (asked.changed != NULL && asked.content != NULL)
        g_assert_true (g_file_set_contents (asked.changed, asked.content, -1, NULL));
      else if (asked.changed != NULL)
        g_assert_cmpint (g_remove (asked.changed), ==, 0);
    }
  return (int) syscall (SYS_statx, folder, path, flags, mask, status);
}

static void
set_up (ProcFixture *self, gconstpointer data)
{
  proc_fixture_set_up (self, data);
  memset (&asked, 0, sizeof asked);
}

/* A file that is open on a device's node. */
static void
test_node (ProcFixture *self, gconstpointer data)
{
  g_autofree char *own = g_strdup_printf ("%d", (int) getpid ());
  const IommudFoundHolder *holder;

  iommud_held_array_add (self->targets, makedev (1, 7), "vfio0", PROC_NIC);
  proc_fixture_expect (self, "");
  g_assert_true (self->complete);
  proc_fixture_add_process (self, "42");
  proc_fixture_add_file (self, "42", "3", "/dev/null", "");
  proc_fixture_add_file (self, "42", "4", "socket:[7]", "");
  proc_fixture_expect (self, "");
  proc_fixture_add_file (self, "42", "9", "/dev/full", "");
  proc_fixture_add_file (self, "42", "10", "/dev/full", "");
  proc_fixture_add_process (self, own);
  proc_fixture_add_file (self, own, "9", "/dev/full", "");
  proc_fixture_expect (self, "0:42 ");
  g_assert_true (self->complete);
  holder = self->found->pdata[0];
  g_assert_cmpuint (holder->start_time, ==, 1000);
  g_assert_cmpstr (holder->command, ==, "qemu-system-x86");
  g_assert_cmpstr (holder->unit, ==, "vm@1.service");
}

/* Its place in sysfs, in what the kernel says of the file. */
static void
test_by_group (ProcFixture *self, gconstpointer data)
{
  iommud_held_array_add (self->targets, 0, "vfio0", PROC_NIC);
  proc_fixture_add_process (self, "42");
  proc_fixture_add_file (self, "42", "7", BY_GROUP, DEVICE_LINE (PROC_GPU));
  proc_fixture_add_file (self, "42", "8", BY_GROUP, DEVICE_LINE (PROC_NIC "/more"));
  proc_fixture_add_file (self, "42", "9", BY_GROUP, "not-vfio-device-syspath: " PROC_NIC "\n");
  /* Before Linux 6.18. */
  proc_fixture_add_file (self, "42", "10", BY_GROUP, "");
  proc_fixture_add_file (self, "42", "11", "anon_inode:[vfio-devices]", DEVICE_LINE (PROC_NIC));
  proc_fixture_expect (self, "");
  g_assert_true (self->complete);
  proc_fixture_add_file (self, "42", "12", BY_GROUP, DEVICE_LINE (PROC_NIC));
  proc_fixture_expect (self, "0:42 ");
  g_assert_cmpuint (asked.n, ==, 0);
}

/* Who has a group open holds all of its devices. */
static void
test_group (ProcFixture *self, gconstpointer data)
{
  IommudHeld *held = iommud_held_array_add (self->targets, makedev (1, 7), "vfio0", PROC_NIC);

  held->group_number = makedev (1, 5);
  held->group_node = g_strdup ("12");
  held = iommud_held_array_add (self->targets, 0, "vfio1", PROC_GPU);
  held->group_number = makedev (1, 3);
  held->group_node = g_strdup ("13");
  proc_fixture_add_process (self, "42");
  proc_fixture_add_file (self, "42", "8", "/mnt/12", "");
  proc_fixture_expect (self, "");
  g_assert_cmpuint (asked.n, ==, 1);
  proc_fixture_add_file (self, "42", "9", "/dev/zero", "");
  proc_fixture_expect (self, "0:42 ");
  proc_fixture_add_process (self, "43");
  proc_fixture_add_file (self, "43", "9", "/dev/null", "");
  proc_fixture_add_file (self, "43", "10", "/dev/full", DEVICE_LINE (PROC_NIC));
  proc_fixture_expect (self, "0:42 0:43 1:43 ");
}

/* The node of a later device that has the same number, and a device that has no number. */
static void
test_other_device (ProcFixture *self, gconstpointer data)
{
  iommud_held_array_add (self->targets, makedev (1, 7), "vfio0", PROC_NIC);
  iommud_held_array_add (self->targets, 0, "vfio1", PROC_GPU);
  proc_fixture_add_process (self, "42");
  proc_fixture_add_file (self, "42", "9", "/dev/full", DEVICE_LINE (PROC_GPU));
  proc_fixture_expect (self, "");
  proc_fixture_add_file (self, "42", "10", "/dev/full", DEVICE_LINE (PROC_NIC));
  proc_fixture_expect (self, "0:42 ");
}

/* One pass answers for all devices; the node of a group stands for no device. */
static void
test_many_devices (ProcFixture *self, gconstpointer data)
{
  iommud_held_array_add (self->targets, makedev (1, 7), "vfio0", PROC_NIC);
  iommud_held_array_add (self->targets, makedev (1, 5), "vfio1", PROC_GPU);
  iommud_held_array_add (self->targets, makedev (1, 7), "vfio0", PROC_NIC);
  iommud_held_array_add (self->targets, makedev (1, 3), "12", NULL);
  proc_fixture_add_process (self, "7");
  proc_fixture_add_file (self, "7", "3", "/dev/full", DEVICE_LINE (PROC_NIC));
  proc_fixture_add_file (self, "7", "4", BY_GROUP, DEVICE_LINE (PROC_GPU));
  proc_fixture_add_process (self, "8");
  proc_fixture_add_file (self, "8", "3", "/dev/zero", "");
  proc_fixture_add_file (self, "8", "4", "/dev/null", "");
  proc_fixture_expect (self, "0:7 1:7 1:8 2:7 3:8 ");
  g_assert_true (self->complete);
  g_assert_cmpuint (asked.n, ==, 3);
}

/* What cannot be a node is not asked for: the file system may be dead. Of a process in a container
 * the node may be somewhere else, and it may be gone. */
static void
test_other_folders (ProcFixture *self, gconstpointer data)
{
  static const char *const others[] = { "/mnt/vfio00",  "/mnt/vfio0 (deleted)x",
                                        "/mnt/x-vfio0", "/devices/full",
                                        "/vfio0/x",     "vfio0" };

  iommud_held_array_add (self->targets, makedev (1, 7), "vfio0", PROC_NIC);
  proc_fixture_add_process (self, "42");
  for (guint i = 0; i < G_N_ELEMENTS (others); i++)
    {
      g_autofree char *number = g_strdup_printf ("%u", i);

      proc_fixture_add_file (self, "42", number, others[i], "");
    }
  proc_fixture_expect (self, "");
  g_assert_cmpuint (asked.n, ==, 0);
  proc_fixture_add_file (self, "42", "10", "/mnt/vfio0 (deleted)", "");
  proc_fixture_add_file (self, "42", "11", "/mnt/vfio0", "");
  proc_fixture_expect (self, "");
  g_assert_cmpuint (asked.n, ==, 2);
}

/* The process has ended before its files were all read, and its pid was used again; or it was not.
 */
static void
test_reused (ProcFixture *self, gconstpointer data)
{
  g_autofree char *path = g_build_filename (self->proc, "42", "stat", NULL);
  g_autofree char *later = proc_fixture_make_stat ("42", 'S', 1, 1001);

  iommud_held_array_add (self->targets, makedev (1, 7), "vfio0", PROC_NIC);
  proc_fixture_add_process (self, "42");
  proc_fixture_add_file (self, "42", "9", "/dev/full", "");
  asked.changed = path;
  asked.content = later;
  proc_fixture_expect (self, "");
  g_assert_true (self->complete);
  asked.changed = NULL;
  proc_fixture_expect (self, "0:42 ");
  g_assert_cmpuint (((IommudFoundHolder *) self->found->pdata[0])->start_time, ==, 1001);
  asked.changed = path;
  asked.content = NULL;
  proc_fixture_expect (self, "");
  g_assert_true (self->complete);
}

/* A process without a state has just ended, and so has one without files; what is no process is
 * passed over. */
static void
test_ended (ProcFixture *self, gconstpointer data)
{
  iommud_held_array_add (self->targets, makedev (1, 7), "vfio0", PROC_NIC);
  proc_fixture_add_process (self, "7");
  proc_fixture_add_file (self, "7", "9", "/dev/full", "");
  proc_fixture_add_file (self, "8", "9", "/dev/full", "");
  proc_fixture_write (self, "9", "stat", "");
  proc_fixture_add_file (self, "9", "9", "/dev/full", "");
  proc_fixture_write (self, "10", "stat",
                      "10 (sh) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 1 18 19 20");
  proc_fixture_write (self, "self", "stat", "");
  proc_fixture_add_file (self, "self", "9", "/dev/full", "");
  proc_fixture_expect (self, "0:7 ");
  g_assert_true (self->complete);
}

/* The first thread has ended, the others have all of its files. */
static void
test_threads (ProcFixture *self, gconstpointer data)
{
  g_autofree char *ended = proc_fixture_make_stat ("42", 'Z', 2, 1000);

  iommud_held_array_add (self->targets, makedev (1, 7), "vfio0", PROC_NIC);
  proc_fixture_add_process (self, "42");
  proc_fixture_add_file (self, "42/task/43", "9", "/dev/full", "");
  proc_fixture_add_file (self, "42/task/44", "9", "/dev/full", "");
  proc_fixture_expect (self, "");
  proc_fixture_write (self, "42", "stat", ended);
  proc_fixture_expect (self, "0:42 ");
}

static void
test_many_files (ProcFixture *self, gconstpointer data)
{
  iommud_held_array_add (self->targets, makedev (1, 7), "vfio0", PROC_NIC);
  proc_fixture_add_process (self, "42");
  for (guint i = 0; i < 1000; i++)
    {
      g_autofree char *number = g_strdup_printf ("%u", i);

      proc_fixture_add_file (self, "42", number, i == 777 ? "/dev/full" : "/somewhere/else", "");
    }
  proc_fixture_expect (self, "0:42 ");
  g_assert_cmpuint (asked.n, ==, 1);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(path, function)                                                                        \
  g_test_add (path, ProcFixture, NULL, set_up, function, proc_fixture_tear_down)
  ADD ("/holders/node", test_node);
  ADD ("/holders/by-group", test_by_group);
  ADD ("/holders/group", test_group);
  ADD ("/holders/other-device", test_other_device);
  ADD ("/holders/many-devices", test_many_devices);
  ADD ("/holders/other-folders", test_other_folders);
  ADD ("/holders/reused", test_reused);
  ADD ("/holders/ended", test_ended);
  ADD ("/holders/threads", test_threads);
  ADD ("/holders/many-files", test_many_files);
  return g_test_run ();
}
