/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Answers that take long to put together or to send. */
#pragma once

#include <gio/gio.h>

#include "call.h"

G_BEGIN_DECLS

/* Puts the answer together, a tuple, on another thread. Owned or floating. */
typedef GVariant *(*IommudAnswerFunc) (gpointer data);

/* On the main loop. @error: owned, why the answer was not sent; NULL if it was. If @cancellable was
 * cancelled meanwhile, the error says so, and it is not known whether it was. */
typedef void (*IommudAnsweredFunc) (gsize n_bytes, GError *error, gpointer user_data);

void iommud_long_answer_send (GDBusConnection *connection, GDBusMessage *message,
                              IommudAnswerFunc make, gpointer data, GDestroyNotify free_data,
                              GCancellable *cancellable, IommudAnsweredFunc answered,
                              gpointer user_data);

G_END_DECLS
