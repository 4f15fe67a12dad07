/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What stands below a host: the system calls and the discovery of one machine. */
#pragma once

#include "iommud-types.h"

G_BEGIN_DECLS

#define IOMMUD_TYPE_BACKEND (iommud_backend_get_type ())
IOMMUD_PUBLIC
G_DECLARE_DERIVABLE_TYPE (IommudBackend, iommud_backend, IOMMUD, BACKEND, GObject)

IOMMUD_PUBLIC const char *iommud_backend_get_name (IommudBackend *self);

#define IOMMUD_TYPE_KERNEL_BACKEND (iommud_kernel_backend_get_type ())
#define IOMMUD_KERNEL_BACKEND(object)                                                              \
  (G_TYPE_CHECK_INSTANCE_CAST ((object), IOMMUD_TYPE_KERNEL_BACKEND, IommudKernelBackend))
#define IOMMUD_IS_KERNEL_BACKEND(object)                                                           \
  (G_TYPE_CHECK_INSTANCE_TYPE ((object), IOMMUD_TYPE_KERNEL_BACKEND))

/* Declared by hand: G_DECLARE_FINAL_TYPE wants the class of its parent, which is private. */
typedef struct _IommudKernelBackend IommudKernelBackend;
typedef struct _IommudKernelBackendClass IommudKernelBackendClass;
IOMMUD_PUBLIC GType iommud_kernel_backend_get_type (void);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (IommudKernelBackend, g_object_unref)

IOMMUD_PUBLIC IommudKernelBackend *iommud_kernel_backend_new (void);

G_END_DECLS
