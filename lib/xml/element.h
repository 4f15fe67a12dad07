/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads elements into records by tables; attributes and children that are in none are errors. */
#pragma once

#include "xml/document.h"

G_BEGIN_DECLS

typedef enum
{
  IOMMUD_XML_BOOLEAN, /* "yes" or "no" into a gboolean (or an int) */
  IOMMUD_XML_UINT8,   /* decimal, minimum to maximum, into a guint8 */
  IOMMUD_XML_UINT32,  /* decimal, minimum to maximum, into a guint32 or gint32 */
  IOMMUD_XML_ID,      /* 0x and up to 8 hexadecimal digits, into a guint32 */
  IOMMUD_XML_ADDRESS, /* 0x and up to 16 hexadecimal digits, into a guint64 */
  IOMMUD_XML_CHOICE,  /* one of choices; its index goes into an int */
  IOMMUD_XML_NAME,    /* a name that can be one part of a path, into a char pointer */
  IOMMUD_XML_TEXT,    /* up to 128 printable characters, into a char pointer */
} IommudXmlType;

typedef struct _IommudXmlAttribute IommudXmlAttribute;

struct _IommudXmlAttribute
{
  const char *name; /* NULL ends a table */
  IommudXmlType type;
  gsize offset; /* of the member in its record */
  guint record; /* which of the records: 0 unless an element fills several */
  gboolean required;
  guint32 minimum;
  guint32 maximum;
  const char *const *choices;
  const IommudXmlAttribute *next; /* the table that continues this one; only in the last entry */
};

typedef struct _IommudXmlChild IommudXmlChild;

/* Reads the attributes of an element. What it stores in @children is the data for the functions of
 * the element's children; by default, that is @data. */
typedef gboolean (*IommudXmlReadElement) (const IommudXmlElement *element, gpointer data,
                                          gpointer *children, GError **error);

struct _IommudXmlChild
{
  const char *name; /* NULL ends a table, which has at most IOMMUD_XML_MAX_KINDS entries */
  IommudXmlReadElement read;
  const IommudXmlChild *children; /* NULL: it has none */
  gboolean at_most_once;
};

#define IOMMUD_XML_MAX_KINDS 8
#define IOMMUD_XML_MAX_CHILDREN 65536 /* of one element */

gboolean iommud_xml_read_attributes (const IommudXmlElement *element,
                                     const IommudXmlAttribute *table, const gpointer *records,
                                     GError **error);
gboolean iommud_xml_read_elements (IommudXmlText *text, const IommudXmlChild *root, gpointer data,
                                   GError **error);

G_END_DECLS
