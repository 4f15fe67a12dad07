/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The arguments that several methods have. */
#pragma once

#include "call.h"
#include "options.h"

G_BEGIN_DECLS

IommudDevice *iommud_arguments_get_device (IommudCall *call, GError **error);
IommudContainer *iommud_arguments_get_container (IommudCall *call, GError **error);
gboolean iommud_arguments_parse_options (IommudCall *call, const IommudOption *known, gsize n_known,
                                         GError **error);
gpointer iommud_arguments_new_options (IommudCall *call, GType type, const char *const *known,
                                       GError **error);
IommudContainerOptions *iommud_arguments_new_container_options (IommudCall *call, GError **error);

G_END_DECLS
