/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Our ABI header compared with the kernel's own headers: those of this system, those of an unpacked
 * Linux 6.12 (IOMMUD_LINUX_SOURCE names its top folder), and the same records compiled for a 32-bit
 * machine. */
#include "config.h"

#include <gio/gio.h>

static const char *
get_environment (const char *name, const char *otherwise)
{
  const char *value = g_getenv (name);

  return value != NULL && *value != '\0' ? value : otherwise;
}

/* Whether the compiler takes a source of the tree; @report is what it said. */
static gboolean
compiles (const char *flags, const char *source, char **report)
{
  const char *top = g_test_get_dir (G_TEST_DIST);
  g_autofree char *file = g_build_filename (top, source, NULL);
  g_autofree char *quoted_file = g_shell_quote (file);
  g_autofree char *lib = g_build_filename (top, "lib", NULL);
  g_autofree char *quoted_lib = g_shell_quote (lib);
  g_autofree char *build = g_shell_quote (g_test_get_dir (G_TEST_BUILT));
  g_autofree char *command =
      g_strdup_printf ("%s -std=gnu11 -fsyntax-only -Werror -I%s -I%s %s %s",
                       get_environment ("CC", "cc"), quoted_lib, build, flags, quoted_file);
  const char *const arguments[] = { "sh", "-c", command, NULL };
  g_autoptr (GError) error = NULL;
  g_autoptr (GSubprocess) compiler = g_subprocess_newv (
      arguments, G_SUBPROCESS_FLAGS_STDOUT_SILENCE | G_SUBPROCESS_FLAGS_STDERR_PIPE, &error);

  g_assert_no_error (error);
  g_subprocess_communicate_utf8 (compiler, NULL, NULL, NULL, report, &error);
  g_assert_no_error (error);
  return g_subprocess_get_successful (compiler);
}

static void
assert_compiles (const char *flags, const char *source)
{
  g_autofree char *report = NULL;

  if (!compiles (flags, source, &report))
    {
      g_test_message ("%s", report);
      g_test_fail ();
    }
}

static void
test_system (void)
{
#if __has_include(<linux/iommufd.h>) || __has_include(<linux/vfio.h>)
  assert_compiles (GIO_CFLAGS, "tests/kernel/abi-compare.c");
#else
  g_test_skip ("this system has neither linux/iommufd.h nor linux/vfio.h");
#endif
}

static void
test_source (void)
{
  const char *source = get_environment ("IOMMUD_LINUX_SOURCE", NULL);

  if (source == NULL)
    {
      g_test_skip ("IOMMUD_LINUX_SOURCE names no unpacked Linux 6.12");
      return;
    }

  g_autofree char *uapi = g_build_filename (source, "include", "uapi", NULL);
  g_autofree char *quoted = g_shell_quote (uapi);
  g_autofree char *flags = g_strdup_printf (GIO_CFLAGS " -DABI_COMPARE_EXACT -isystem %s", quoted);

  assert_compiles (flags, "tests/kernel/abi-compare.c");
}

static void
test_difference_is_seen (void)
{
  g_autofree char *report = NULL;

  g_assert_false (
      compiles (GIO_CFLAGS " -DABI_COMPARE_WRONG", "tests/kernel/abi-compare.c", &report));
  g_assert_nonnull (strstr (report, "static"));
}

/* GLib's flags for 32 bits: asked for by name, or found where Debian's multiarch packages put them.
 */
static char *
find_32_bit_flags (void)
{
  const char *given = get_environment ("IOMMUD_GLIB32_CFLAGS", NULL);
  const char *include = "/usr/lib/i386-linux-gnu/glib-2.0/include";

  if (given != NULL)
    return g_strdup_printf ("-m32 %s", given);
  if (!g_file_test (include, G_FILE_TEST_IS_DIR))
    return NULL;
  return g_strdup_printf ("-m32 -I/usr/include/glib-2.0 -I%s", include);
}

/* Every source in a folder and below it. */
static void
assert_folder_compiles (const char *flags, const char *folder)
{
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, folder, NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (GDir) dir = g_dir_open (path, 0, &error);
  const char *name;

  g_assert_no_error (error);
  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *source = g_build_filename (folder, name, NULL);
      g_autofree char *full = g_build_filename (path, name, NULL);

      if (g_file_test (full, G_FILE_TEST_IS_DIR))
        assert_folder_compiles (flags, source);
      else if (g_str_has_suffix (name, ".c"))
        assert_compiles (flags, source);
    }
}

static void
test_32_bit (void)
{
  g_autofree char *base = find_32_bit_flags ();
  g_autofree char *report = NULL;

  if (base == NULL)
    {
      g_test_skip ("no 32-bit GLib headers here, and IOMMUD_GLIB32_CFLAGS names none");
      return;
    }

  g_autofree char *flags = g_strdup_printf (
      "%s -Wall -Wextra -Wno-unused-parameter -Wpointer-to-int-cast -Wint-to-pointer-cast", base);

  assert_folder_compiles (flags, "lib/kernel");
  assert_folder_compiles (flags, "lib/sim");
  assert_compiles (flags, "tests/kernel/abi-compare.c");
  /* And a cast that only 64 bits forgive is refused, or the lines above would prove nothing. */
  g_assert_false (compiles (flags, "tests/kernel/wrong-cast.c", &report));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/kernel/abi/system-headers", test_system);
  g_test_add_func ("/kernel/abi/linux-6.12", test_source);
  g_test_add_func ("/kernel/abi/difference-is-seen", test_difference_is_seen);
  g_test_add_func ("/kernel/abi/32-bit", test_32_bit);
  return g_test_run ();
}
