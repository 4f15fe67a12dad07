/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What lets certain users use certain devices. */
#pragma once

#include <gio/gio.h>

#include "access/settings.h"

G_BEGIN_DECLS

typedef struct _IommudGrant IommudGrant;

/* What of a device a grant may name. */
typedef struct
{
  char *name;
  char *driver;
  char *mdev_type;
  guint32 vendor_id;
  guint32 product_id;
  gint32 iommu_group; /* -1: none */
} IommudDeviceTraits;

/* A user, and the groups of that user that the bus knows. */
typedef struct
{
  guint32 uid;
  const GArray *groups; /* of guint32; NULL for none */
} IommudSubject;

IommudGrant *iommud_grant_new (const char *file, const IommudSection *section,
                               IommudProblems *problems);
void iommud_grant_free (IommudGrant *self);
gboolean iommud_grant_is_for (const IommudGrant *self, const IommudSubject *subject);
gboolean iommud_grant_covers (const IommudGrant *self, const IommudDeviceTraits *device);
guint64 iommud_grant_get_locked_memory (const IommudGrant *self);

void iommud_device_traits_init (IommudDeviceTraits *self, gpointer device);
void iommud_device_traits_clear (IommudDeviceTraits *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (IommudGrant, iommud_grant_free)
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (IommudDeviceTraits, iommud_device_traits_clear)

G_END_DECLS
