/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Runs the steps of one sequence and gives their answers as text: `ok id=1`, `EBUSY`.
 *
 * Numbers are decimal or 0x..., `max` (all bits), `$variable`, and sums of these. `!...` is the
 * answer to a step that cannot be understood or run here. */
#pragma once

#include "conformance-host.h"

G_BEGIN_DECLS

typedef struct _Conformance Conformance;

/* Takes @host. */
Conformance *conformance_new (ConformanceHost *host);
/* Closes what the sequence left open and waits for what it left running. */
void conformance_free (Conformance *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Conformance, conformance_free)

char *conformance_run (Conformance *self, const char *text);

/* Why the machine cannot run a step, to be freed; NULL if it can. */
char *conformance_refuse (Conformance *self, const char *text);

/* --- For the verbs ---------------------------------------------------------------------------- */

typedef struct
{
  Conformance *self;
  ConformanceHost *host;
  ConformanceWords *words;
  gboolean background;
  gboolean begun; /* the step's write goes on after it */
  GString *answer;
  char *complaint; /* set once: the step makes no sense */
} ConformanceCall;

typedef struct
{
  const char *name;
  void (*run) (ConformanceCall *call);
  gboolean free_form; /* what looks like an option need not be one */
} ConformanceVerb;

extern const ConformanceVerb conformance_iommufd_verbs[];
extern const ConformanceVerb conformance_vfio_verbs[];
extern const ConformanceVerb conformance_host_verbs[];
extern const ConformanceVerb conformance_memory_verbs[];

void conformance_call_complain (ConformanceCall *call, const char *format, ...)
    G_GNUC_PRINTF (2, 3);

/* The @index-th word that is no option; "" and a complaint if there is none. */
const char *conformance_call_place (ConformanceCall *call, guint index);
gboolean conformance_call_has (ConformanceCall *call, const char *key);
guint64 conformance_call_number (ConformanceCall *call, const char *key, guint64 otherwise);
const char *conformance_call_option (ConformanceCall *call, const char *key, const char *otherwise);
gboolean conformance_call_evaluate (ConformanceCall *call, const char *text, guint64 *value);
/* The address of @buffer, unless the step says ptr=0. */
guint64 conformance_call_pointer (ConformanceCall *call, const void *buffer);

/* The open file of a name that stands at a place: -1 once it was closed. */
int conformance_call_file (ConformanceCall *call, guint index);
/* The one that an option names: -1 without the option. */
int conformance_call_file_option (ConformanceCall *call, const char *key);
void conformance_call_add_file (ConformanceCall *call, const char *name, int fd);
int conformance_call_close_file (ConformanceCall *call, const char *name);
/* Memory that lives as long as the sequence, of @file from @offset on, or of its own if that is -1;
 * NULL and a complaint without any. */
void *conformance_call_add_memory (ConformanceCall *call, gsize length, int protection, int file,
                                   off_t offset);
/* Whether all of it was made by the sequence. */
gboolean conformance_call_owns_memory (ConformanceCall *call, guint64 address, gsize length);
/* Room for one bit for each page of `pg` bytes in `len`, the first word as `init` says; free with
 * g_free. */
guint64 *conformance_call_make_bitmap (ConformanceCall *call);

/* `ok`, or the name of an errno; TRUE for `ok`. */
gboolean conformance_call_answer (ConformanceCall *call, int errnum);
void conformance_call_append (ConformanceCall *call, const char *format, ...) G_GNUC_PRINTF (2, 3);
/* Keeps a value for the `>variable` of the step, if it has one. */
void conformance_call_keep (ConformanceCall *call, guint64 value);
/* One ioctl and its answer. */
gboolean conformance_call_ioctl (ConformanceCall *call, int fd, unsigned long request,
                                 void *argument);
/* The same with a record of ours, which is followed by zeros: a step may say that it is longer. */
gboolean conformance_call_record (ConformanceCall *call, int fd, unsigned long request,
                                  void *record, gsize length);
/* Which of the machine's jobs the step's writes are. */
ConformanceJob conformance_call_get_job (ConformanceCall *call);
/* Answers with what a begun write or removal comes to, now or, under bg, later. */
void conformance_call_await (ConformanceCall *call, int errnum);

/* The state of what runs in the background: waits up to @milliseconds for its end. */
gboolean conformance_call_background_ended (ConformanceCall *call, guint milliseconds);
/* What it came to; NULL while it runs or if there was nothing. */
const char *conformance_call_background_answer (ConformanceCall *call);

G_END_DECLS
