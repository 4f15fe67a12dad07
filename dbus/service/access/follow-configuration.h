/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The configuration that is in force. */
#pragma once

#include "access/configuration.h"

G_BEGIN_DECLS

typedef struct _IommudConfigurationFollower IommudConfigurationFollower;

/* Called each time another configuration is in force. */
typedef void (*IommudConfigurationFunc) (gpointer user_data);

IommudConfigurationFollower *iommud_configuration_follower_new (const char *folder,
                                                                IommudConfigurationFunc changed,
                                                                gpointer user_data);
void iommud_configuration_follower_free (IommudConfigurationFollower *self);
const IommudConfiguration *
iommud_configuration_follower_get (const IommudConfigurationFollower *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (IommudConfigurationFollower, iommud_configuration_follower_free)

G_END_DECLS
