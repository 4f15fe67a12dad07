/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Strict reading of attributes and children: every type, range and name is checked here. */
#include "config.h"

#include "xml/element.h"

#include "iommud-error.h"

#include <string.h>

#define MAX_NAME_LENGTH 64
#define MAX_TEXT_LENGTH 128

static const char *
to_string (const xmlChar *text)
{
  return (const char *) text;
}

/* libxml2 keeps the text of an attribute in pieces only if it holds entities: there are none. */
static const char *
get_value (const xmlAttr *attribute)
{
  return attribute->children != NULL ? to_string (attribute->children->content) : "";
}

static gboolean
set_value_error (const IommudXmlDocument *document, const xmlAttr *attribute, GError **error,
                 const char *expected)
{
  g_autofree char *quoted = iommud_xml_quote (get_value (attribute));

  iommud_xml_set_error (document, attribute->parent, error, "<%s> has %s=%s: expected %s",
                        to_string (attribute->parent->name), to_string (attribute->name), quoted,
                        expected);
  return FALSE;
}

static gboolean
read_boolean (const char *value, int *result)
{
  *result = g_str_equal (value, "yes");
  return *result || g_str_equal (value, "no");
}

static gboolean
read_decimal (const char *value, const IommudXmlAttribute *rule, guint32 *result)
{
  guint64 number = 0;

  if (*value == '\0')
    return FALSE;
  for (const char *digit = value; *digit != '\0'; digit++)
    {
      if (!g_ascii_isdigit (*digit))
        return FALSE;
      number = number * 10 + (guint) g_ascii_digit_value (*digit);
      if (number > rule->maximum)
        return FALSE;
    }
  *result = (guint32) number;
  return number >= rule->minimum;
}

static gboolean
read_hexadecimal (const char *value, guint max_digits, guint64 *result)
{
  gsize digits = strlen (value);

  *result = 0;
  if (digits < 3 || digits > max_digits + 2 || !g_str_has_prefix (value, "0x"))
    return FALSE;
  for (const char *digit = value + 2; *digit != '\0'; digit++)
    {
      if (!g_ascii_isxdigit (*digit))
        return FALSE;
      *result = *result << 4 | (guint) g_ascii_xdigit_value (*digit);
    }
  return TRUE;
}

static gboolean
read_choice (const char *value, const char *const *choices, int *result)
{
  for (*result = 0; choices[*result] != NULL; (*result)++)
    if (g_str_equal (choices[*result], value))
      return TRUE;
  return FALSE;
}

/* A name becomes a part of a path and must not leave its folder: it never starts with a dot. */
static gboolean
is_name (const char *value)
{
  if (!g_ascii_isalnum (*value) || strlen (value) > MAX_NAME_LENGTH)
    return FALSE;
  return strspn (value, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "_.:,@+-") == strlen (value);
}

static gboolean
is_text (const char *value)
{
  if (g_utf8_strlen (value, -1) > MAX_TEXT_LENGTH)
    return FALSE;
  for (; *value != '\0'; value = g_utf8_next_char (value))
    if (g_unichar_iscntrl (g_utf8_get_char (value)))
      return FALSE;
  return TRUE;
}

static void
replace_string (gpointer member, const char *value)
{
  char **string = member;

  g_free (*string);
  *string = g_strdup (value);
}

static gboolean
read_string (const IommudXmlDocument *document, const xmlAttr *attribute,
             const IommudXmlAttribute *rule, gpointer member, GError **error)
{
  const char *value = get_value (attribute);

  if (rule->type == IOMMUD_XML_NAME && !is_name (value))
    return set_value_error (document, attribute, error,
                            "1 to 64 of the characters A-Z a-z 0-9 _ . : , @ + -, the first a "
                            "letter or digit");
  if (rule->type == IOMMUD_XML_TEXT && !is_text (value))
    return set_value_error (document, attribute, error, "at most 128 printable characters");
  replace_string (member, value);
  return TRUE;
}

static gboolean
read_number (const IommudXmlDocument *document, const xmlAttr *attribute,
             const IommudXmlAttribute *rule, gpointer member, GError **error)
{
  g_autofree char *expected = NULL;
  guint32 number;

  if (!read_decimal (get_value (attribute), rule, &number))
    {
      expected = g_strdup_printf ("a number from %u to %u", rule->minimum, rule->maximum);
      return set_value_error (document, attribute, error, expected);
    }
  if (rule->type == IOMMUD_XML_UINT8)
    *(guint8 *) member = (guint8) number;
  else
    *(guint32 *) member = number;
  return TRUE;
}

static gboolean
read_hexadecimal_attribute (const IommudXmlDocument *document, const xmlAttr *attribute,
                            const IommudXmlAttribute *rule, gpointer member, GError **error)
{
  gboolean is_address = rule->type == IOMMUD_XML_ADDRESS;
  guint64 number;

  if (!read_hexadecimal (get_value (attribute), is_address ? 16 : 8, &number))
    return set_value_error (document, attribute, error,
                            is_address ? "0x and 1 to 16 hexadecimal digits"
                                       : "0x and 1 to 8 hexadecimal digits");
  if (is_address)
    *(guint64 *) member = number;
  else
    *(guint32 *) member = (guint32) number;
  return TRUE;
}

static gboolean
read_choice_attribute (const IommudXmlDocument *document, const xmlAttr *attribute,
                       const IommudXmlAttribute *rule, gpointer member, GError **error)
{
  g_autofree char *list = NULL;
  g_autofree char *expected = NULL;

  if (read_choice (get_value (attribute), rule->choices, member))
    return TRUE;
  list = g_strjoinv (", ", (char **) rule->choices);
  expected = g_strdup_printf ("one of %s", list);
  return set_value_error (document, attribute, error, expected);
}

static gboolean
read_attribute (const IommudXmlDocument *document, const xmlAttr *attribute,
                const IommudXmlAttribute *rule, const gpointer *records, GError **error)
{
  gpointer member = G_STRUCT_MEMBER_P (records[rule->record], rule->offset);

  switch (rule->type)
    {
    case IOMMUD_XML_BOOLEAN:
      return read_boolean (get_value (attribute), member)
             || set_value_error (document, attribute, error, "yes or no");
    case IOMMUD_XML_UINT8:
    case IOMMUD_XML_UINT32:
      return read_number (document, attribute, rule, member, error);
    case IOMMUD_XML_ID:
    case IOMMUD_XML_ADDRESS:
      return read_hexadecimal_attribute (document, attribute, rule, member, error);
    case IOMMUD_XML_CHOICE:
      return read_choice_attribute (document, attribute, rule, member, error);
    case IOMMUD_XML_NAME:
    case IOMMUD_XML_TEXT:
      return read_string (document, attribute, rule, member, error);
    default:
      g_return_val_if_reached (FALSE);
    }
}

/* The rule at @rule; if the table ends there, the first rule of the table that continues it. */
static const IommudXmlAttribute *
follow_table (const IommudXmlAttribute *rule)
{
  return rule->name == NULL ? rule->next : rule;
}

static const IommudXmlAttribute *
find_rule (const IommudXmlAttribute *table, const xmlAttr *attribute)
{
  if (attribute->ns != NULL)
    return NULL;
  for (table = follow_table (table); table != NULL; table = follow_table (table + 1))
    if (g_str_equal (table->name, to_string (attribute->name)))
      return table;
  return NULL;
}

/* Stores each attribute of @element in the member of one of @records that @table names for it. A
 * member whose attribute is absent keeps its value. */
gboolean
iommud_xml_read_attributes (const IommudXmlDocument *document, const xmlNode *element,
                            const IommudXmlAttribute *table, const gpointer *records,
                            GError **error)
{
  for (const xmlAttr *attribute = element->properties; attribute; attribute = attribute->next)
    {
      const IommudXmlAttribute *rule = find_rule (table, attribute);
      g_autofree char *quoted = iommud_xml_quote (to_string (attribute->name));

      if (rule == NULL)
        {
          iommud_xml_set_error (document, element, error, "unknown attribute %s in <%s>", quoted,
                                to_string (element->name));
          return FALSE;
        }
      if (!read_attribute (document, attribute, rule, records, error))
        return FALSE;
    }
  for (table = follow_table (table); table != NULL; table = follow_table (table + 1))
    if (table->required && !xmlHasProp (element, (const xmlChar *) table->name))
      {
        iommud_xml_set_error (document, element, error, "<%s> lacks the attribute \"%s\"",
                              to_string (element->name), table->name);
        return FALSE;
      }
  return TRUE;
}

static gboolean
check_text (const IommudXmlDocument *document, const xmlNode *text, GError **error)
{
  g_autofree char *quoted = NULL;

  if (text->type == XML_COMMENT_NODE || text->type == XML_PI_NODE || xmlIsBlankNode (text))
    return TRUE;
  quoted = iommud_xml_quote (text->content != NULL ? to_string (text->content) : "");
  iommud_xml_set_error (document, text->parent, error, "unexpected text %s in <%s>", quoted,
                        to_string (text->parent->name));
  return FALSE;
}

static const IommudXmlChild *
find_child (const IommudXmlChild *table, const xmlNode *element)
{
  for (; element->ns == NULL && table->name != NULL; table++)
    if (g_str_equal (table->name, to_string (element->name)))
      return table;
  return NULL;
}

static const xmlNode *
find_earlier (const xmlNode *element)
{
  for (const xmlNode *node = element->prev; node != NULL; node = node->prev)
    if (node->type == XML_ELEMENT_NODE && xmlStrEqual (node->name, element->name))
      return node;
  return NULL;
}

static gboolean
read_child (const IommudXmlDocument *document, xmlNode *element, const IommudXmlChild *table,
            gpointer data, GError **error)
{
  const IommudXmlChild *rule = find_child (table, element);
  const xmlNode *earlier = rule != NULL && rule->at_most_once ? find_earlier (element) : NULL;
  g_autofree char *quoted = iommud_xml_quote (to_string (element->name));

  if (rule == NULL)
    iommud_xml_set_error (document, element, error, "unknown element %s in <%s>", quoted,
                          to_string (element->parent->name));
  else if (earlier != NULL)
    iommud_xml_set_error (document, element, error,
                          "<%s> appears twice in one <%s> (first on line %u)", rule->name,
                          to_string (element->parent->name), iommud_xml_get_line (earlier));
  else
    return rule->read (document, element, data, error);
  return FALSE;
}

/* Calls for each child of @element the function that @table names for it. */
gboolean
iommud_xml_read_children (const IommudXmlDocument *document, const xmlNode *element,
                          const IommudXmlChild *table, gpointer data, GError **error)
{
  for (xmlNode *child = element->children; child != NULL; child = child->next)
    if (child->type == XML_ELEMENT_NODE ? !read_child (document, child, table, data, error)
                                        : !check_text (document, child, error))
      return FALSE;
  return TRUE;
}

gboolean
iommud_xml_check_root (const IommudXmlDocument *document, const char *name, GError **error)
{
  const xmlNode *root = xmlDocGetRootElement (document->tree);
  g_autofree char *quoted = iommud_xml_quote (to_string (root->name));

  if (root->ns == NULL && g_str_equal (name, to_string (root->name)))
    return TRUE;
  iommud_xml_set_error (document, root, error, "the document starts with element %s: expected <%s>",
                        quoted, name);
  return FALSE;
}
