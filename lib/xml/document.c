/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Turns bytes into a tree, without network, DTDs or entities. The first error becomes one line. */
#include "config.h"

#include "xml/document.h"

#include "iommud-error.h"
#include "xml/input.h"

#include <libxml/SAX2.h>
#include <libxml/parser.h>
#include <libxml/parserInternals.h>
#include <string.h>

/* libxml2 2.12 made the error of its callbacks constant. */
#if LIBXML_VERSION >= 21200
typedef const xmlError XmlError;
#else
typedef xmlError XmlError;
#endif

G_DEFINE_AUTOPTR_CLEANUP_FUNC (xmlParserCtxt, xmlFreeParserCtxt)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (xmlDoc, xmlFreeDoc)

/* What the callbacks of one parse leave behind. */
typedef struct
{
  char *cause; /* of the first error */
  int line;
} Parse;

/* The start of any text, on one line. */
static char *
flatten (const char *text, glong limit)
{
  gboolean is_long = g_utf8_strlen (text, -1) > limit;
  g_autofree char *start = is_long ? g_utf8_substring (text, 0, limit) : g_strdup (text);

  for (char *byte = start; *byte != '\0'; byte++)
    if (g_ascii_iscntrl (*byte))
      *byte = ' ';
  return g_strconcat (g_strchomp (start), is_long ? "..." : "", NULL);
}

static void
record_error (Parse *parse, int line, const char *cause)
{
  if (parse->cause != NULL)
    return;
  parse->cause = flatten (cause, 200);
  parse->line = line;
}

static void
on_error (void *user_data, XmlError *xml_error)
{
  xmlParserCtxt *parser = user_data;

  if (xml_error->level < XML_ERR_ERROR)
    return;
  record_error (parser->_private, xml_error->line,
                xml_error->message != NULL ? xml_error->message : "not well-formed XML");
}

/* Called at the DOCTYPE, before anything in it is read: no entity is ever declared. */
static void
on_doctype (void *user_data, const xmlChar *name, const xmlChar *public_id,
            const xmlChar *system_id)
{
  xmlParserCtxt *parser = user_data;

  record_error (parser->_private, xmlSAX2GetLineNumber (parser),
                "a document type declaration (DTD) is not allowed");
  xmlStopParser (parser);
}

/* An xmlNode keeps only 16 bits of its line number. */
static void
on_element (void *user_data, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri,
            int namespaces_count, const xmlChar **namespaces, int attributes_count,
            int defaulted_count, const xmlChar **attributes)
{
  xmlParserCtxt *parser = user_data;

  xmlSAX2StartElementNs (parser, name, prefix, uri, namespaces_count, namespaces, attributes_count,
                         defaulted_count, attributes);
  if (parser->node != NULL)
    parser->node->_private = GINT_TO_POINTER (xmlSAX2GetLineNumber (parser));
}

static xmlDoc *
parse_tree (const char *xml, gsize length, Parse *parse)
{
  g_autoptr (xmlParserCtxt) parser = xmlCreateMemoryParserCtxt (xml, (int) length);
  g_autoptr (xmlDoc) tree = NULL;

  if (parser == NULL)
    return NULL;
  parser->_private = parse;
  parser->sax->serror = on_error;
  parser->sax->internalSubset = on_doctype;
  parser->sax->startElementNs = on_element;
  xmlCtxtUseOptions (parser, XML_PARSE_NONET | XML_PARSE_NOCDATA);
  xmlParseDocument (parser);
  tree = g_steal_pointer (&parser->myDoc);
  return parser->wellFormed && parse->cause == NULL ? g_steal_pointer (&tree) : NULL;
}

static const char *
find_foreign_format (const char *xml, gsize length)
{
  if (length == 0)
    return "the file is empty";
  if (length > IOMMUD_XML_MAX_BYTES)
    return "the document is too large";
  if (length >= 2 && memcmp (xml, "\x1f\x8b", 2) == 0)
    return "not XML but a gzip archive: unpack it first";
  return NULL;
}

/* @source stands for the document in every error. */
IommudXmlDocument *
iommud_xml_document_parse (const char *xml, gsize length, const char *source, GError **error)
{
  g_autoptr (IommudXmlDocument) self = g_new0 (IommudXmlDocument, 1);
  Parse parse = { .cause = g_strdup (find_foreign_format (xml, length)), .line = 1 };
  g_autofree char *cause = NULL;

  self->source = g_filename_display_name (source);
  if (parse.cause == NULL)
    self->tree = parse_tree (xml, length, &parse);
  cause = parse.cause;
  if (self->tree != NULL)
    return g_steal_pointer (&self);
  g_set_error (error, IOMMUD_ERROR, IOMMUD_ERROR_INVALID_ARGUMENT, "%s:%d: %s", self->source,
               MAX (parse.line, 1), cause != NULL ? cause : "not well-formed XML");
  return NULL;
}

void
iommud_xml_document_free (IommudXmlDocument *self)
{
  g_clear_pointer (&self->tree, xmlFreeDoc);
  g_free (self->source);
  g_free (self);
}

/* The line on which the element's start tag ends. */
guint
iommud_xml_get_line (const xmlNode *element)
{
  return GPOINTER_TO_UINT (element->_private);
}

/* A value in quotes that stays on one line and within bounds. */
char *
iommud_xml_quote (const char *value)
{
  g_autofree char *text = flatten (value, 80);

  return g_strdup_printf ("\"%s\"", text);
}

/* Fills the error with "source:line: message". */
void
iommud_xml_set_error (const IommudXmlDocument *self, const xmlNode *element, GError **error,
                      const char *format, ...)
{
  g_autofree char *message = NULL;
  va_list arguments;

  va_start (arguments, format);
  message = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  g_set_error (error, IOMMUD_ERROR, IOMMUD_ERROR_INVALID_ARGUMENT, "%s:%u: %s", self->source,
               iommud_xml_get_line (element), message);
}
