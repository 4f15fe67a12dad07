/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* iommuctl holders, beside a service of whose files other processes have copies. */
#include "config.h"

#include "bed.h"
#include "holder-process.h"

#include <string.h>

#define PCI_1 "0000:01:00.0"
#define PCI_2 "0000:02:00.0"

typedef struct
{
  gboolean done;
  char *text;
} Output;

static void
on_output (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Output *output = user_data;

  g_assert_true (g_subprocess_communicate_utf8_finish (G_SUBPROCESS (source), result, &output->text,
                                                       NULL, NULL));
  output->done = TRUE;
}

/* What iommuctl prints; the service answers from this main loop. */
static char *
run (Bed *bed, const char *words)
{
  g_autofree char *program = g_test_build_filename (G_TEST_BUILT, "tools", "iommuctl", NULL);
  g_autofree char *line = g_strdup_printf ("%s --address=%s %s", program, bed->address, words);
  g_autoptr (GSubprocess) process = NULL;
  g_auto (GStrv) argv = NULL;
  Output output = { 0 };

  g_assert_true (g_shell_parse_argv (line, NULL, &argv, NULL));
  process = bed_spawn (G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_MERGE,
                       (const char *const *) argv);
  g_subprocess_communicate_utf8_async (process, NULL, NULL, on_output, &output);
  bed_wait (&output.done);
  g_test_message ("$ iommuctl %s\n%s", words, output.text);
  g_assert_cmpint (g_subprocess_get_exit_status (process), ==, 0);
  return output.text;
}

static void
run_prints (Bed *bed, const char *words, const char *expected)
{
  g_autofree char *found = run (bed, words);

  g_assert_cmpstr (found, ==, expected);
}

static void
assert_line (const char *line, pid_t pid, const char *command)
{
  g_autofree char *beginning = g_strdup_printf ("%d ", (int) pid);

  g_assert_true (g_str_has_prefix (line, beginning));
  g_assert_nonnull (strstr (line, command));
}

static void
check_table (Bed *bed, pid_t first, pid_t second)
{
  g_autofree char *text = run (bed, "holders 01:00.0");
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);

  g_assert_cmpuint (g_strv_length (lines), ==, 4);
  g_assert_true (g_str_has_prefix (lines[0], "PID "));
  g_assert_nonnull (strstr (lines[0], "COMMAND"));
  g_assert_nonnull (strstr (lines[0], "UNIT"));
  assert_line (lines[first < second ? 1 : 2], first, "qemu-system-x86");
  assert_line (lines[first < second ? 2 : 1], second, "a?b");
}

static void
check_json (Bed *bed, pid_t pid)
{
  g_autofree char *text = run (bed, "--json holders " PCI_1);
  g_autofree char *expected = g_strdup_printf ("\"Pid\" : %d,", (int) pid);

  g_assert_nonnull (strstr (text, "\"Device\" : \"/org/iommud1/devices/0000_3a01_3a00_2e0\""));
  g_assert_nonnull (strstr (text, expected));
  g_assert_nonnull (strstr (text, "\"Command\" : \"qemu-system-x86\""));
  g_assert_nonnull (strstr (text, "\"Unit\" : \""));
}

static void
test_holders (void)
{
  g_autoptr (Bed) bed = bed_new (NULL);
  g_autofree char *container = bed_create (bed, "{'name': <'vm1'>}");
  g_autofree char *device = bed_device (bed, PCI_1);
  g_autofree char *hwpt G_GNUC_UNUSED = bed_attach (bed, container, device);
  pid_t first = holder_process_start ("qemu-system-x86");
  pid_t second = holder_process_start ("a\nb");

  check_table (bed, first, second);
  check_json (bed, first);
  run_prints (bed, "--json holders " PCI_2,
              "{\n  \"Device\" : \"/org/iommud1/devices/0000_3a02_3a00_2e0\",\n"
              "  \"Holders\" : []\n}\n");
  run_prints (bed, "holders " PCI_2, "No process has " PCI_2 " open\n");
  holder_process_stop (first);
  holder_process_stop (second);
  run_prints (bed, "holders " PCI_1,
              "No process has " PCI_1 " open but iommud, which has it in container vm1\n");
  bed_call_ok (bed, container, "Free", bed_options ("{'force': <true>}"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/tools/holders", test_holders);
  return g_test_run ();
}
