/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One method call, from its arrival to its answer. */
#pragma once

#include "service-state.h"

G_BEGIN_DECLS

typedef struct _IommudCall IommudCall;

IommudCall *iommud_call_new (IommudServiceState *state, IommudCaller *caller,
                             GDBusMessage *message);
GDBusMessage *iommud_call_get_message (IommudCall *self);
GVariant *iommud_call_get_arguments (IommudCall *self);
IommudObjects *iommud_call_get_objects (IommudCall *self);
guint32 iommud_call_get_uid (IommudCall *self);
guint32 iommud_call_get_pid (IommudCall *self);
IommudHost *iommud_call_get_host (IommudCall *self);
IommudServiceState *iommud_call_get_state (IommudCall *self);
GCancellable *iommud_call_get_cancellable (IommudCall *self);
void iommud_call_authorize (IommudCall *self, IommudNeeds *needs, IommudAuthorizerFunc answer,
                            gpointer user_data);
gboolean iommud_call_charge_call (IommudCall *self, GError **error);
gboolean iommud_call_charge (IommudCall *self, GError **error);
gboolean iommud_call_check_objects (IommudCall *self, GError **error);
gboolean iommud_call_recheck (IommudCall *self, GError **error);
gboolean iommud_call_admit (IommudCall *self, GError **error);
gboolean iommud_call_reserve_bitmap (IommudCall *self, guint64 length, guint64 page_size,
                                     GError **error);
gboolean iommud_call_can_send_files (IommudCall *self, GError **error);
int iommud_call_take_file (IommudCall *self, guint argument, GError **error);
void iommud_call_when_kept (IommudCall *self, void (*func) (gpointer user_data),
                            gpointer user_data);
void iommud_call_return (IommudCall *self);
void iommud_call_return_object (IommudCall *self, gpointer object);
void iommud_call_return_value (IommudCall *self, GVariant *value);
void iommud_call_return_read (IommudCall *self, GVariant *value);
gboolean iommud_call_has_caller (IommudCall *self);
void iommud_call_reserve_answer (IommudCall *self, gsize n_bytes);
void iommud_call_drop (IommudCall *self);
void iommud_call_return_sent (IommudCall *self, gsize n_bytes);
guint32 iommud_call_return_file (IommudCall *self, GVariant *value, int file);
guint32 iommud_call_return_files (IommudCall *self, GVariant *value, const int *files,
                                  guint n_files);
void iommud_call_fail (IommudCall *self, GError *error);
void iommud_call_refuse (IommudCall *self, GError *error);

G_END_DECLS
