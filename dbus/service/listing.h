/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* All objects with all properties, for those who ask. */
#pragma once

#include "lanes.h"
#include "long-answer.h"
#include "objects.h"

G_BEGIN_DECLS

typedef struct _IommudCall IommudCall;
typedef struct _IommudListing IommudListing;

IommudListing *iommud_listing_new (GDBusConnection *connection, IommudObjects *objects,
                                   IommudLongAnswers *long_answers);
void iommud_listing_free (IommudListing *self);
void iommud_listing_answer (IommudListing *self, IommudCall *call);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (IommudListing, iommud_listing_free)

G_END_DECLS
