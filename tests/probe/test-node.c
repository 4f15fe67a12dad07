/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Nodes of devices: a node is opened by its number, and a search for its holders waits neither for
 * a file system nor for long. */
#include "config.h"

#include "handle/bind-error.h"
#include "handle/binding.h"
#include "iommud-error.h"
#include "probe/node.h"
#include "probe/udev.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* Questions about open files. */
static struct
{
  guint n;
  guint delay_ms;
  const char *dead; /* what must not be asked for: there would be no answer */
} asked;

/* It stands before the function of the C library. */
int watched_statx (int folder, const char *path, int flags, unsigned int mask,
                   struct statx *status) __asm__("statx");

int
watched_statx (int folder, const char *path, int flags, unsigned int mask, struct statx *status)
{
  g_autofree char *opened = g_strdup_printf ("/proc/self/fd/%d", folder);
  g_autofree char *parent = g_file_read_link (opened, NULL);
  g_autofree char *absolute = g_strdup_printf ("%s/%s", parent, path);
  g_autofree char *target = g_file_read_link (absolute, NULL);

  if (parent != NULL && g_str_has_prefix (absolute, "/proc/"))
    {
      asked.n++;
      g_usleep ((gulong) asked.delay_ms * 1000);
      g_assert_cmphex (flags & AT_STATX_SYNC_TYPE, ==, AT_STATX_DONT_SYNC);
      g_assert_cmphex (flags & AT_NO_AUTOMOUNT, ==, AT_NO_AUTOMOUNT);
      g_assert_cmpstr (target, !=, asked.dead);
    }
  return (int) syscall (SYS_statx, folder, path, flags, mask, status);
}

typedef struct
{
  char *folder;
  IommudDeviceInfo *info;
  IommudProbe *probe;
} Fixture;

static void
set_up (Fixture *self, gconstpointer number)
{
  g_autofree char *folder = NULL;
  g_autofree char *attribute = NULL;
  g_autoptr (GError) error = NULL;

  self->folder = g_dir_make_tmp ("iommud-node-XXXXXX", &error);
  g_assert_no_error (error);
  folder = g_build_filename (self->folder, "vfio-dev", "vfio0", NULL);
  g_assert_cmpint (g_mkdir_with_parents (folder, 0700), ==, 0);
  attribute = g_build_filename (folder, "dev", NULL);
  g_assert_true (g_file_set_contents (attribute, number, -1, NULL));
  self->info = iommud_device_info_new ();
  g_free (self->info->sysfs_path);
  self->info->sysfs_path = g_strdup (self->folder);
  g_free (self->info->vfio_name);
  self->info->vfio_name = g_strdup ("vfio0");
  g_free (self->info->cdev_path);
  self->info->cdev_path = g_strdup ("/dev/vfio/devices/vfio0");
  self->probe = iommud_udev_probe_new ();
  memset (&asked, 0, sizeof asked);
}

static void
tear_down (Fixture *self, gconstpointer number)
{
  static const char *const paths[] = { "vfio-dev/vfio0/dev", "vfio-dev/vfio0", "vfio-dev", "" };

  for (guint i = 0; i < G_N_ELEMENTS (paths); i++)
    {
      g_autofree char *path = g_build_filename (self->folder, paths[i], NULL);

      g_assert_cmpint (g_remove (path), ==, 0);
    }
  g_object_unref (self->probe);
  iommud_device_info_unref (self->info);
  g_free (self->folder);
}

/* A shell that has opened files, and ends with its standard input. */
static GSubprocess *
start_holder (const char *files)
{
  g_autofree char *script = g_strdup_printf ("exec %s; echo; read line", files);
  g_autoptr (GError) error = NULL;
  GSubprocess *holder =
      g_subprocess_new (G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_PIPE, &error,
                        "/bin/sh", "-c", script, NULL);
  char newline;

  g_assert_no_error (error);
  g_assert_cmpint (
      g_input_stream_read (g_subprocess_get_stdout_pipe (holder), &newline, 1, NULL, &error), ==,
      1);
  return holder;
}

static void
stop_holder (GSubprocess *holder)
{
  g_output_stream_close (g_subprocess_get_stdin_pipe (holder), NULL, NULL);
  g_subprocess_wait (holder, NULL, NULL);
  g_object_unref (holder);
}

/* A file that is open and lies on a dead mount is passed over, and so is this process. */
static void
test_dead_mount (Fixture *self, gconstpointer number)
{
  g_autofree char *attribute = g_build_filename (self->folder, "vfio-dev", "vfio0", "dev", NULL);
  g_autofree char *files = g_strdup_printf ("8<%s 9</dev/full", attribute);
  g_autofree char *expected = NULL;
  g_autofree char *found = NULL;
  GSubprocess *holder = start_holder (files);
  gboolean complete = FALSE;
  int own = open ("/dev/full", O_RDONLY | O_CLOEXEC);

  asked.dead = attribute;
  found = iommud_probe_describe_holder (self->probe, self->info, &complete);
  expected = g_strdup_printf ("sh (pid %s", g_subprocess_get_identifier (holder));
  g_assert_true (g_str_has_prefix (found, expected));
  g_assert_null (strstr (found, "), "));
  g_assert_true (complete);
  g_assert_cmpuint (asked.n, >=, 1);
  close (own);
  stop_holder (holder);
}

/* Answers that take long end the search, in the middle of the files of a process. */
static void
test_slow (Fixture *self, gconstpointer number)
{
  GSubprocess *holder = start_holder ("5</dev/zero 6</dev/zero 7</dev/zero 8</dev/zero");
  g_autofree char *found = NULL;
  g_autofree char *cause = NULL;
  gboolean complete = TRUE;

  asked.delay_ms = 1100;
  found = iommud_probe_describe_holder (self->probe, self->info, &complete);
  g_assert_null (found);
  g_assert_false (complete);
  g_assert_cmpuint (asked.n, >=, 1);
  g_assert_cmpuint (asked.n, <=, 2);
  /* Then nothing follows from it that no holder was found. */
  g_assert_cmpint (iommud_bind_error_explain (self->probe, self->info, NULL, EINVAL, &cause), ==,
                   IOMMUD_ERROR_BUSY);
  g_assert_nonnull (strstr (cause, "to tell in time"));
  stop_holder (holder);
}

/* Some of many holders are named: an error says enough with these, and a search ends early. */
static void
test_many_holders (Fixture *self, gconstpointer number)
{
  GSubprocess *holders[6];
  g_autofree char *found = NULL;
  g_auto (GStrv) names = NULL;
  gboolean complete = TRUE;

  for (gsize i = 0; i < G_N_ELEMENTS (holders); i++)
    holders[i] = start_holder ("9</dev/full");
  found = iommud_probe_describe_holder (self->probe, self->info, &complete);
  names = g_strsplit (found, "sh (pid ", -1);
  g_assert_cmpuint (g_strv_length (names), ==, 1 + 4);
  for (gsize i = 0; i < G_N_ELEMENTS (holders); i++)
    stop_holder (holders[i]);
}

typedef struct
{
  guint n_opened;
  dev_t device;
  int errnum;
  const char *file; /* what is opened; NULL: nothing is */
  guint n_closed;
} Kernel;

static int
answer_open (const IommudSyscalls *syscalls, const char *path, dev_t device, int flags)
{
  Kernel *kernel = syscalls->data;

  g_assert_cmpstr (path, ==, "/dev/vfio/devices/vfio0");
  kernel->n_opened++;
  kernel->device = device;
  errno = kernel->errnum;
  return kernel->file != NULL ? open (kernel->file, O_RDONLY | O_CLOEXEC) : -1;
}

static int
answer_close (const IommudSyscalls *syscalls, int fd)
{
  ((Kernel *) syscalls->data)->n_closed++;
  return close (fd);
}

static void
assert_bind_fails (Fixture *self, Kernel *kernel, IommudError code, const char *errno_name,
                   const char *cause)
{
  const IommudSyscalls syscalls = { .open = answer_open, .close = answer_close, .data = kernel };
  const IommudKernelAccess access = {
    .syscalls = &syscalls, .probe = self->probe, .iommufd = -1, .what = (char *) "bind it"
  };
  IommudBinding binding = { .info = self->info, .cdev = -1 };
  g_autoptr (GError) error = NULL;

  g_assert_false (iommud_binding_bind (&binding, &access, &error));
  g_assert_error (error, IOMMUD_ERROR, (gint) code);
  g_assert_nonnull (strstr (error->message, "/dev/vfio/devices/vfio0"));
  g_assert_nonnull (strstr (error->message, errno_name));
  g_assert_nonnull (strstr (error->message, cause));
  g_assert_cmpint (binding.cdev, ==, -1);
}

/* The number is that of the device in sysfs. */
static void
test_open (Fixture *self, gconstpointer number)
{
  Kernel kernel = { .errnum = EACCES };

  assert_bind_fails (self, &kernel, IOMMUD_ERROR_PERMISSION_DENIED, "(EACCES)", "root");
  g_assert_cmpuint (kernel.n_opened, ==, 1);
  g_assert_cmpuint (kernel.device, ==, makedev (1, 7));
  kernel.errnum = ENODEV;
  assert_bind_fails (self, &kernel, IOMMUD_ERROR_DEVICE_GONE, "(ENODEV)", "not the file of");
  kernel.errnum = ELOOP;
  assert_bind_fails (self, &kernel, IOMMUD_ERROR_FAILED, "(ELOOP)", "symbolic link");
  kernel.errnum = EAGAIN;
  assert_bind_fails (self, &kernel, IOMMUD_ERROR_FAILED, "(EAGAIN)", "it was tried again");
}

/* What was opened is the file of another device by now: it is closed, and no ioctl is made on it.
 */
static void
test_other_device (Fixture *self, gconstpointer number)
{
  Kernel kernel = { .file = "/dev/null" };

  assert_bind_fails (self, &kernel, IOMMUD_ERROR_DEVICE_GONE, "(ENODEV)", "not the file of");
  g_assert_cmpuint (kernel.n_opened, ==, 1);
  g_assert_cmpuint (kernel.n_closed, ==, 1);
}

/* A device that has no number in sysfs has no node: nothing is opened. */
static void
test_no_number (Fixture *self, gconstpointer number)
{
  Kernel kernel = { 0 };

  assert_bind_fails (self, &kernel, IOMMUD_ERROR_DEVICE_GONE, "(ENODEV)", "gone");
  g_assert_cmpuint (kernel.n_opened, ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(path, number, function) g_test_add (path, Fixture, number, set_up, function, tear_down)
  ADD ("/node/dead-mount", "1:7\n", test_dead_mount);
  ADD ("/node/slow", "1:7\n", test_slow);
  ADD ("/node/many-holders", "1:7\n", test_many_holders);
  ADD ("/node/open", "1:7\n", test_open);
  ADD ("/node/other-device", "1:7\n", test_other_device);
  ADD ("/node/no-number", "\n", test_no_number);
  return g_test_run ();
}
