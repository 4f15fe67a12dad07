/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A step of a conformance sequence as text: `name.NN verb word... key=value... >variable ->
 * answer`. What the words mean is the interpreter's business. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct
{
  char *sequence; /* the label up to its last dot */
  char *label;    /* such as map-args.04 */
  char *text;     /* the step alone */
  char *answer;   /* NULL if the file gives none */
} ConformanceStep;

/* Cuts one line. FALSE and no error: an empty line or a comment. */
gboolean conformance_step_parse (const char *line, ConformanceStep **step, GError **error);
/* A new array of ConformanceStep, in the order of the file. */
GPtrArray *conformance_steps_read (const char *filename, GError **error);
void conformance_step_free (ConformanceStep *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ConformanceStep, conformance_step_free)

/* The words of a step's text. */
typedef struct
{
  char **words;      /* all of them, the verb first */
  GPtrArray *places; /* words after the verb that are neither options nor the variable; borrowed */
  GHashTable *options; /* key to value, both borrowed from option_store */
  GHashTable *used;    /* keys that were asked for */
  GPtrArray *option_store;
  const char *variable; /* what the result is kept as; NULL for nothing */
} ConformanceWords;

ConformanceWords *conformance_words_new (const char *text);
void conformance_words_free (ConformanceWords *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ConformanceWords, conformance_words_free)

const char *conformance_words_get_option (ConformanceWords *self, const char *key);
/* The first option that was not asked for; NULL if all were. */
const char *conformance_words_find_unused (ConformanceWords *self);
/* The rest of the step from the @first word on, the verb being word 0; free with g_free. */
char *conformance_words_join (ConformanceWords *self, guint first);

G_END_DECLS
