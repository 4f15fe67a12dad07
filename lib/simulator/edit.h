/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an edit of a simulated host's file changes. */
#pragma once

#include <gio/gio.h>

#include "sim/description/shape.h"

G_BEGIN_DECLS

/* A device to be plugged: one of the two. */
typedef struct
{
  IommudSimulatedDevice *device;
  IommudSimulatedHostDevice *host_device;
} IommudSimulatedAddition;

const char *iommud_simulated_addition_get_name (const IommudSimulatedAddition *self);
void iommud_simulated_addition_free (gpointer self);

/* The difference between the file and what was applied of it before. */
typedef struct
{
  IommudSimulatedShape *applied; /* as it was before the edit */
  GError *error;                 /* the file does not describe a host: the rest is NULL */
  IommudSimulatedShape *wanted;
  IommudSimulatedHost *host; /* without its devices and host devices */
  GPtrArray *gone;           /* names of devices and host devices to be unplugged */
  GQueue additions;          /* of IommudSimulatedAddition, in the order in which to plug them */
} IommudSimulatedEdit;

void iommud_simulated_edit_free (IommudSimulatedEdit *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (IommudSimulatedEdit, iommud_simulated_edit_free)

/* Takes @applied, which the result gives back; if it is NULL, it is what @original describes. */
void iommud_simulated_edit_read_async (const char *filename, GBytes *original,
                                       IommudSimulatedShape *applied, GCancellable *cancellable,
                                       GAsyncReadyCallback callback, gpointer user_data);
/* NULL: it was cancelled. */
IommudSimulatedEdit *iommud_simulated_edit_read_finish (GAsyncResult *result);

G_END_DECLS
