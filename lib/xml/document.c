/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads XML element by element, within bounds, without network, DTDs or entities. The first error
 * becomes one line.
 *
 * libxml2 calls back once for each tag, and in some versions the time for one tag grows with the
 * square of its attributes and namespaces. So it gets the document bit by bit, and no more of it if
 * a tag does not end. */
#include "config.h"

#include "xml/document.h"

#include "iommud-error.h"
#include "xml/encoding.h"

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
G_STATIC_ASSERT (sizeof (IommudXmlRawAttribute) == 5 * sizeof (const xmlChar *));

/* What the callbacks of one parse share. */
typedef struct
{
  IommudXmlText *text;
  const IommudXmlVisitor *visitor;
  gpointer data;
  xmlParserCtxt *parser;
  gsize n_pending; /* bytes that the parser got since its last callback, without blanks */
  guint n_elements;
  GError *error; /* the first one */
} Parse;

/* What is not printable would not be seen, or would change how the text around it is seen. So it is
 * shown as XML can write it. */
static char *
show_unprintable (const char *text)
{
  GString *shown = g_string_new (NULL);

  for (; *text != '\0'; text = g_utf8_next_char (text))
    {
      gunichar character = g_utf8_get_char (text);

      if (g_ascii_iscntrl (*text))
        g_string_append_c (shown, ' ');
      else if (g_unichar_isprint (character))
        g_string_append_unichar (shown, character);
      else
        g_string_append_printf (shown, "&#x%x;", character);
    }
  return g_string_free (shown, FALSE);
}

/* The start of any text, on one line. */
static char *
flatten (const char *text, glong limit)
{
  g_autofree char *valid = g_utf8_make_valid (text, -1);
  g_autofree char *shown = show_unprintable (valid);
  gboolean is_long = g_utf8_strlen (shown, -1) > limit;
  g_autofree char *start = is_long ? g_utf8_substring (shown, 0, limit) : g_strdup (shown);

  return g_strconcat (g_strchomp (start), is_long ? "..." : "", NULL);
}

static IommudXmlPlace
get_place (const Parse *parse)
{
  int line = parse->parser != NULL ? xmlSAX2GetLineNumber (parse->parser) : 1;

  return (IommudXmlPlace){ parse->text->source, (guint) MAX (line, 1) };
}

static void
record_error (Parse *parse, IommudXmlPlace place, const char *cause)
{
  g_autofree char *line = flatten (cause, 200);

  if (parse->error == NULL)
    iommud_xml_set_error (place, &parse->error, "%s", line);
}

static void
on_error (void *user_data, XmlError *xml_error)
{
  Parse *parse = ((xmlParserCtxt *) user_data)->_private;
  IommudXmlPlace place = { parse->text->source, (guint) MAX (xml_error->line, 1) };

  if (xml_error->level >= XML_ERR_ERROR)
    record_error (parse, place,
                  xml_error->message != NULL ? xml_error->message : "not well-formed XML");
}

/* Called at the DOCTYPE, before anything in it is read: no entity is ever declared. */
static void
on_doctype (void *user_data, const xmlChar *name, const xmlChar *public_id,
            const xmlChar *system_id)
{
  Parse *parse = ((xmlParserCtxt *) user_data)->_private;

  record_error (parse, get_place (parse), "a document type declaration (DTD) is not allowed");
  xmlStopParser (parse->parser);
}

static const char *
find_excess (const Parse *parse, int namespaces_count)
{
  if (parse->n_elements > IOMMUD_XML_MAX_ELEMENTS)
    return "the document has more than " G_STRINGIFY (IOMMUD_XML_MAX_ELEMENTS) " elements";
  if (namespaces_count > IOMMUD_XML_MAX_NAMESPACES)
    return "an element declares more than " G_STRINGIFY (IOMMUD_XML_MAX_NAMESPACES) " namespaces";
  return NULL;
}

static void
on_start (void *user_data, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri,
          int namespaces_count, const xmlChar **namespaces, int attributes_count,
          int defaulted_count, const xmlChar **attributes)
{
  Parse *parse = ((xmlParserCtxt *) user_data)->_private;
  const IommudXmlElement element = {
    .place = get_place (parse),
    .name = (const char *) name,
    .has_namespace = uri != NULL,
    .attributes = (const IommudXmlRawAttribute *) attributes,
    .n_attributes = (guint) attributes_count,
  };
  const char *excess;

  parse->n_pending = 0;
  parse->n_elements++;
  excess = find_excess (parse, namespaces_count);
  if (parse->error == NULL && excess != NULL)
    record_error (parse, element.place, excess);
  if (parse->error != NULL || !parse->visitor->start (parse->data, &element, &parse->error))
    xmlStopParser (parse->parser);
}

static void
on_end (void *user_data, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri)
{
  Parse *parse = ((xmlParserCtxt *) user_data)->_private;

  parse->n_pending = 0;
  if (parse->error == NULL)
    parse->visitor->end (parse->data);
}

static void
on_text (void *user_data, const xmlChar *text, int length)
{
  Parse *parse = ((xmlParserCtxt *) user_data)->_private;

  parse->n_pending = 0;
  if (parse->error == NULL
      && !parse->visitor->text (parse->data, (const char *) text, (gsize) length, &parse->error))
    xmlStopParser (parse->parser);
}

static void
on_comment (void *user_data, const xmlChar *text)
{
  Parse *parse = ((xmlParserCtxt *) user_data)->_private;

  parse->n_pending = 0;
}

static void
on_instruction (void *user_data, const xmlChar *target, const xmlChar *text)
{
  on_comment (user_data, text);
}

/* To an end of the document, libxml2 adds no message of its own that would be printed. */
static int
on_read (void *user_data, char *buffer, int size)
{
  Parse *parse = user_data;
  IommudXmlText *text = parse->text;
  gsize count = MIN ((gsize) size, MIN (IOMMUD_XML_READ_AHEAD, text->length - text->n_read));

  if (parse->error != NULL
      || g_cancellable_set_error_if_cancelled (text->cancellable, &parse->error))
    return 0;
  if (parse->n_pending > IOMMUD_XML_MAX_TAG)
    {
      record_error (parse, get_place (parse),
                    "a tag or comment is longer than " G_STRINGIFY (IOMMUD_XML_MAX_TAG) " bytes");
      return 0;
    }
  memcpy (buffer, text->xml + text->n_read, count);
  text->n_read += count;
  for (gsize i = 0; i < count; i++)
    parse->n_pending += (guchar) buffer[i] > ' ';
  return (int) count;
}

static const xmlSAXHandler handler = {
  .initialized = XML_SAX2_MAGIC,
  .internalSubset = on_doctype,
  .startElementNs = on_start,
  .endElementNs = on_end,
  .characters = on_text,
  .ignorableWhitespace = on_text,
  .cdataBlock = on_text,
  .comment = on_comment,
  .processingInstruction = on_instruction,
  .serror = on_error,
};

/* Entities are replaced, which without a DTD are the five of XML itself. The encoding is known. */
static void
parse_text (Parse *parse)
{
  g_autoptr (xmlParserCtxt) parser =
      xmlCreateIOParserCtxt (NULL, NULL, on_read, NULL, parse, XML_CHAR_ENCODING_NONE);

  if (parser == NULL)
    return record_error (parse, get_place (parse), "there is no memory for a parser");
  parse->parser = parser;
  parser->_private = parse;
  xmlCtxtUseOptions (parser, XML_PARSE_NONET | XML_PARSE_NOENT | XML_PARSE_IGNORE_ENC);
  *parser->sax = handler;
  xmlParseDocument (parser);
  if (!parser->wellFormed)
    record_error (parse, get_place (parse), "not well-formed XML");
  parse->parser = NULL;
}

static char *
describe_foreign_format (const IommudXmlText *text, guint *line)
{
  *line = 1;
  if (text->length == 0)
    return g_strdup ("the file is empty");
  if (text->length > IOMMUD_XML_MAX_BYTES)
    return g_strdup ("the document is too large");
  if (text->length >= 2 && memcmp (text->xml, "\x1f\x8b", 2) == 0)
    return g_strdup ("not XML but a gzip archive: unpack it first");
  return iommud_xml_describe_wrong_encoding (text->xml, text->length, line);
}

/* Calls @visitor for each element and text in it, and nothing more after the first error. */
gboolean
iommud_xml_read_document (IommudXmlText *text, const IommudXmlVisitor *visitor, gpointer data,
                          GError **error)
{
  Parse parse = { .text = text, .visitor = visitor, .data = data };
  IommudXmlPlace place = { .source = text->source };
  g_autofree char *foreign = describe_foreign_format (text, &place.line);

  text->n_read = 0;
  if (foreign != NULL)
    record_error (&parse, place, foreign);
  else
    parse_text (&parse);
  if (parse.error == NULL)
    return TRUE;
  g_propagate_error (error, parse.error);
  return FALSE;
}

/* A value in quotes that stays on one line and within bounds. */
char *
iommud_xml_quote (const char *value)
{
  g_autofree char *text = flatten (value, 80);

  return g_strdup_printf ("\"%s\"", text);
}

/* The name of any file, on one line. */
char *
iommud_xml_display_name (const char *filename)
{
  g_autofree char *name = g_filename_display_name (filename);

  return flatten (name, G_MAXLONG);
}

/* Fills the error with "source:line: message". */
void
iommud_xml_set_error (IommudXmlPlace place, GError **error, const char *format, ...)
{
  g_autofree char *message = NULL;
  va_list arguments;

  va_start (arguments, format);
  message = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  g_set_error (error, IOMMUD_ERROR, IOMMUD_ERROR_INVALID_ARGUMENT, "%s:%u: %s", place.source,
               place.line, message);
}
