/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An object of the model as an interface on the bus. */
#pragma once

#include "dispatch.h"

G_BEGIN_DECLS

#define IOMMUD_TYPE_EXPORT (iommud_export_get_type ())
G_DECLARE_DERIVABLE_TYPE (IommudExport, iommud_export, IOMMUD, EXPORT, GDBusInterfaceSkeleton)

struct _IommudExportClass
{
  GDBusInterfaceSkeletonClass parent_class;

  /* The value of a property that the model does not have; NULL for other properties. Owned. */
  GVariant *(*read_own_property) (IommudExport *self, const char *member);

  GArray *members; /* filled by iommud_export_class_describe */
  GDBusInterfaceInfo *info;
  const IommudMethod *methods;
  gsize n_methods;
};

void iommud_export_class_describe (IommudExportClass *class, GDBusInterfaceInfo *info,
                                   const IommudMethod *methods, gsize n_methods);
const IommudMethod *iommud_export_class_find_method (IommudExportClass *class, const char *name);
IommudExport *iommud_export_new (GType type, IommudServiceState *state, gpointer model);
gpointer iommud_export_get_model (IommudExport *self);
IommudServiceState *iommud_export_get_state (IommudExport *self);

G_END_DECLS
