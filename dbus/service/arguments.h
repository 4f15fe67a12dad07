/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The arguments that several methods have. */
#pragma once

#include "export.h"
#include "options.h"

G_BEGIN_DECLS

IommudDevice *iommud_arguments_get_device (IommudExport *export, IommudCall *call, GError **error);
IommudContainer *iommud_arguments_get_container (IommudExport *export, IommudCall *call,
                                                 GError **error);
gboolean iommud_arguments_parse_options (IommudExport *export, IommudCall *call,
                                         const IommudOption *known, gsize n_known, GError **error);

G_END_DECLS
