/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a conformance step needs from the interpreter: its words, numbers, files and memory, and its
 * answer. */
#include "config.h"

#include "conformance-interpreter-private.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

/* Longer than any record of an ioctl. */
#define LARGEST_RECORD (1u << 20)

/* More than any device can have written to in a test. */
#define LARGEST_BITMAP (1u << 24)

const char *
conformance_get_errno_name (int errnum)
{
  const char *name = strerrorname_np (errnum);

  return name != NULL ? name : "EUNKNOWN";
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
  ConformanceMemory memory = { .length = length };
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
      const ConformanceMemory *memory = &g_array_index (call->self->memory, ConformanceMemory, i);
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
  g_string_assign (call->answer, errnum == 0 ? "ok" : conformance_get_errno_name (errnum));
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
