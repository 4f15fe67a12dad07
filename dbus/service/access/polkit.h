/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Questions to polkit. */
#pragma once

#include "caller.h"
#include "policy.h"

G_BEGIN_DECLS

/* How many questions may be under way at once. Others wait for their turn. */
#define IOMMUD_POLKIT_QUESTIONS_PER_CALLER 2
#define IOMMUD_POLKIT_QUESTIONS_PER_USER 4
#define IOMMUD_POLKIT_QUESTIONS_OF_ALL 24
#define IOMMUD_POLKIT_WAITING_PER_USER 256

/* How long an answer may take if nobody is asked for a password. */
#define IOMMUD_POLKIT_PATIENCE_MS 25000

typedef enum
{
  IOMMUD_POLKIT_ALLOWED,
  IOMMUD_POLKIT_REFUSED,
  IOMMUD_POLKIT_WANTS_PASSWORD, /* and the caller does not let its user be asked for one */
  IOMMUD_POLKIT_ABSENT,         /* this bus has none */
  IOMMUD_POLKIT_DIED,           /* while it was asked */
  IOMMUD_POLKIT_LATE,
  IOMMUD_POLKIT_FAILED,
  IOMMUD_POLKIT_TOO_MANY,  /* of that user wait already */
  IOMMUD_POLKIT_CANCELLED, /* the caller has left, or the service has */
} IommudPolkitAnswer;

/* @message: of a failure; NULL otherwise. */
typedef void (*IommudPolkitFunc) (IommudPolkitAnswer answer, const char *message,
                                  gpointer user_data);

typedef struct _IommudPolkit IommudPolkit;

IommudPolkit *iommud_polkit_new (GDBusConnection *connection, guint patience_ms);
void iommud_polkit_free (IommudPolkit *self);
void iommud_polkit_ask (IommudPolkit *self, IommudCaller *caller, IommudAction action,
                        GVariant *details, gboolean is_interactive, IommudPolkitFunc answer,
                        gpointer user_data);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (IommudPolkit, iommud_polkit_free)

G_END_DECLS
