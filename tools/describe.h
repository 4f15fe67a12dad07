/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Values of properties in words. */
#pragma once

#include "service.h"

G_BEGIN_DECLS

/* A value for people: "-" for nothing, names for object paths. @key: of the record that has it. */
char *iommuctl_describe_value (IommuctlService *service, const char *key, GVariant *value);

G_END_DECLS
