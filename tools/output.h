/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Everything that iommuctl prints: tables, trees, records and lines for people, or JSON. */
#pragma once

#include "table.h"

G_BEGIN_DECLS

typedef struct _IommuctlOutput IommuctlOutput;

IommuctlOutput *iommuctl_output_new (gboolean json);
void iommuctl_output_free (IommuctlOutput *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (IommuctlOutput, iommuctl_output_free)

/* Object paths in records are shown by the names that this service knows for them: it must live as
 * long as the output. */
void iommuctl_output_set_service (IommuctlOutput *self, IommuctlService *service);

/* @records: an aa{sv}. @columns ends with a column without a title. */
void iommuctl_output_table (IommuctlOutput *self, GVariant *records, const IommuctlColumn *columns);
/* @record: an a{sv}, all of which is JSON; the table shows the aa{sv} that it holds at the key. */
void iommuctl_output_table_of (IommuctlOutput *self, GVariant *record, const char *key,
                               const IommuctlColumn *columns);
/* @root: an a{sv}, each aa{sv} in which holds children; the root itself is not shown as a line. */
void iommuctl_output_tree (IommuctlOutput *self, GVariant *root, const IommuctlColumn *columns);
/* Lines for people only; JSON has the same facts elsewhere. */
void iommuctl_output_text (IommuctlOutput *self, const char *text);
/* All members of one record. */
void iommuctl_output_record (IommuctlOutput *self, GVariant *record);
/* The result of a command: a sentence for people, which is escaped, or a record as JSON (floating
 * or not). */
void iommuctl_output_result (IommuctlOutput *self, GVariant *record, const char *format, ...)
    G_GNUC_PRINTF (3, 4);
/* One result of many: a sentence on a line, or a record as JSON on a line. */
void iommuctl_output_event (IommuctlOutput *self, GVariant *record, const char *line);
/* One name on each line; JSON: an array of strings. */
void iommuctl_output_names (IommuctlOutput *self, const char *const *names);
/* To standard error for people, to standard output as JSON. */
void iommuctl_output_error (IommuctlOutput *self, const GError *error);

gboolean iommuctl_output_is_json (IommuctlOutput *self);
/* How many columns a line has. */
guint iommuctl_output_get_width (IommuctlOutput *self);

/* Sends out what was printed. If the reader has gone away, that is not an error, but it ends the
 * output. */
gboolean iommuctl_output_flush (IommuctlOutput *self, GError **error);
gboolean iommuctl_output_reader_has_gone (IommuctlOutput *self);

G_END_DECLS
