/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the administrator has configured, as it was when it was read. */
#pragma once

#include "access/grant.h"
#include "access/limits.h"

G_BEGIN_DECLS

#define IOMMUD_CONFIGURATION_FILE "iommud.conf"
#define IOMMUD_CONFIGURATION_GRANTS_FOLDER "grants.d"
#define IOMMUD_CONFIGURATION_MAX_FILES 1024
#define IOMMUD_CONFIGURATION_MAX_GRANTS 4096

typedef struct _IommudConfiguration IommudConfiguration;

IommudConfiguration *iommud_configuration_read (const char *folder, IommudProblems *problems);
IommudConfiguration *iommud_configuration_ref (IommudConfiguration *self);
void iommud_configuration_unref (IommudConfiguration *self);
const IommudLimits *iommud_configuration_get_limits (const IommudConfiguration *self);
gboolean iommud_configuration_has_grant (const IommudConfiguration *self,
                                         const IommudSubject *subject);
gboolean iommud_configuration_grants (const IommudConfiguration *self, const IommudSubject *subject,
                                      const IommudDeviceTraits *device, guint64 *locked_memory);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (IommudConfiguration, iommud_configuration_unref)

G_END_DECLS
