/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The verbs of conformance sequences for memory to map: of the program's own, and of memfds. */
#include "config.h"

#include "conformance-interpreter.h"
#include "sim/process/user-memory.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE 0x1000u

#define MOST_PAGES (1u << 20)
#define LONGEST_POKE (1u << 24)

static int
read_protection (ConformanceCall *call)
{
  const char *text = conformance_call_option (call, "prot", "rw");

  if (strchr (text, 'w') != NULL)
    return PROT_READ | PROT_WRITE;
  return strchr (text, 'r') != NULL ? PROT_READ : PROT_NONE;
}

/* 0 and a complaint for a number that makes no sense. */
static gsize
read_length (ConformanceCall *call)
{
  guint64 pages = conformance_call_number (call, "pages", 1);

  if (pages > 0 && pages <= MOST_PAGES)
    return (gsize) pages * PAGE;
  conformance_call_complain (call, "pages= is from 1 to %u", MOST_PAGES);
  return 0;
}

static void
verb_mem (ConformanceCall *call)
{
  gsize length = read_length (call);
  int protection = read_protection (call);
  int file = conformance_call_file_option (call, "file");
  off_t offset = (off_t) conformance_call_number (call, "off", 0);
  void *memory;

  if (call->complaint != NULL)
    return;
  memory = conformance_call_add_memory (call, length, protection, file, offset);
  if (memory == NULL)
    return;
  conformance_call_keep (call, (uintptr_t) memory);
  conformance_call_answer (call, 0);
}

/* Other rights to memory of the sequence than it was made with. */
static void
verb_protect (ConformanceCall *call)
{
  guint64 address = conformance_call_number (call, "va", 0);
  gsize length = read_length (call);
  int protection = read_protection (call);

  if (call->complaint != NULL)
    return;
  if (!conformance_call_owns_memory (call, address, length))
    conformance_call_answer (call, EFAULT);
  else
    conformance_call_answer (
        call, mprotect ((void *) (uintptr_t) address, length, protection) < 0 ? errno : 0);
}

static void
append_bytes (ConformanceCall *call, const guint8 *bytes)
{
  guint64 value;

  memcpy (&value, bytes, sizeof (value));
  conformance_call_append (call, "%016" G_GINT64_MODIFIER "x", value);
}

/* As a system call reads it: memory of a file that was cut short is EFAULT. */
static void
verb_peek (ConformanceCall *call)
{
  guint64 address = conformance_call_number (call, "va", 0);
  guint8 bytes[sizeof (guint64)];
  int errnum = EFAULT;

  if (conformance_call_owns_memory (call, address, sizeof (bytes)))
    errnum = iommud_simulated_copy_from_user (bytes, address, sizeof (bytes));
  if (conformance_call_answer (call, errnum))
    append_bytes (call, bytes);
}

static void
verb_poke (ConformanceCall *call)
{
  guint64 address = conformance_call_number (call, "va", 0);
  guint64 length = conformance_call_number (call, "len", 8);
  guint64 value = conformance_call_number (call, "byte", 0);
  g_autofree guint8 *bytes = NULL;
  int errnum = EFAULT;

  if (length > LONGEST_POKE)
    return;
  bytes = g_malloc (MAX ((gsize) length, 1));
  memset (bytes, (int) (value & 0xff), (gsize) length);
  if (conformance_call_owns_memory (call, address, (gsize) length))
    errnum = iommud_simulated_copy_to_user (address, bytes, (gsize) length);
  conformance_call_answer (call, errnum);
}

static void
verb_memfd (ConformanceCall *call)
{
  const char *name = conformance_call_place (call, 0);
  gsize length = read_length (call);
  int file;

  if (call->complaint != NULL)
    return;
  file = memfd_create (name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (file >= 0)
    conformance_call_add_file (call, name, file);
  conformance_call_answer (call, file < 0 || ftruncate (file, (off_t) length) < 0 ? errno : 0);
}

static void
verb_truncate (ConformanceCall *call)
{
  int file = conformance_call_file (call, 0);
  off_t length = (off_t) conformance_call_number (call, "len", 0);

  if (call->complaint == NULL)
    conformance_call_answer (call, ftruncate (file, length) < 0 ? errno : 0);
}

/* Eight bytes of a file. */
static void
verb_fpeek (ConformanceCall *call)
{
  int file = conformance_call_file (call, 0);
  off_t offset = (off_t) conformance_call_number (call, "off", 0);
  guint8 bytes[sizeof (guint64)] = { 0 };

  if (call->complaint == NULL
      && conformance_call_answer (call,
                                  pread (file, bytes, sizeof (bytes), offset) < 0 ? errno : 0))
    append_bytes (call, bytes);
}

const ConformanceVerb conformance_memory_verbs[] = {
  { "fpeek", verb_fpeek, FALSE },       { "mem", verb_mem, FALSE },
  { "memfd", verb_memfd, FALSE },       { "peek", verb_peek, FALSE },
  { "poke", verb_poke, FALSE },         { "protect", verb_protect, FALSE },
  { "truncate", verb_truncate, FALSE }, { NULL, NULL, FALSE },
};
