/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads an XML document element by element. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* What a document may cost. A host of 40,000 devices with everything that they can have is within
 * these bounds. */
#define IOMMUD_XML_MAX_BYTES (64 * 1024 * 1024)
#define IOMMUD_XML_MAX_ELEMENTS 262144
#define IOMMUD_XML_MAX_NAMESPACES 8 /* that one element declares */
#define IOMMUD_XML_MAX_TAG 32768    /* bytes of a tag or a comment, without blanks */
#define IOMMUD_XML_READ_AHEAD 4096  /* bytes that the parser gets at once */

/* A document in memory. */
typedef struct
{
  const char *xml;
  gsize length;
  const char *source;        /* what errors call it: a file name, as a rule */
  GCancellable *cancellable; /* NULL: it cannot be cancelled */
  gsize n_read;              /* out: how many bytes the parser got */
} IommudXmlText;

typedef struct
{
  const char *source;
  guint line;
} IommudXmlPlace;

/* As libxml2 passes it: the value is not terminated. */
typedef struct
{
  const guchar *name;
  const guchar *prefix;
  const guchar *uri; /* of its namespace; NULL: it has none */
  const guchar *value;
  const guchar *value_end;
} IommudXmlRawAttribute;

typedef struct
{
  IommudXmlPlace place; /* where the start tag ends */
  const char *name;
  gboolean has_namespace;
  const IommudXmlRawAttribute *attributes;
  guint n_attributes;
} IommudXmlElement;

/* An error from one of these ends the reading. */
typedef struct
{
  gboolean (*start) (gpointer data, const IommudXmlElement *element, GError **error);
  gboolean (*text) (gpointer data, const char *text, gsize length, GError **error);
  void (*end) (gpointer data);
} IommudXmlVisitor;

gboolean iommud_xml_read_document (IommudXmlText *text, const IommudXmlVisitor *visitor,
                                   gpointer data, GError **error);

char *iommud_xml_quote (const char *value);
char *iommud_xml_display_name (const char *filename);
void iommud_xml_set_error (IommudXmlPlace place, GError **error, const char *format, ...)
    G_GNUC_PRINTF (3, 4);

G_END_DECLS
