/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A line that shows the progress of something. It is written to standard error, and only if that is
 * a terminal, so that it does not fill a log. */
#include "config.h"

#include "progress.h"

#include "numbers.h"

#include <glib/gi18n.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define DEFAULT_WIDTH 80
/* The time that the first pieces took says little about the rest. */
#define SECONDS_BEFORE_RATE 1
#define SECONDS_OF_HOUR 3600
#define SECONDS_OF_MINUTE 60

struct _IommuctlProgress
{
  char *title;
  guint64 total;
  gboolean shown; /* whether there is a terminal to show it on */
  gint64 start_time;
  guint length; /* of the line that stands there */
};

IommuctlProgress *
iommuctl_progress_new (const char *title, guint64 total, gboolean quiet)
{
  IommuctlProgress *self = g_new0 (IommuctlProgress, 1);

  self->title = g_strdup (title);
  self->total = total;
  self->shown = !quiet && isatty (STDERR_FILENO);
  self->start_time = g_get_monotonic_time ();
  return self;
}

static void
wipe (IommuctlProgress *self)
{
  if (self->length > 0)
    fprintf (stderr, "\r%*s\r", (int) self->length, "");
  self->length = 0;
}

void
iommuctl_progress_free (IommuctlProgress *self)
{
  wipe (self);
  g_free (self->title);
  g_free (self);
}

static guint
get_width (void)
{
  struct winsize size = { 0 };

  return ioctl (STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col
                                                                          : DEFAULT_WIDTH;
}

static char *
describe_time (double seconds)
{
  guint64 left = seconds + 0.5;

  if (left >= SECONDS_OF_HOUR)
    return g_strdup_printf ("%u:%02u:%02u", (guint) (left / SECONDS_OF_HOUR),
                            (guint) (left % SECONDS_OF_HOUR / SECONDS_OF_MINUTE),
                            (guint) (left % SECONDS_OF_MINUTE));
  return g_strdup_printf ("%u:%02u", (guint) (left / SECONDS_OF_MINUTE),
                          (guint) (left % SECONDS_OF_MINUTE));
}

/* As much of the line as fits. */
static char *
describe (const char *title, guint64 done, guint64 total, double seconds, guint width)
{
  double rate = seconds >= SECONDS_BEFORE_RATE ? done / seconds : 0;
  g_autofree char *share = iommuctl_numbers_describe_share (done, total);
  g_autofree char *done_size = iommuctl_numbers_describe_size (done);
  g_autofree char *total_size = iommuctl_numbers_describe_size (total);
  g_autofree char *rate_size = iommuctl_numbers_describe_size (rate);
  g_autofree char *time_left = describe_time (rate > 0 ? (total - done) / rate : 0);
  g_autofree char *line = NULL;

  if (rate > 0)
    line = g_strdup_printf (_ ("%s: %s, %s of %s, %s/s, %s left"), title, share, done_size,
                            total_size, rate_size, time_left);
  else
    line = g_strdup_printf (_ ("%s: %s, %s of %s"), title, share, done_size, total_size);
  return g_utf8_substring (line, 0, MIN (width, (guint) g_utf8_strlen (line, -1)));
}

void
iommuctl_progress_show (IommuctlProgress *self, guint64 done)
{
  double seconds = (g_get_monotonic_time () - self->start_time) / (double) G_TIME_SPAN_SECOND;
  g_autofree char *line = NULL;

  if (!self->shown)
    return;
  wipe (self);
  /* A line that fills the last column moves the cursor on to the next. */
  line = describe (self->title, MIN (done, self->total), self->total, seconds, get_width () - 1);
  self->length = g_utf8_strlen (line, -1);
  fputs (line, stderr);
  fflush (stderr);
}
