/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether callers have what their calls need. */
#pragma once

#include "access/configuration.h"
#include "access/request.h"

G_BEGIN_DECLS

typedef struct _IommudAuthorizer IommudAuthorizer;

/* @error: why not, owned by the function; NULL if the caller has what it needs. Needs an answer
 * even if the caller has left. */
typedef void (*IommudAuthorizerFunc) (GError *error, gpointer user_data);

/* Called each time another configuration is in force. */
typedef void (*IommudAuthorizerConfiguredFunc) (const IommudConfiguration *configuration,
                                                gpointer user_data);

IommudAuthorizer *iommud_authorizer_new (const IommudPolicy *policy, GDBusConnection *connection,
                                         IommudAuthorizerConfiguredFunc configured,
                                         gpointer user_data);
void iommud_authorizer_close (IommudAuthorizer *self);
void iommud_authorizer_free (IommudAuthorizer *self);
gboolean iommud_authorizer_trusts (const IommudAuthorizer *self, const IommudCaller *caller);
void iommud_authorizer_check (IommudAuthorizer *self, const IommudRequest *request,
                              IommudAuthorizerFunc answer, gpointer user_data);
gboolean iommud_authorizer_check_locked_memory (const IommudAuthorizer *self,
                                                const IommudRequest *request, guint64 n_bytes,
                                                GError **error);
gboolean iommud_authorizer_recheck (const IommudAuthorizer *self, const IommudRequest *request,
                                    GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (IommudAuthorizer, iommud_authorizer_free)

G_END_DECLS
