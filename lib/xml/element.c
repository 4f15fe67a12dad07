/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Strict reading of attributes and children: every type, range and name is checked here. */
#include "config.h"

#include "xml/element.h"

#include "iommud-error.h"

#include <string.h>

#define MAX_NAME_LENGTH 64
#define MAX_TEXT_LENGTH 128

/* The elements that are open, outermost first. */
typedef struct
{
  const IommudXmlChild *table; /* of the children */
  gpointer data;               /* for the children */
  const char *name;            /* NULL: it is the document itself */
  IommudXmlPlace place;
  guint n_children;
  guint first_lines[IOMMUD_XML_MAX_KINDS]; /* by index in the table; 0: none so far */
} Frame;

/* One attribute that is being read. */
typedef struct
{
  const IommudXmlElement *element;
  const IommudXmlAttribute *rule;
  char *value;
} Reading;

static gboolean
set_value_error (const Reading *reading, GError **error, const char *expected)
{
  g_autofree char *quoted = iommud_xml_quote (reading->value);

  iommud_xml_set_error (reading->element->place, error, "<%s> has %s=%s: expected %s",
                        reading->element->name, reading->rule->name, quoted, expected);
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

/* The characters that GLib does not call printable are control and format characters, and those
 * that are not assigned. */
static gboolean
is_text (const char *value)
{
  if (g_utf8_strlen (value, -1) > MAX_TEXT_LENGTH)
    return FALSE;
  for (; *value != '\0'; value = g_utf8_next_char (value))
    if (!g_unichar_isprint (g_utf8_get_char (value)))
      return FALSE;
  return TRUE;
}

/* Takes the value. */
static gboolean
read_string (Reading *reading, char **member, GError **error)
{
  if (reading->rule->type == IOMMUD_XML_NAME && !is_name (reading->value))
    return set_value_error (reading, error,
                            "1 to 64 of the characters A-Z a-z 0-9 _ . : , @ + -, the first a "
                            "letter or digit");
  if (reading->rule->type == IOMMUD_XML_TEXT && !is_text (reading->value))
    return set_value_error (reading, error, "at most 128 printable characters");
  g_free (*member);
  *member = g_steal_pointer (&reading->value);
  return TRUE;
}

static gboolean
read_number (const Reading *reading, gpointer member, GError **error)
{
  g_autofree char *expected = NULL;
  guint32 number;

  if (!read_decimal (reading->value, reading->rule, &number))
    {
      expected = g_strdup_printf ("a number from %u to %u", reading->rule->minimum,
                                  reading->rule->maximum);
      return set_value_error (reading, error, expected);
    }
  if (reading->rule->type == IOMMUD_XML_UINT8)
    *(guint8 *) member = (guint8) number;
  else
    *(guint32 *) member = number;
  return TRUE;
}

static gboolean
read_hexadecimal_attribute (const Reading *reading, gpointer member, GError **error)
{
  gboolean is_address = reading->rule->type == IOMMUD_XML_ADDRESS;
  guint64 number;

  if (!read_hexadecimal (reading->value, is_address ? 16 : 8, &number))
    return set_value_error (reading, error,
                            is_address ? "0x and 1 to 16 hexadecimal digits"
                                       : "0x and 1 to 8 hexadecimal digits");
  if (is_address)
    *(guint64 *) member = number;
  else
    *(guint32 *) member = (guint32) number;
  return TRUE;
}

static gboolean
read_choice_attribute (const Reading *reading, gpointer member, GError **error)
{
  g_autofree char *list = NULL;
  g_autofree char *expected = NULL;

  if (read_choice (reading->value, reading->rule->choices, member))
    return TRUE;
  list = g_strjoinv (", ", (char **) reading->rule->choices);
  expected = g_strdup_printf ("one of %s", list);
  return set_value_error (reading, error, expected);
}

static gboolean
read_value (Reading *reading, gpointer member, GError **error)
{
  switch (reading->rule->type)
    {
    case IOMMUD_XML_BOOLEAN:
      return read_boolean (reading->value, member) || set_value_error (reading, error, "yes or no");
    case IOMMUD_XML_UINT8:
    case IOMMUD_XML_UINT32:
      return read_number (reading, member, error);
    case IOMMUD_XML_ID:
    case IOMMUD_XML_ADDRESS:
      return read_hexadecimal_attribute (reading, member, error);
    case IOMMUD_XML_CHOICE:
      return read_choice_attribute (reading, member, error);
    case IOMMUD_XML_NAME:
    case IOMMUD_XML_TEXT:
      return read_string (reading, member, error);
    default:
      g_return_val_if_reached (FALSE);
    }
}

static gboolean
read_attribute (const IommudXmlElement *element, const IommudXmlRawAttribute *attribute,
                const IommudXmlAttribute *rule, const gpointer *records, GError **error)
{
  gsize length = (gsize) (attribute->value_end - attribute->value);
  Reading reading = { element, rule, g_strndup ((const char *) attribute->value, length) };
  gboolean is_good =
      read_value (&reading, G_STRUCT_MEMBER_P (records[rule->record], rule->offset), error);

  g_free (reading.value);
  return is_good;
}

/* The rule at @rule; if the table ends there, the first rule of the table that continues it. */
static const IommudXmlAttribute *
follow_table (const IommudXmlAttribute *rule)
{
  return rule->name == NULL ? rule->next : rule;
}

static const IommudXmlAttribute *
find_rule (const IommudXmlAttribute *table, const IommudXmlRawAttribute *attribute)
{
  if (attribute->uri != NULL)
    return NULL;
  for (table = follow_table (table); table != NULL; table = follow_table (table + 1))
    if (strcmp (table->name, (const char *) attribute->name) == 0)
      return table;
  return NULL;
}

static gboolean
has_attribute (const IommudXmlElement *element, const char *name)
{
  for (guint i = 0; i < element->n_attributes; i++)
    if (strcmp ((const char *) element->attributes[i].name, name) == 0)
      return TRUE;
  return FALSE;
}

/* Stores each attribute of @element in the member of one of @records that @table names for it. A
 * member whose attribute is absent keeps its value. */
gboolean
iommud_xml_read_attributes (const IommudXmlElement *element, const IommudXmlAttribute *table,
                            const gpointer *records, GError **error)
{
  for (guint i = 0; i < element->n_attributes; i++)
    {
      const IommudXmlRawAttribute *attribute = &element->attributes[i];
      const IommudXmlAttribute *rule = find_rule (table, attribute);

      if (rule == NULL)
        {
          g_autofree char *quoted = iommud_xml_quote ((const char *) attribute->name);

          iommud_xml_set_error (element->place, error, "unknown attribute %s in <%s>", quoted,
                                element->name);
          return FALSE;
        }
      if (!read_attribute (element, attribute, rule, records, error))
        return FALSE;
    }
  for (table = follow_table (table); table != NULL; table = follow_table (table + 1))
    if (table->required && !has_attribute (element, table->name))
      {
        iommud_xml_set_error (element->place, error, "<%s> lacks the attribute \"%s\"",
                              element->name, table->name);
        return FALSE;
      }
  return TRUE;
}

static const IommudXmlChild *
find_child (const IommudXmlChild *table, const IommudXmlElement *element)
{
  for (; table != NULL && !element->has_namespace && table->name != NULL; table++)
    if (strcmp (table->name, element->name) == 0)
      return table;
  return NULL;
}

static gboolean
set_unknown_error (const Frame *parent, const IommudXmlElement *element, GError **error)
{
  g_autofree char *quoted = iommud_xml_quote (element->name);

  if (parent->name == NULL)
    iommud_xml_set_error (element->place, error,
                          "the document starts with element %s: expected <%s>", quoted,
                          parent->table->name);
  else
    iommud_xml_set_error (element->place, error, "unknown element %s in <%s>", quoted,
                          parent->name);
  return FALSE;
}

/* Whether @element may be one more child of @parent. */
static gboolean
check_count (Frame *parent, const IommudXmlChild *rule, const IommudXmlElement *element,
             GError **error)
{
  guint *first = &parent->first_lines[rule - parent->table];

  if (rule->at_most_once && *first != 0)
    iommud_xml_set_error (element->place, error,
                          "<%s> appears twice in one <%s> (first on line %u)", rule->name,
                          parent->name, *first);
  else if (++parent->n_children > IOMMUD_XML_MAX_CHILDREN)
    iommud_xml_set_error (element->place, error, "<%s> has more than %d children", parent->name,
                          IOMMUD_XML_MAX_CHILDREN);
  else
    {
      *first = element->place.line;
      return TRUE;
    }
  return FALSE;
}

static gboolean
on_start (gpointer data, const IommudXmlElement *element, GError **error)
{
  GArray *frames = data;
  Frame *parent = &g_array_index (frames, Frame, frames->len - 1);
  const IommudXmlChild *rule = find_child (parent->table, element);
  Frame frame = { .data = parent->data, .place = element->place };

  if (rule == NULL)
    return set_unknown_error (parent, element, error);
  if (!check_count (parent, rule, element, error)
      || !rule->read (element, parent->data, &frame.data, error))
    return FALSE;
  frame.table = rule->children;
  frame.name = rule->name;
  g_array_append_val (frames, frame);
  return TRUE;
}

static void
on_end (gpointer data)
{
  GArray *frames = data;

  g_array_set_size (frames, frames->len - 1);
}

static gboolean
is_blank (const char *text, gsize length)
{
  for (gsize i = 0; i < length; i++)
    if (strchr (" \t\r\n", text[i]) == NULL)
      return FALSE;
  return TRUE;
}

static gboolean
on_text (gpointer data, const char *text, gsize length, GError **error)
{
  GArray *frames = data;
  const Frame *parent = &g_array_index (frames, Frame, frames->len - 1);
  g_autofree char *copy = NULL;
  g_autofree char *quoted = NULL;

  if (is_blank (text, length))
    return TRUE;
  copy = g_strndup (text, length);
  quoted = iommud_xml_quote (copy);
  iommud_xml_set_error (parent->place, error, "unexpected text %s in <%s>", quoted, parent->name);
  return FALSE;
}

/* Calls the function of each element; @root is a table with the one element that the document may
 * consist of. */
gboolean
iommud_xml_read_elements (IommudXmlText *text, const IommudXmlChild *root, gpointer data,
                          GError **error)
{
  static const IommudXmlVisitor visitor = { on_start, on_text, on_end };
  g_autoptr (GArray) frames = g_array_new (FALSE, FALSE, sizeof (Frame));
  const Frame document = { .table = root, .data = data };

  g_array_append_val (frames, document);
  return iommud_xml_read_document (text, &visitor, frames, error);
}
