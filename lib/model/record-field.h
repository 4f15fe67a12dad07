/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The fields of a record in a table, by which it is made, becomes a GVariant and is read from one.
 *
 * The GVariant is an a{sv} of all fields. What is read may be a damaged file: every field must be
 * there once, of its type and in its bounds, and nothing else may be there. */
#pragma once

#include "iommud-types.h"

G_BEGIN_DECLS

typedef struct _IommudRecordType IommudRecordType;

typedef enum
{
  IOMMUD_RECORD_FIELD_BOOLEAN,  /* gboolean, b */
  IOMMUD_RECORD_FIELD_NUMBER32, /* guint32 or an enumeration, u */
  IOMMUD_RECORD_FIELD_NUMBER64, /* guint64, t */
  IOMMUD_RECORD_FIELD_STRING,   /* char *, s: never NULL */
  IOMMUD_RECORD_FIELD_STRINGS,  /* GPtrArray of char *, as */
  IOMMUD_RECORD_FIELD_IDS,      /* GArray of guint32, au */
  IOMMUD_RECORD_FIELD_RANGES,   /* GArray of IommudIovaRange, a(tt) */
  IOMMUD_RECORD_FIELD_RECORDS,  /* GPtrArray of records, aa{sv} */
} IommudRecordFieldKind;

typedef struct
{
  const char *name;
  IommudRecordFieldKind kind;
  gsize offset;
  guint64 min; /* of a number; of the length of a string or of a list */
  guint64 max;
  gboolean (*is_valid) (const char *string); /* of strings; NULL: any without control characters */
  const IommudRecordType *of;                /* of RECORDS */
  guint8 key; /* 1: a number that all records of its kind have; 2: what tells those apart that have
                 the same number; 0: no part of the key */
} IommudRecordField;

struct _IommudRecordType
{
  const char *name; /* "mapping" */
  gsize size;
  const IommudRecordField *fields; /* the last one has no name */
};

/* The field that is that part of the key; NULL: there is none. A record without a first part is not
 * found again, so it is not kept in a file. */
const IommudRecordField *iommud_record_type_get_key (const IommudRecordType *type, guint8 part);

/* Strings are "", lists empty, numbers 0. */
gpointer iommud_record_new (const IommudRecordType *type);
void iommud_record_free (const IommudRecordType *type, gpointer record);
GVariant *iommud_record_to_variant (const IommudRecordType *type, gconstpointer record);
/* NULL with INVALID_ARGUMENT that names the field. */
gpointer iommud_record_from_variant (const IommudRecordType *type, GVariant *variant,
                                     GError **error);

G_END_DECLS
