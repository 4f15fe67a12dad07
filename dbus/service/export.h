/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An object of the model as an interface on the bus. */
#pragma once

#include "method.h"

G_BEGIN_DECLS

/* What the service offers of an interface file. One for each, in its -export.c file. */
typedef struct
{
  GDBusInterfaceInfo *(*get_info) (void);
  const IommudMethod *methods;
  gsize n_methods;

  /* The value of a property that the model does not have; NULL for other properties. Owned. NULL
   * if the model has all. */
  GVariant *(*read_own_property) (IommudExport *self, const char *member);
  /* Connects signals of the model, with the export as user data, to iommud_export_emit(); NULL if
   * the interface has none. */
  void (*connect) (IommudExport *self);
} IommudInterface;

const IommudMethod *iommud_interface_find_method (const IommudInterface *self, const char *name);

IommudExport *iommud_export_new (const IommudInterface *interface, IommudServiceState *state,
                                 IommudBusObject *object, gpointer model);
void iommud_export_free (gpointer export);
void iommud_export_forget_changes (IommudExport *self);
gpointer iommud_export_get_model (IommudExport *self);
IommudBusObject *iommud_export_get_object (IommudExport *self);
GDBusInterfaceInfo *iommud_export_get_info (IommudExport *self);
const IommudInterface *iommud_export_get_interface (IommudExport *self);
GVariant *iommud_export_read (IommudExport *self, const char *property, GError **error);
GVariant *iommud_export_read_all (IommudExport *self);
const char *iommud_export_get_path_of (IommudExport *self, gpointer model);
void iommud_export_emit (IommudExport *self, const char *signal, GVariant *parameters);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (IommudExport, iommud_export_free)

G_END_DECLS
