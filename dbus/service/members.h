/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The properties of an interface, as the bus and the model know them. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct
{
  GDBusPropertyInfo *info;
  char *name;        /* of the model's property */
  gboolean is_count; /* it says how many elements that property has */
  gboolean constant;
  gboolean only_invalidated; /* the signal for a change does not carry the value */
} IommudMember;

GArray *iommud_members_new (const GDBusInterfaceInfo *info);
const IommudMember *iommud_members_find (const GArray *members, const char *property);

G_END_DECLS
