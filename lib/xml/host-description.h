/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Simulated hosts from XML. */
#pragma once

#include "sim/description/description.h"
#include "xml/document.h"

G_BEGIN_DECLS

IommudSimulatedHost *iommud_xml_read_simulated_host (IommudXmlText *text, GError **error);
IommudSimulatedHost *iommud_xml_load_simulated_host (const char *filename, GBytes **content,
                                                     GError **error);
IommudSimulatedHost *iommud_xml_load_default_simulated_host (GError **error);
IommudSimulatedHost *iommud_xml_parse_simulated_host (const char *xml, gssize length,
                                                      const char *source_name, GError **error);

G_END_DECLS
