/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The interpreter of conformance steps, and the steps that run in the background. The verbs have
 * files of their own. */
#include "config.h"

#include "conformance-interpreter-private.h"

#include <errno.h>
#include <sys/mman.h>

/* Far above what any step takes on a loaded machine: an end that never comes must still end. */
#define LONGEST_WAIT_MS 30000

static void
unmap_memory (gpointer data)
{
  ConformanceMemory *memory = data;

  munmap (memory->address, memory->length);
}

Conformance *
conformance_new (ConformanceHost *host)
{
  Conformance *self = g_new0 (Conformance, 1);

  self->host = host;
  self->variables = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  self->files = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->open_files = g_array_new (FALSE, FALSE, sizeof (int));
  self->memory = g_array_new (FALSE, FALSE, sizeof (ConformanceMemory));
  g_array_set_clear_func (self->memory, unmap_memory);
  return self;
}

/* Whether a job has come to its end before the time is over. */
static gboolean
wait_for_job (Conformance *self, ConformanceJob job, guint milliseconds, int *errnum)
{
  gint64 deadline = g_get_monotonic_time () + (gint64) milliseconds * G_TIME_SPAN_MILLISECOND;

  while (!self->host->has_ended (self->host, job, errnum))
    {
      if (g_get_monotonic_time () >= deadline)
        return FALSE;
      g_usleep (G_TIME_SPAN_MILLISECOND);
    }
  return TRUE;
}

static void
set_background_answer (Conformance *self, const char *answer)
{
  self->background = FALSE;
  g_free (self->background_answer);
  self->background_answer = g_strdup (answer);
}

static gboolean
wait_for_background (Conformance *self, guint milliseconds)
{
  int errnum = 0;

  if (!self->background)
    return TRUE;
  if (!wait_for_job (self, CONFORMANCE_BACKGROUND, milliseconds, &errnum))
    return FALSE;
  set_background_answer (self, errnum == 0 ? "ok" : conformance_get_errno_name (errnum));
  return TRUE;
}

void
conformance_free (Conformance *self)
{
  for (guint i = 0; i < self->open_files->len; i++)
    self->host->syscalls->close (self->host->syscalls, g_array_index (self->open_files, int, i));
  if (self->background)
    wait_for_background (self, LONGEST_WAIT_MS);
  self->host->free (self->host);
  g_array_unref (self->memory);
  g_array_unref (self->open_files);
  g_hash_table_unref (self->files);
  g_hash_table_unref (self->variables);
  g_free (self->background_answer);
  g_free (self);
}

ConformanceJob
conformance_call_get_job (ConformanceCall *call)
{
  if (call->background && call->self->background)
    conformance_call_complain (call, "something runs in the background: bgwait comes first");
  return call->background ? CONFORMANCE_BACKGROUND : CONFORMANCE_FOREGROUND;
}

void
conformance_call_await (ConformanceCall *call, int errnum)
{
  Conformance *self = call->self;

  if (call->background && errnum == 0)
    {
      self->background = TRUE;
      call->begun = TRUE;
      return;
    }
  if (errnum == 0 && !wait_for_job (self, CONFORMANCE_FOREGROUND, LONGEST_WAIT_MS, &errnum))
    errnum = ETIMEDOUT;
  conformance_call_answer (call, errnum);
}

gboolean
conformance_call_background_ended (ConformanceCall *call, guint milliseconds)
{
  return wait_for_background (call->self, MIN (milliseconds, LONGEST_WAIT_MS));
}

const char *
conformance_call_background_answer (ConformanceCall *call)
{
  return call->self->background_answer;
}

static const ConformanceVerb *
find_verb (const char *name)
{
  const ConformanceVerb *const tables[] = { conformance_iommufd_verbs, conformance_vfio_verbs,
                                            conformance_host_verbs, conformance_memory_verbs };

  for (guint i = 0; i < G_N_ELEMENTS (tables); i++)
    for (const ConformanceVerb *verb = tables[i]; verb->name != NULL; verb++)
      if (g_strcmp0 (verb->name, name) == 0)
        return verb;
  return NULL;
}

/* Runs @verb with the privileges of another user if the step begins with `as UID CAPABILITIES`. */
static void
run_verb (ConformanceCall *call, const ConformanceVerb *verb, const char *const *user)
{
  guint64 uid = 0, capabilities = 0;
  const char *unused;

  if (user != NULL
      && !(conformance_call_evaluate (call, user[0], &uid)
           && conformance_call_evaluate (call, user[1], &capabilities)))
    return;
  if (user != NULL
      && !conformance_call_answer (call,
                                   call->host->become (call->host, (guint32) uid, capabilities)))
    return;
  verb->run (call);
  if (user != NULL)
    call->host->resume (call->host);
  unused = verb->free_form ? NULL : conformance_words_find_unused (call->words);
  if (unused != NULL)
    conformance_call_complain (call, "%s has no option '%s'", verb->name, unused);
}

/* How many words stand before the verb: `bg`, `as UID CAPABILITIES`. */
static guint
skip_prefix (char **words, gboolean *background, const char *const **user)
{
  guint count = g_strv_length (words), first = 0;

  *background = count > 0 && g_str_equal (words[0], "bg");
  first += *background ? 1 : 0;
  *user = NULL;
  if (count > first + 3 && g_str_equal (words[first], "as"))
    {
      *user = (const char *const *) words + first + 1;
      first += 3;
    }
  return first;
}

char *
conformance_run (Conformance *self, const char *text)
{
  g_autoptr (ConformanceWords) all = conformance_words_new (text);
  ConformanceCall call = { .self = self, .host = self->host };
  const char *const *user;
  guint first = skip_prefix (all->words, &call.background, &user);
  g_autofree char *step = conformance_words_join (all, first);
  g_autoptr (ConformanceWords) words = conformance_words_new (step);
  const ConformanceVerb *verb = find_verb (words->words[0]);

  call.words = words;
  call.answer = g_string_new (NULL);
  if (verb == NULL)
    conformance_call_complain (&call, "unknown verb '%s'", words->words[0]);
  else
    run_verb (&call, verb, user);
  if (call.background && verb != NULL && call.complaint == NULL)
    {
      if (!call.begun)
        set_background_answer (self, call.answer->str);
      conformance_call_answer (&call, 0);
    }
  if (call.complaint != NULL)
    {
      g_string_printf (call.answer, "!%s", call.complaint);
      g_free (call.complaint);
    }
  return g_string_free (call.answer, FALSE);
}

char *
conformance_refuse (Conformance *self, const char *text)
{
  g_autoptr (ConformanceWords) all = conformance_words_new (text);
  gboolean background;
  const char *const *user;
  g_autofree char *step =
      conformance_words_join (all, skip_prefix (all->words, &background, &user));
  g_autoptr (ConformanceWords) words = conformance_words_new (step);

  return self->host->refuse != NULL ? self->host->refuse (self->host, words) : NULL;
}
