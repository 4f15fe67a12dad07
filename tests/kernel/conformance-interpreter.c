/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The interpreter of conformance steps: variables, files, memory, and what runs in the background.
 * What each verb does stands in the files of verbs. */
#include "config.h"

#include "conformance-interpreter.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

/* Far above what any step takes on a loaded machine: an end that never comes must still end. */
#define LONGEST_WAIT_MS 30000

/* Longer than any record of an ioctl. */
#define LARGEST_RECORD (1u << 20)

/* More than any device can have written to in a test. */
#define LARGEST_BITMAP (1u << 24)

typedef struct
{
  void *address;
  gsize length;
} Memory;

struct _Conformance
{
  ConformanceHost *host;
  GHashTable *variables; /* name to guint64 */
  GHashTable *files;     /* name to fd, -1 once closed */
  GArray *open_files;    /* of int: also those whose name was given to another */
  GArray *memory;        /* of Memory */
  gboolean background;   /* something was begun and has not been seen to end */
  char *background_answer;
};

static void
unmap_memory (gpointer data)
{
  Memory *memory = data;

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
  self->memory = g_array_new (FALSE, FALSE, sizeof (Memory));
  g_array_set_clear_func (self->memory, unmap_memory);
  return self;
}

static const char *
get_errno_name (int errnum)
{
  const char *name = strerrorname_np (errnum);

  return name != NULL ? name : "EUNKNOWN";
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
  set_background_answer (self, errnum == 0 ? "ok" : get_errno_name (errnum));
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

void
conformance_call_complain (ConformanceCall *call, const char *format, ...)
{
  va_list arguments;

  if (call->complaint != NULL)
    return;
  va_start (arguments, format);
  call->complaint = g_strdup_vprintf (format, arguments);
  va_end (arguments);
}

const char *
conformance_call_place (ConformanceCall *call, guint index)
{
  if (index < call->words->places->len)
    return g_ptr_array_index (call->words->places, index);
  conformance_call_complain (call, "word %u is missing", index + 1);
  return "";
}

gboolean
conformance_call_has (ConformanceCall *call, const char *key)
{
  return conformance_words_get_option (call->words, key) != NULL;
}

const char *
conformance_call_option (ConformanceCall *call, const char *key, const char *otherwise)
{
  const char *value = conformance_words_get_option (call->words, key);

  return value != NULL ? value : otherwise;
}

/* One summand; @rest is what follows it. */
static gboolean
evaluate_term (ConformanceCall *call, const char *text, const char **rest, guint64 *value)
{
  char *end = NULL;

  if (*text == '$')
    {
      gsize length = strcspn (text + 1, "+-");
      g_autofree char *name = g_strndup (text + 1, length);
      guint64 *variable = g_hash_table_lookup (call->self->variables, name);

      if (variable == NULL)
        return FALSE;
      *value = *variable;
      *rest = text + 1 + length;
      return TRUE;
    }
  if (g_str_has_prefix (text, "max"))
    {
      *value = G_MAXUINT64;
      *rest = text + strlen ("max");
      return TRUE;
    }
  if (!g_ascii_isdigit (*text))
    return FALSE;
  *value = g_ascii_strtoull (text, &end, g_str_has_prefix (text, "0x") ? 16 : 10);
  *rest = end;
  return TRUE;
}

gboolean
conformance_call_evaluate (ConformanceCall *call, const char *text, guint64 *value)
{
  const char *rest = text;
  gboolean minus = *rest == '-';
  guint64 sum = 0, term;

  if (minus || *rest == '+')
    rest++;
  while (evaluate_term (call, rest, &rest, &term))
    {
      /* As the kernel's own arithmetic: modulo 2^64. */
      sum = minus ? sum - term : sum + term;
      if (*rest == '\0')
        {
          *value = sum;
          return TRUE;
        }
      if (*rest != '+' && *rest != '-')
        break;
      minus = *rest++ == '-';
    }
  conformance_call_complain (call, "'%s' is no number", text);
  return FALSE;
}

guint64
conformance_call_number (ConformanceCall *call, const char *key, guint64 otherwise)
{
  const char *text = conformance_words_get_option (call->words, key);
  guint64 value = otherwise;

  if (text != NULL)
    conformance_call_evaluate (call, text, &value);
  return value;
}

guint64
conformance_call_pointer (ConformanceCall *call, const void *buffer)
{
  return conformance_call_number (call, "ptr", (uintptr_t) buffer);
}

static int
find_file (ConformanceCall *call, const char *name)
{
  gpointer fd = NULL;

  if (!g_hash_table_lookup_extended (call->self->files, name, NULL, &fd))
    conformance_call_complain (call, "'%s' is no file", name);
  return GPOINTER_TO_INT (fd);
}

int
conformance_call_file (ConformanceCall *call, guint index)
{
  return find_file (call, conformance_call_place (call, index));
}

int
conformance_call_file_option (ConformanceCall *call, const char *key)
{
  const char *name = conformance_call_option (call, key, NULL);

  return name != NULL ? find_file (call, name) : -1;
}

void
conformance_call_add_file (ConformanceCall *call, const char *name, int fd)
{
  g_hash_table_replace (call->self->files, g_strdup (name), GINT_TO_POINTER (fd));
  g_array_append_val (call->self->open_files, fd);
}

int
conformance_call_close_file (ConformanceCall *call, const char *name)
{
  const IommudSyscalls *syscalls = call->host->syscalls;
  int fd = conformance_call_file (call, 0);

  if (call->complaint != NULL)
    return EINVAL;
  g_hash_table_replace (call->self->files, g_strdup (name), GINT_TO_POINTER (-1));
  for (guint i = 0; i < call->self->open_files->len; i++)
    if (g_array_index (call->self->open_files, int, i) == fd)
      {
        g_array_remove_index (call->self->open_files, i);
        return syscalls->close (syscalls, fd) < 0 ? errno : 0;
      }
  return EBADF;
}

void *
conformance_call_add_memory (ConformanceCall *call, gsize length, int protection, int file,
                             off_t offset)
{
  Memory memory = { .length = length };
  int flags = file < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED;

  memory.address = mmap (NULL, length, protection, flags, file, offset);
  if (memory.address == MAP_FAILED)
    {
      conformance_call_complain (call, "no %" G_GSIZE_FORMAT " bytes of memory", length);
      return NULL;
    }
  g_array_append_val (call->self->memory, memory);
  return memory.address;
}

gboolean
conformance_call_owns_memory (ConformanceCall *call, guint64 address, gsize length)
{
  for (guint i = 0; i < call->self->memory->len; i++)
    {
      const Memory *memory = &g_array_index (call->self->memory, Memory, i);
      guint64 offset = address - (uintptr_t) memory->address;

      if (offset < memory->length && length <= memory->length - offset)
        return TRUE;
    }
  return FALSE;
}

guint64 *
conformance_call_make_bitmap (ConformanceCall *call)
{
  guint64 page_size = conformance_call_number (call, "pg", 0x1000);
  /* What is no power of two the kernel takes for its lowest bit. */
  guint64 bit = MAX (page_size & -page_size, 1);
  guint64 words = conformance_call_number (call, "len", 0x1000) / bit / 64 + 2;
  guint64 *bitmap = g_new0 (guint64, MIN (words, LARGEST_BITMAP / sizeof (guint64)));

  bitmap[0] = conformance_call_number (call, "init", 0);
  return bitmap;
}

gboolean
conformance_call_answer (ConformanceCall *call, int errnum)
{
  g_string_assign (call->answer, errnum == 0 ? "ok" : get_errno_name (errnum));
  return errnum == 0;
}

void
conformance_call_append (ConformanceCall *call, const char *format, ...)
{
  va_list arguments;

  g_string_append_c (call->answer, ' ');
  va_start (arguments, format);
  g_string_append_vprintf (call->answer, format, arguments);
  va_end (arguments);
}

void
conformance_call_keep (ConformanceCall *call, guint64 value)
{
  if (call->words->variable != NULL)
    g_hash_table_replace (call->self->variables, g_strdup (call->words->variable),
                          g_memdup2 (&value, sizeof (value)));
}

gboolean
conformance_call_ioctl (ConformanceCall *call, int fd, unsigned long request, void *argument)
{
  if (call->complaint != NULL)
    return FALSE;
  return conformance_call_answer (
      call, iommud_syscalls_ioctl (call->host->syscalls, fd, request, argument));
}

gboolean
conformance_call_record (ConformanceCall *call, int fd, unsigned long request, void *record,
                         gsize length)
{
  guint32 said_length;
  gsize room;
  g_autofree guint8 *argument = NULL;
  gboolean ok;

  memcpy (&said_length, record, sizeof (said_length));
  room = MAX (length, MIN (said_length, LARGEST_RECORD));
  argument = g_malloc0 (room);
  memcpy (argument, record, length);
  ok = conformance_call_ioctl (call, fd, request, argument);
  memcpy (record, argument, length);
  return ok;
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
