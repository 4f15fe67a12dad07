/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The abstract backend: its name, its system calls, its probe, and what it can do. */
#include "backend/backend.h"

/**
 * IommudBackend:
 *
 * What a host uses: this machine's kernel, or a simulated one.
 */
G_DEFINE_ABSTRACT_TYPE (IommudBackend, iommud_backend, G_TYPE_OBJECT)

static void
iommud_backend_class_init (IommudBackendClass *klass)
{
}

static void
iommud_backend_init (IommudBackend *self)
{
}

/**
 * iommud_backend_get_name:
 * @self: a backend
 *
 * Which kind of backend this is.
 *
 * Returns: `kernel` or `simulated`
 */
const char *
iommud_backend_get_name (IommudBackend *self)
{
  g_return_val_if_fail (IOMMUD_IS_BACKEND (self), NULL);
  return IOMMUD_BACKEND_GET_CLASS (self)->get_name (self);
}

const IommudSyscalls *
iommud_backend_get_syscalls (IommudBackend *self)
{
  return IOMMUD_BACKEND_GET_CLASS (self)->get_syscalls (self);
}

IommudProbe *
iommud_backend_get_probe (IommudBackend *self)
{
  return IOMMUD_BACKEND_GET_CLASS (self)->get_probe (self);
}

gboolean
iommud_backend_moves_without_gap (IommudBackend *self, const char *iommu)
{
  return IOMMUD_BACKEND_GET_CLASS (self)->moves_without_gap (self, iommu);
}
