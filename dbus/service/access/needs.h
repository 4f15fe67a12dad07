/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a call needs of its caller. */
#pragma once

#include "objects.h"
#include "policy.h"

G_BEGIN_DECLS

/* No method takes more objects than a message can carry files for. Each is compared with all
 * grants. */
#define IOMMUD_NEEDS_MAX_OBJECTS 32

/* Why a caller has what a call needs. */
typedef enum
{
  IOMMUD_BASIS_NONE, /* it does not have it */
  IOMMUD_BASIS_TRUST,
  IOMMUD_BASIS_OWNER,
  IOMMUD_BASIS_GRANT,
  IOMMUD_BASIS_POLKIT,
} IommudBasis;

/* One thing that is needed: an object, or a device, or without an object some grant. */
typedef struct
{
  GObject *object;
  gboolean may_be_granted;
  IommudAction action; /* that the caller must be let do if it has not got this */
  IommudBasis basis;
} IommudNeed;

typedef struct _IommudNeeds IommudNeeds;

IommudNeeds *iommud_needs_new (IommudAccess access, GObject *called, GVariant *arguments,
                               IommudObjects *objects);
void iommud_needs_free (IommudNeeds *self);
gboolean iommud_needs_are_too_many (const IommudNeeds *self);
guint iommud_needs_count (const IommudNeeds *self);
IommudNeed *iommud_needs_get (IommudNeeds *self, guint index);
IommudNeed *iommud_needs_find_unmet (IommudNeeds *self);
void iommud_needs_meet (IommudNeeds *self, IommudAction action, IommudBasis basis);
gboolean iommud_needs_check_objects (const IommudNeeds *self, IommudObjects *objects,
                                     GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (IommudNeeds, iommud_needs_free)

G_END_DECLS
