/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is wrong in configuration files, each with its file and line. A file of which every line is
 * wrong does not fill the log. */
#include "access/problems.h"

#define MOST_PROBLEMS 100

struct _IommudProblems
{
  GPtrArray *texts;
};

IommudProblems *
iommud_problems_new (void)
{
  IommudProblems *self = g_new0 (IommudProblems, 1);

  self->texts = g_ptr_array_new_with_free_func (g_free);
  return self;
}

void
iommud_problems_free (IommudProblems *self)
{
  g_ptr_array_unref (self->texts);
  g_free (self);
}

/* @line: 0 for the file as a whole. */
void
iommud_problems_add (IommudProblems *self, const char *file, guint line, const char *format, ...)
{
  g_autofree char *what = NULL;
  va_list arguments;

  if (self->texts->len == MOST_PROBLEMS)
    g_ptr_array_add (self->texts, g_strdup ("There is more that is wrong, which is not listed"));
  if (self->texts->len > MOST_PROBLEMS)
    return;
  va_start (arguments, format);
  what = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  if (line == 0)
    g_ptr_array_add (self->texts, g_strdup_printf ("%s: %s", file, what));
  else
    g_ptr_array_add (self->texts, g_strdup_printf ("%s:%u: %s", file, line, what));
}

/* Of strings. Borrowed. */
const GPtrArray *
iommud_problems_get (const IommudProblems *self)
{
  return self->texts;
}
