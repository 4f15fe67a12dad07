/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A parsed XML document. Each element knows its line. */
#pragma once

#include <gio/gio.h>
#include <libxml/tree.h>

G_BEGIN_DECLS

typedef struct
{
  char *source; /* the file's name, as errors show it */
  xmlDoc *tree;
} IommudXmlDocument;

IommudXmlDocument *iommud_xml_document_parse (const char *xml, gsize length, const char *source,
                                              GError **error);
void iommud_xml_document_free (IommudXmlDocument *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (IommudXmlDocument, iommud_xml_document_free)

guint iommud_xml_get_line (const xmlNode *element);
char *iommud_xml_quote (const char *value);
void iommud_xml_set_error (const IommudXmlDocument *self, const xmlNode *element, GError **error,
                           const char *format, ...) G_GNUC_PRINTF (4, 5);

G_END_DECLS
