/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Names as tables show them if they are too long. */
#pragma once

#include "service.h"

G_BEGIN_DECLS

gboolean iommuctl_shortened_is (const char *name);
/* The object path of the one object with the interface whose name is shortened like this. */
char *iommuctl_shortened_find (IommuctlService *service, const char *name,
                               const char *interface_name, GError **error);

G_END_DECLS
