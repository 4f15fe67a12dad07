/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A program that runs as a child with open files, and gets the signals that are meant for it.
 *
 * It runs in our process group: from a terminal, a signal such as that of Ctrl-C comes to both. */
#include "config.h"

#include "program.h"

#include "exit-status.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <glib/gi18n.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define PID_VARIABLE "LISTEN_PID="
#define MAX_DIGITS 20

struct _IommuctlProgram
{
  pid_t pid;
  const IommuctlSignals *signals;
  GMainLoop *loop;
  int status; /* as waitpid() has it */
};

/* What the child needs after the fork, when it may not allocate memory. */
typedef struct
{
  char **arguments;
  char **environment;
  char *pid_variable; /* in the environment, with room for the number */
  const IommuctlFiles *files;
  const IommuctlSignals *signals;
  int report; /* where an errno is written if it cannot become the program */
} Plan;

static void
plan_clear (Plan *self)
{
  g_strfreev (self->environment);
  if (self->report >= 0)
    close (self->report);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Plan, plan_clear)

/* The variables of sd_listen_fds(3). */
static void
make_environment (Plan *self)
{
  g_autofree char *names = iommuctl_files_join_names (self->files);
  g_autofree char *count = g_strdup_printf ("%u", iommuctl_files_count (self->files));
  guint n;

  self->environment = g_get_environ ();
  self->environment = g_environ_setenv (self->environment, "LISTEN_FDS", count, TRUE);
  self->environment = g_environ_setenv (self->environment, "LISTEN_FDNAMES", names, TRUE);
  self->environment = g_environ_unsetenv (self->environment, "LISTEN_PID");
  n = g_strv_length (self->environment);
  self->environment = g_renew (char *, self->environment, n + 2);
  self->pid_variable = g_strndup (PID_VARIABLE, strlen (PID_VARIABLE) + MAX_DIGITS);
  self->environment[n] = self->pid_variable;
  self->environment[n + 1] = NULL;
}

/* From here on to the end of become(): only what is allowed after a fork. */
static void
write_number (char *text, pid_t number)
{
  char digits[MAX_DIGITS];
  guint n = 0;

  for (; number > 0; number /= 10)
    digits[n++] = (char) ('0' + number % 10);
  while (n > 0)
    *text++ = digits[--n];
  *text = '\0';
}

static void G_GNUC_NORETURN
become (const Plan *self)
{
  int errnum;

  write_number (self->pid_variable + strlen (PID_VARIABLE), getpid ());
  if (iommuctl_files_place (self->files))
    {
      iommuctl_signals_restore (self->signals);
      execvpe (self->arguments[0], self->arguments, self->environment);
    }
  errnum = errno;
  (void) !write (self->report, &errnum, sizeof errnum);
  _exit (IOMMUCTL_EXIT_CANNOT_RUN);
}

/* 0 once it is the program. */
static int
read_report (int report)
{
  int errnum = 0;
  gssize n;

  do
    n = read (report, &errnum, sizeof errnum);
  while (n < 0 && errno == EINTR);
  return n == sizeof errnum ? errnum : 0;
}

static void
set_error (GError **error, const char *name, int errnum)
{
  g_set_error (error, IOMMUCTL_ERROR,
               errnum == ENOENT ? IOMMUCTL_EXIT_NO_PROGRAM : IOMMUCTL_EXIT_CANNOT_RUN,
               _ ("Cannot run '%s': %s"), name, g_strerror (errnum));
}

/* The end of the report that the child has must be none of the numbers that its files get. */
static gboolean
open_report (Plan *self, int *reading_end, GError **error)
{
  int ends[2];

  if (!g_unix_open_pipe (ends, FD_CLOEXEC, error))
    return FALSE;
  self->report = fcntl (ends[1], F_DUPFD_CLOEXEC,
                        IOMMUCTL_FILES_FIRST + (int) iommuctl_files_count (self->files));
  close (ends[1]);
  *reading_end = ends[0];
  if (self->report >= 0)
    return TRUE;
  set_error (error, self->arguments[0], errno);
  close (ends[0]);
  return FALSE;
}

static pid_t
start (Plan *self, GError **error)
{
  int report = -1;
  int errnum;
  pid_t pid;

  make_environment (self);
  if (!open_report (self, &report, error))
    return -1;
  pid = fork ();
  if (pid == 0)
    become (self);
  errnum = pid < 0 ? errno : 0;
  close (self->report);
  self->report = -1;
  if (pid > 0)
    errnum = read_report (report);
  close (report);
  if (errnum == 0)
    return pid;
  if (pid > 0)
    waitpid (pid, NULL, 0);
  set_error (error, self->arguments[0], errnum);
  return -1;
}

IommuctlProgram *
iommuctl_program_start (char **arguments, const IommuctlFiles *files,
                        const IommuctlSignals *signals, GError **error)
{
  g_auto (Plan) plan = { .arguments = arguments, .files = files, .signals = signals, .report = -1 };
  pid_t pid = start (&plan, error);
  IommuctlProgram *self;

  if (pid < 0)
    return NULL;
  self = g_new0 (IommuctlProgram, 1);
  self->pid = pid;
  self->signals = signals;
  self->loop = g_main_loop_new (NULL, FALSE);
  return self;
}

void
iommuctl_program_free (IommuctlProgram *self)
{
  g_main_loop_unref (self->loop);
  g_free (self);
}

/* A terminal sends signals to all of its foreground process group. */
static gboolean
has_got (const IommuctlProgram *self, const struct signalfd_siginfo *info)
{
  if (info->ssi_code == SI_KERNEL)
    return getpgid (self->pid) == getpgrp ();
  return (pid_t) info->ssi_pid == self->pid;
}

static void
pass_on (const IommuctlProgram *self, const struct signalfd_siginfo *info)
{
  if (!has_got (self, info))
    kill (self->pid, (int) info->ssi_signo);
  if (info->ssi_signo == SIGTSTP)
    raise (SIGSTOP);
}

static gboolean
on_signals (int fd, GIOCondition condition, gpointer user_data)
{
  IommuctlProgram *self = user_data;
  struct signalfd_siginfo info;

  while (g_main_loop_is_running (self->loop) && iommuctl_signals_take (self->signals, &info))
    if (info.ssi_signo != SIGCHLD)
      pass_on (self, &info);
    else if (waitpid (self->pid, &self->status, WNOHANG) == self->pid)
      g_main_loop_quit (self->loop);
  return G_SOURCE_CONTINUE;
}

int
iommuctl_program_wait (IommuctlProgram *self)
{
  g_autoptr (GSource) source =
      g_unix_fd_source_new (iommuctl_signals_get_fd (self->signals), G_IO_IN);

  g_source_set_callback (source, G_SOURCE_FUNC (on_signals), self, NULL);
  g_source_attach (source, NULL);
  g_main_loop_run (self->loop);
  g_source_destroy (source);
  return WIFEXITED (self->status) ? WEXITSTATUS (self->status) : 128 + WTERMSIG (self->status);
}
