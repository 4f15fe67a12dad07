/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The open files that a service manager gives to a program when it starts it, as
 * sd_listen_fds_with_names(3) describes it. They are part of what any manager can do, so this needs
 * no library of systemd's. */
#include "given-files.h"

#include <fcntl.h>
#include <unistd.h>

#define FIRST_FD 3
#define MAX_FILES 1048576

static guint64
read_number (const char *variable)
{
  const char *text = g_getenv (variable);
  guint64 number = 0;

  if (text == NULL || !g_ascii_string_to_unsigned (text, 10, 0, G_MAXINT32, &number, NULL))
    return 0;
  return number;
}

static void
forget (void)
{
  g_unsetenv ("LISTEN_PID");
  g_unsetenv ("LISTEN_FDS");
  g_unsetenv ("LISTEN_FDNAMES");
}

/* Calls @func for each file, which takes it. Processes that this one starts are given none. Returns
 * how many there are. */
guint
iommud_given_files_take (IommudGivenFilesFunc func, gpointer user_data)
{
  const char *text = g_getenv ("LISTEN_FDNAMES");
  g_auto (GStrv) names = g_strsplit (text != NULL ? text : "", ":", -1);
  guint n_names = g_strv_length (names);
  guint n_files = (guint) MIN (read_number ("LISTEN_FDS"), MAX_FILES);

  if (read_number ("LISTEN_PID") != (guint64) getpid ())
    n_files = 0;
  forget ();
  for (guint i = 0; i < n_files; i++)
    {
      int fd = FIRST_FD + (int) i;

      if (fcntl (fd, F_SETFD, FD_CLOEXEC) == 0)
        func (i < n_names ? names[i] : "unknown", fd, user_data);
    }
  return n_files;
}
