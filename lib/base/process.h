/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What /proc says of a process. Safe to call from any thread. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct
{
  gint parent;         /* its pid; 0 for none */
  gboolean is_exiting; /* its first thread is, or has ended */
  char state;          /* R, S, ..., Z: the first thread has ended */
  guint n_threads;     /* that have not ended, or wait to be reaped */
  guint64 start_time;  /* in ticks since the machine was started: no later process of the same pid
                          has the same */
} IommudProcess;

/* One process for ever. */
typedef struct
{
  gint pid; /* 0: none */
  guint64 start_time;
} IommudProcessId;

/* Of the content of /proc/PID/stat; FALSE if it is none. */
gboolean iommud_process_parse (const char *stat, IommudProcess *process);
/* Of the folder /proc/PID, an open file; 0 or an errno. A folder that was opened is that of one
 * process for ever: after the end of that, nothing in it can be read (ENOENT or ESRCH). */
int iommud_process_read (int folder, IommudProcess *process);
/* Of the process that has the pid now. */
int iommud_process_read_pid (gint pid, IommudProcess *process);
/* None if no process has the pid. */
IommudProcessId iommud_process_identify (gint pid);
/* Whether a process that was looked at twice is one and the same. */
gboolean iommud_process_is_same (const IommudProcess *first, const IommudProcess *second);
/* Whether a thread has ended, or the first one of a process. */
gboolean iommud_process_is_dead (const IommudProcess *thread);
/* Whether no thread of it runs. Nobody may have reaped it yet. */
gboolean iommud_process_has_ended (const IommudProcess *process);

/* A pidfd, to be closed by the caller; -1 with errno set. When the process ends it is readable. */
int iommud_process_open (gint pid);
/* Whether the process of a pidfd has ended. */
gboolean iommud_process_file_has_ended (int process);

/* The beginning of a file, as a string; its length, or -1 with errno set. The file is one of /proc,
 * whose parts may come one by one. */
gssize iommud_process_read_file (int folder, const char *name, char *content, gsize size);

G_END_DECLS
