/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Answers that take long to send. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct _IommudLongAnswers IommudLongAnswers;

/* On the main loop. @error: owned, why the answer was not sent; NULL if it was. If @cancellable was
 * cancelled meanwhile, the error says so, and it is not known whether it was. */
typedef void (*IommudAnsweredFunc) (gsize n_bytes, GError *error, gpointer user_data);

IommudLongAnswers *iommud_long_answers_new (GDBusConnection *connection);
void iommud_long_answers_free (IommudLongAnswers *self);
void iommud_long_answers_send (IommudLongAnswers *self, GDBusMessage *message, GVariant *body,
                               GCancellable *cancellable, IommudAnsweredFunc answered,
                               gpointer user_data);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (IommudLongAnswers, iommud_long_answers_free)

G_END_DECLS
