/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The program's options, its exit status, and the one line that it prints when it cannot serve. */
#include "config.h"

#include <glib/gstdio.h>
#include <signal.h>

#include "bed.h"
#include "daemon.h"

#define BOTH (G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_PIPE)

typedef struct
{
  GSubprocess *bus;
  char *address;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->bus = bed_start_bus (&fixture->address);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  if (fixture->bus != NULL)
    bed_stop_bus (fixture->bus);
  g_free (fixture->address);
}

static int
run (const char *const *arguments, char **output, char **errors)
{
  g_autoptr (GSubprocess) daemon = daemon_spawn (BOTH, arguments);
  g_autoptr (GError) error = NULL;

  g_subprocess_communicate_utf8 (daemon, NULL, NULL, output, errors, &error);
  g_assert_no_error (error);
  g_assert_true (g_subprocess_get_if_exited (daemon));
  return g_subprocess_get_exit_status (daemon);
}

/* Exit status 1, nothing on standard output, and one line that matches on standard error. */
static void
check_refused (const char *option, const char *other_option, const char *pattern)
{
  const char *const arguments[] = { option, other_option, NULL };
  g_autofree char *output = NULL;
  g_autofree char *errors = NULL;
  int status = run (arguments, &output, &errors);

  g_test_message ("%s %s: %s", option, other_option == NULL ? "" : other_option, errors);
  g_assert_cmpint (status, ==, 1);
  g_assert_cmpstr (output, ==, "");
  g_assert_true (g_str_has_suffix (errors, "\n"));
  g_assert_true (strchr (errors, '\n') == errors + strlen (errors) - 1);
  if (!g_pattern_match_simple (pattern, errors))
    g_error ("'%s' does not match '%s'", errors, pattern);
}

static void
test_version (void)
{
  const char *const arguments[] = { "--version", NULL };
  g_autofree char *output = NULL;
  g_autofree char *errors = NULL;

  g_assert_cmpint (run (arguments, &output, &errors), ==, 0);
  g_assert_cmpstr (output, ==, "iommud " PACKAGE_VERSION "\n");
  g_assert_cmpstr (errors, ==, "");
}

static void
test_help (void)
{
  const char *const arguments[] = { "--help", NULL };
  g_autofree char *output = NULL;
  g_autofree char *errors = NULL;

  g_assert_cmpint (run (arguments, &output, &errors), ==, 0);
  g_assert_nonnull (strstr (output, "--simulate=FILE"));
  g_assert_nonnull (strstr (output, "--address=ADDRESS"));
}

static void
test_wrong_options (void)
{
  check_refused ("--frobnicate", NULL, "iommud: *--frobnicate*\n");
  check_refused ("host.xml", NULL, "iommud: *host.xml*\n");
  check_refused ("--session", "--system", "iommud: *--session*\n");
}

static void
test_no_bus (void)
{
  check_refused ("--address=unix:path=/nonexistent/bus", "--simulate", "iommud: *No such file*\n");
}

static void
check_bad_host (const char *text, gsize length, const char *pattern)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *file = NULL;
  g_autofree char *option = NULL;
  g_autofree char *full_pattern = NULL;
  int fd = g_file_open_tmp ("iommud-host-XXXXXX.xml", &file, &error);

  g_assert_no_error (error);
  g_close (fd, NULL);
  g_file_set_contents (file, text, (gssize) length, &error);
  g_assert_no_error (error);
  option = g_strdup_printf ("--simulate=%s", file);
  full_pattern = g_strdup_printf ("iommud: *%s%s\n", file, pattern);
  check_refused (option, "--address=unix:path=/nonexistent/bus", full_pattern);
  g_unlink (file);
}

static void
test_wrong_hosts (void)
{
  const char gzip[] = { 0x1f, (char) 0x8b, 0x08, 0x00 };
  gsize huge_length = 65 * 1024 * 1024;
  g_autofree char *huge = g_strnfill (huge_length, ' ');

  check_refused ("--simulate=/nonexistent/host.xml", NULL,
                 "iommud: */nonexistent/host.xml*No such file*\n");
  check_bad_host ("devices: none", 13, "*:1:*");
  check_bad_host ("<simulated-host>\n<cat/>\n</simulated-host>", 41, "*:2:*cat*");
  check_bad_host ("<!DOCTYPE simulated-host>\n<simulated-host/>", 43, "*DTD*");
  check_bad_host (gzip, sizeof gzip, "*");
  check_bad_host (huge, huge_length, "*larger than 64 MiB*");
}

static void
test_serves (Fixture *fixture, gconstpointer data)
{
  GSubprocess *daemon = daemon_start (fixture->address, "--simulate");
  g_autofree char *option = g_strdup_printf ("--address=%s", fixture->address);

  check_refused (option, "--simulate", "iommud: *org.iommud1*running*\n");
  daemon_stop (daemon);
}

static void
test_kernel (Fixture *fixture, gconstpointer data)
{
  daemon_stop (daemon_start (fixture->address, NULL));
}

static void
test_bus_dies (Fixture *fixture, gconstpointer data)
{
  g_autofree char *option = g_strdup_printf ("--address=%s", fixture->address);
  const char *const arguments[] = { option, "--simulate", NULL };
  g_autoptr (GSubprocess) daemon = daemon_spawn (BOTH, arguments);
  g_autofree char *errors = NULL;
  g_autoptr (GError) error = NULL;

  daemon_wait_for_name (fixture->address);
  bed_stop_bus (g_steal_pointer (&fixture->bus));
  g_subprocess_communicate_utf8 (daemon, NULL, NULL, NULL, &errors, &error);
  g_assert_no_error (error);
  g_assert_cmpint (g_subprocess_get_exit_status (daemon), ==, 1);
  g_assert_cmpstr (errors, ==, "iommud: the message bus has closed the connection\n");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/daemon/version", test_version);
  g_test_add_func ("/daemon/help", test_help);
  g_test_add_func ("/daemon/wrong-options", test_wrong_options);
  g_test_add_func ("/daemon/no-bus", test_no_bus);
  g_test_add_func ("/daemon/wrong-hosts", test_wrong_hosts);
  g_test_add ("/daemon/serves", Fixture, NULL, set_up, test_serves, tear_down);
  g_test_add ("/daemon/kernel", Fixture, NULL, set_up, test_kernel, tear_down);
  g_test_add ("/daemon/bus-dies", Fixture, NULL, set_up, test_bus_dies, tear_down);
  return g_test_run ();
}
