/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which processes hold devices of the simulated host: its files are sockets, which other processes
 * can have copies of. */
#include "config.h"

#include "holder-process.h"
#include "simulator/simulator-testing.h"

#include "backend/backend.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static const char host_xml[] = "<simulated-host>"
                               "  <iommu name='dmar0'/>"
                               "  <device name='0000:01:00.0' iommu='dmar0' group='1'/>"
                               "  <device name='0000:01:00.1' iommu='dmar0' group='1'/>"
                               "</simulated-host>";

typedef struct
{
  IommudSimulator *simulator;
  IommudProbe *probe;
  const IommudSyscalls *syscalls;
  GPtrArray *infos;
} Fixture;

static void
set_up (Fixture *self, gconstpointer data)
{
  self->simulator = iommud_simulator_new_from_data (host_xml, -1, NULL);
  self->probe = iommud_backend_get_probe (IOMMUD_BACKEND (self->simulator));
  self->syscalls = iommud_backend_get_syscalls (IOMMUD_BACKEND (self->simulator));
  self->infos =
      iommud_simulated_kernel_list_devices (iommud_simulator_get_kernel (self->simulator));
}

static void
tear_down (Fixture *self, gconstpointer data)
{
  g_ptr_array_unref (self->infos);
  g_object_unref (self->simulator);
}

static int
open_device (Fixture *self, guint device)
{
  const IommudDeviceInfo *info = self->infos->pdata[device];
  int fd = self->syscalls->open (self->syscalls, info->cdev_path, 0, O_RDWR | O_CLOEXEC);

  g_assert_cmpint (fd, >=, 0);
  return fd;
}

static void
close_device (Fixture *self, int fd)
{
  g_assert_cmpint (self->syscalls->close (self->syscalls, fd), ==, 0);
}

/* As "DEVICE:PID DEVICE:PID ". */
static void
assert_found (Fixture *self, const char *expected)
{
  g_autoptr (GString) text = g_string_new (NULL);
  gboolean complete = FALSE;
  g_autoptr (GPtrArray) found = iommud_probe_find_holders (self->probe, self->infos, &complete);

  for (guint i = 0; i < found->len; i++)
    {
      const IommudFoundHolder *holder = found->pdata[i];

      g_string_append_printf (text, "%u:%d ", holder->device, holder->pid);
    }
  g_assert_cmpstr (text->str, ==, expected);
  g_assert_true (complete);
}

/* Not this process, but one that has a copy, until that has ended. */
static void
test_copies (Fixture *self, gconstpointer data)
{
  int first = open_device (self, 0);
  g_autofree char *expected = NULL;
  pid_t holder;

  assert_found (self, "");
  holder = holder_process_start ("holder");
  expected = g_strdup_printf ("0:%d ", (int) holder);
  assert_found (self, expected);
  close_device (self, first);
  assert_found (self, expected);
  holder_process_stop (holder);
  assert_found (self, "");
}

static void
test_several (Fixture *self, gconstpointer data)
{
  int files[] = { open_device (self, 1), open_device (self, 1), open_device (self, 0) };
  pid_t holder = holder_process_start ("holder");
  g_autofree char *expected = g_strdup_printf ("0:%d 1:%d ", (int) holder, (int) holder);

  assert_found (self, expected);
  g_ptr_array_add (self->infos, iommud_device_info_copy (self->infos->pdata[1]));
  g_free (expected);
  expected = g_strdup_printf ("0:%d 1:%d 2:%d ", (int) holder, (int) holder, (int) holder);
  assert_found (self, expected);
  for (guint i = 0; i < G_N_ELEMENTS (files); i++)
    close_device (self, files[i]);
  holder_process_stop (holder);
}

/* Errors name the other process, and this one only if there is none. */
static void
test_described (Fixture *self, gconstpointer data)
{
  int own = open_device (self, 0);
  int other = open_device (self, 0);
  gboolean complete = FALSE;
  g_autofree char *this_process = NULL;
  g_autofree char *holders = NULL;
  g_autofree char *sibling = NULL;
  g_autofree char *expected = NULL;
  pid_t holder;

  this_process = iommud_probe_describe_holder (self->probe, self->infos->pdata[0], &complete);
  expected = g_strdup_printf ("(pid %d)", (int) getpid ());
  g_assert_nonnull (strstr (this_process, expected));
  holder = holder_process_start ("holder");
  g_free (expected);
  expected = g_strdup_printf ("holder (pid %d", (int) holder);
  holders = iommud_probe_describe_holder (self->probe, self->infos->pdata[0], &complete);
  g_assert_true (g_str_has_prefix (holders, expected));
  g_free (expected);
  expected = g_strdup_printf ("0000:01:00.0, which holder (pid %d", (int) holder);
  sibling = iommud_probe_describe_sibling_holder (self->probe, self->infos->pdata[1]);
  g_assert_true (g_str_has_prefix (sibling, expected));
  g_assert_null (iommud_probe_describe_sibling_holder (self->probe, self->infos->pdata[0]));
  close_device (self, other);
  close_device (self, own);
  holder_process_stop (holder);
}

/* A device that is unplugged while it is held has its holder until that lets go. */
static void
test_unplugged (Fixture *self, gconstpointer data)
{
  int own = open_device (self, 0);
  pid_t holder = holder_process_start ("holder");
  g_autofree char *expected = g_strdup_printf ("0:%d ", (int) holder);

  close_device (self, own);
  g_assert_true (iommud_simulator_unplug_device (self->simulator, "0000:01:00.0", NULL));
  assert_found (self, expected);
  holder_process_stop (holder);
  assert_found (self, "");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(path, function) g_test_add (path, Fixture, NULL, set_up, function, tear_down)
  ADD ("/simulator/holders/copies", test_copies);
  ADD ("/simulator/holders/several", test_several);
  ADD ("/simulator/holders/described", test_described);
  ADD ("/simulator/holders/unplugged", test_unplugged);
  return g_test_run ();
}
