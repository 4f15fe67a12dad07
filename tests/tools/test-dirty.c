/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* iommuctl dirty and unmap --dirty-bitmap beside a service whose simulated devices write: numbers,
 * pictures and bitmaps are compared with what was written. */
#include "config.h"

#include "memory.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <locale.h>
#include <unistd.h>

#define FILE_DESCRIPTOR 9
#define FILE_PATH "/dev/fd/9"
#define FILE_SIZE (4 * GIBIBYTE)
/* Its IOMMU tracks it, it logs by itself, and nothing tracks it. */
#define TRACKED_DEVICE "0000:01:00.0"
#define LOGGING_DEVICE "0000:83:00.1"
#define UNTRACKED_DEVICE "0000:81:00.0"

typedef struct
{
  Bed *bed;
  char *container;
  char *folder; /* for the bitmaps */
  int file;
} Fixture;

typedef struct
{
  gboolean done;
  char *text;
  GError *error;
} Output;

static void
on_output (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Output *output = user_data;

  g_subprocess_communicate_utf8_finish (G_SUBPROCESS (source), result, &output->text, NULL,
                                        &output->error);
  output->done = TRUE;
}

/* Runs iommuctl in the folder; the service answers from this main loop. Returns what it prints. */
static char *
run (Fixture *self, int expected_status, const char *words)
{
  g_autofree char *program = g_test_build_filename (G_TEST_BUILT, "tools", "iommuctl", NULL);
  g_autofree char *line =
      g_strdup_printf ("%s --address=%s %s", program, self->bed->address, words);
  g_autoptr (GSubprocessLauncher) launcher =
      g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_MERGE);
  g_autoptr (GSubprocess) process = NULL;
  g_auto (GStrv) argv = NULL;
  g_autoptr (GError) error = NULL;
  Output output = { 0 };

  g_assert_true (g_shell_parse_argv (line, NULL, &argv, &error));
  g_subprocess_launcher_set_cwd (launcher, self->folder);
  g_subprocess_launcher_setenv (launcher, "COLUMNS", "80", TRUE);
  g_subprocess_launcher_take_fd (launcher, dup (self->file), FILE_DESCRIPTOR);
  process = g_subprocess_launcher_spawnv (launcher, (const char *const *) argv, &error);
  g_assert_no_error (error);
  g_subprocess_communicate_utf8_async (process, NULL, NULL, on_output, &output);
  bed_wait (&output.done);
  g_assert_no_error (output.error);
  g_test_message ("$ iommuctl %s\n%s", words, output.text);
  g_assert_cmpint (g_subprocess_get_exit_status (process), ==, expected_status);
  return output.text;
}

static void
run_prints (Fixture *self, const char *words, const char *expected)
{
  g_autofree char *found = run (self, 0, words);

  g_assert_cmpstr (found, ==, expected);
}

static void
run_says (Fixture *self, int status, const char *words, const char *expected)
{
  g_autofree char *found = run (self, status, words);

  g_assert_nonnull (strstr (found, expected));
}

static void
attach (Fixture *self, const char *device)
{
  g_autofree char *words = g_strdup_printf ("attach vm1 %s", device);
  g_autofree char *output G_GNUC_UNUSED = run (self, 0, words);
}

static void
set_up (Fixture *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  self->bed = bed_new (NULL);
  self->file = memory_new (FILE_SIZE);
  self->folder = g_dir_make_tmp ("iommuctl-XXXXXX", &error);
  g_assert_no_error (error);
  self->container = bed_create (self->bed, "{'name': <'vm1'>}");
  attach (self, TRACKED_DEVICE);
  attach (self, LOGGING_DEVICE);
}

static void
tear_down (Fixture *self, gconstpointer data)
{
  bed_call_ok (self->bed, self->container, "Free", bed_options ("{'force': <true>}"));
  bed_free (self->bed);
  g_assert_cmpint (g_rmdir (self->folder), ==, 0);
  g_free (self->folder);
  g_free (self->container);
  close (self->file);
}

/* A file that a command has written; it is gone then. */
static GArray *
take_words (Fixture *self, const char *name)
{
  g_autofree char *path = g_build_filename (self->folder, name, NULL);
  int file = g_open (path, O_RDONLY | O_CLOEXEC, 0);

  g_assert_cmpint (file, >=, 0);
  g_assert_cmpint (g_unlink (path), ==, 0);
  return memory_read_bitmap (file);
}

static void
assert_picture (Fixture *self, const char *words, const char *name)
{
  g_autofree char *found = run (self, 0, words);
  g_autofree char *path =
      g_test_build_filename (G_TEST_DIST, "tests", "tools", "golden", name, NULL);
  g_autofree char *expected = NULL;
  g_autoptr (GError) error = NULL;

  g_file_get_contents (path, &expected, NULL, &error);
  g_assert_no_error (error);
  if (!g_str_equal (found, expected))
    g_error ("Not what %s holds:\n%s", name, found);
}

static void
map_guest (Fixture *self)
{
  g_free (run (self, 0, "map vm1 " FILE_PATH " --length=1G --iova=0"));
  g_free (run (self, 0, "map vm1 " FILE_PATH " --offset=1G --length=1G --iova=4G"));
}

/* A device's write shows in the numbers, in the picture, and in the bitmap, until it is read. */
static void
test_read (Fixture *self, gconstpointer data)
{
  map_guest (self);
  run_prints (self, "dirty start vm1", "Started dirty tracking of vm1\n");
  memory_write (self->bed, TRACKED_DEVICE, 0x3000, 2 * PAGE);
  memory_write (self->bed, LOGGING_DEVICE, 4 * GIBIBYTE, 64 * 1024 * PAGE);
  run_prints (self, "dirty read vm1 0 64K --no-clear",
              "Dirty pages of vm1: 2 of 16 pages of 4 KiB, 8 KiB, 12.5 %\n");
  run_prints (self, "dirty read vm1 --no-clear --tracker=iommu",
              "IOVA        LENGTH PAGES  DIRTY SHARE\n"
              "0x0         1 GiB  262144 2     <0.1 %\n"
              "0x100000000 1 GiB  262144 0     0 %\n"
              "Dirty pages of vm1: 2 of 524288 pages of 4 KiB, 8 KiB, <0.1 %\n");
  assert_picture (self, "dirty read vm1 --no-clear --plot", "dirty-read.out");
  run_prints (self, "dirty read vm1",
              "IOVA        LENGTH PAGES  DIRTY SHARE\n"
              "0x0         1 GiB  262144 2     <0.1 %\n"
              "0x100000000 1 GiB  262144 65536 25 %\n"
              "Dirty pages of vm1: 65538 of 524288 pages of 4 KiB, 256 MiB, 12.5 %\n");
  run_prints (self, "dirty read vm1 --page-size=2M",
              "IOVA        LENGTH PAGES DIRTY SHARE\n"
              "0x0         1 GiB  512   0     0 %\n"
              "0x100000000 1 GiB  512   0     0 %\n"
              "Dirty pages of vm1: 0 of 1024 pages of 2 MiB, 0 B, 0 %\n");
  run_prints (self, "dirty stop vm1", "Stopped dirty tracking of vm1\n");
}

static void
test_output (Fixture *self, gconstpointer data)
{
  g_autoptr (GArray) one = NULL;
  g_autoptr (GArray) all = NULL;
  g_autofree char *json = NULL;

  g_free (run (self, 0, "map vm1 " FILE_PATH " --length=512K --iova=0"));
  g_free (run (self, 0, "map vm1 " FILE_PATH " --length=4K --iova=1M"));
  g_free (run (self, 0, "dirty start vm1"));
  memory_write (self->bed, TRACKED_DEVICE, 65 * PAGE, 1);
  memory_write (self->bed, LOGGING_DEVICE, 0x100000, 1);
  run_prints (self, "dirty read vm1 256K 256K --no-clear --output=one",
              "Dirty pages of vm1: 1 of 64 pages of 4 KiB, 4 KiB, 1.6 %\n");
  one = take_words (self, "one");
  g_assert_cmpuint (one->len, ==, 1);
  g_assert_cmphex (g_array_index (one, guint64, 0), ==, 2);
  json = run (self, 0, "dirty read vm1 --json --output=all");
  g_assert_nonnull (strstr (json, "\"DirtyPages\" : 2,"));
  g_assert_nonnull (strstr (json, "\"OutputOffset\" : 16"));
  all = take_words (self, "all");
  g_assert_cmpuint (all->len, ==, 3);
  g_assert_cmphex (g_array_index (all, guint64, 0), ==, 0);
  g_assert_cmphex (g_array_index (all, guint64, 1), ==, 2);
  g_assert_cmphex (g_array_index (all, guint64, 2), ==, 1);
}

static void
test_unmap (Fixture *self, gconstpointer data)
{
  g_autoptr (GArray) words = NULL;

  g_free (run (self, 0, "map vm1 " FILE_PATH " --length=512K --iova=0"));
  run_says (self, 2, "unmap vm1 0 512K --dirty-bitmap=last", "not active");
  g_free (run (self, 0, "dirty start vm1"));
  memory_write (self->bed, TRACKED_DEVICE, 0, 1);
  memory_write (self->bed, LOGGING_DEVICE, 127 * PAGE, 1);
  run_prints (self, "unmap vm1 0 512K --dirty-bitmap=last",
              "Unmapped 512 KiB (524288) from vm1; dirty pages of 4 KiB: 2, bitmap in last\n");
  words = take_words (self, "last");
  g_assert_cmpuint (words->len, ==, 2);
  g_assert_cmphex (g_array_index (words, guint64, 0), ==, 1);
  g_assert_cmphex (g_array_index (words, guint64, 1), ==, G_GUINT64_CONSTANT (1) << 63);
}

/* If there is no place for the bits, they are not read. */
static void
test_no_place (Fixture *self, gconstpointer data)
{
  g_free (run (self, 0, "map vm1 " FILE_PATH " --length=512K --iova=0"));
  g_free (run (self, 0, "dirty start vm1"));
  memory_write (self->bed, TRACKED_DEVICE, 0, 1);
  run_says (self, 1, "dirty read vm1 --output=/nonexistent/bitmap", "/nonexistent/bitmap");
  run_says (self, 1, "unmap vm1 0 512K --dirty-bitmap=/nonexistent/bitmap", "/nonexistent/bitmap");
  run_prints (self, "dirty read vm1",
              "Dirty pages of vm1: 1 of 128 pages of 4 KiB, 4 KiB, 0.8 %\n");
}

typedef struct
{
  GSource source;
  const char *folder;
} Usurper;

/* Before each turn of the main loop, in which the service answers: makes a folder of the name "out"
 * once there is the file that is to have that name. */
static gboolean
take_place (GSource *source, int *timeout)
{
  const char *folder = ((Usurper *) source)->folder;
  g_autofree char *path = g_build_filename (folder, "out", NULL);
  g_autoptr (GDir) files = g_dir_open (folder, 0, NULL);

  *timeout = -1;
  if (g_dir_read_name (files) != NULL)
    (void) g_mkdir (path, 0700);
  return FALSE;
}

/* The bitmap was read, and cannot be put where it was to go. */
static void
test_place_is_taken (Fixture *self, gconstpointer data)
{
  GSourceFuncs funcs = { .prepare = take_place };
  GSource *source = g_source_new (&funcs, sizeof (Usurper));
  g_autofree char *path = g_build_filename (self->folder, "out", NULL);

  ((Usurper *) source)->folder = self->folder;
  g_free (run (self, 0, "map vm1 " FILE_PATH " --length=512K --iova=0"));
  g_free (run (self, 0, "dirty start vm1"));
  g_source_attach (source, NULL);
  run_says (self, 1, "dirty read vm1 --output=out", "Cannot write the dirty bitmap to 'out'");
  g_source_destroy (source);
  g_source_unref (source);
  g_assert_cmpint (g_rmdir (path), ==, 0);
  g_free (run (self, 0, "dirty stop vm1"));
}

/* What was read before a failure is shown, and what was not stays dirty. */
static void
test_failure (Fixture *self, gconstpointer data)
{
  g_autofree char *output = NULL;
  g_autoptr (GArray) words = NULL;
  g_autoptr (GError) error = NULL;

  g_free (run (self, 0, "map vm1 " FILE_PATH " --length=256K --iova=0"));
  g_free (run (self, 0, "map vm1 " FILE_PATH " --length=256K --iova=1M"));
  g_free (run (self, 0, "dirty start vm1"));
  memory_write (self->bed, TRACKED_DEVICE, 0, 1);
  memory_write (self->bed, TRACKED_DEVICE, 0x100000, 1);
  iommud_simulator_inject_fault (self->bed->simulator, "get-dirty-bitmap", 2, EIO, 0, &error);
  g_assert_no_error (error);
  output = run (self, 1, "dirty read vm1 --output=part");
  g_assert_nonnull (strstr (output, "Only 1 of 2 ranges were read: "));
  g_assert_nonnull (strstr (output, "Dirty pages of vm1: 1 of 64 pages"));
  words = take_words (self, "part");
  g_assert_cmpuint (words->len, ==, 1);
  g_assert_cmphex (g_array_index (words, guint64, 0), ==, 1);
  run_prints (self, "dirty read vm1 1M 256K",
              "Dirty pages of vm1: 1 of 64 pages of 4 KiB, 4 KiB, 1.6 %\n");
}

/* More mappings than the service lists. */
static void
test_many_mappings (Fixture *self, gconstpointer data)
{
  for (guint i = 0; i < 257; i++)
    memory_map (self->bed, self->container, self->file, 0, PAGE, 2 * i * PAGE, NULL);
  g_free (run (self, 0, "dirty start vm1"));
  memory_write (self->bed, TRACKED_DEVICE, 0, 1);
  run_says (self, 8, "dirty read vm1", "257 mappings, and the service lists only the first 256");
  run_prints (self, "dirty read vm1 0 4M",
              "Dirty pages of vm1: 1 of 1024 pages of 4 KiB, 4 KiB, <0.1 %\n");
  run_says (self, 0, "mappings vm1",
            "Mappings: 257, the service lists the first 256; in all 1.0 MiB (1052672)");
}

/* The devices that it does not cover are named at once. */
static void
test_blockers (Fixture *self, gconstpointer data)
{
  g_autofree char *output = NULL;

  attach (self, UNTRACKED_DEVICE);
  output = run (self, 0, "dirty start vm1");
  g_assert_true (g_str_has_prefix (output, "Started dirty tracking of vm1\nBut: "));
  g_assert_nonnull (strstr (output, UNTRACKED_DEVICE));
  run_prints (self, "dirty read vm1", "Nothing is mapped in vm1\n");
}

int
main (int argc, char **argv)
{
  g_setenv ("LC_ALL", "C.UTF-8", TRUE);
  setlocale (LC_ALL, "");
  g_test_init (&argc, &argv, NULL);
#define ADD(name, test) g_test_add ("/dirty/" name, Fixture, NULL, set_up, test, tear_down)
  ADD ("read", test_read);
  ADD ("output", test_output);
  ADD ("unmap", test_unmap);
  ADD ("no-place", test_no_place);
  ADD ("place-is-taken", test_place_is_taken);
  ADD ("failure", test_failure);
  ADD ("many-mappings", test_many_mappings);
  ADD ("blockers", test_blockers);
  return g_test_run ();
}
