/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The backend of this machine: the real system calls and libudev. */
#include "backend/backend.h"
#include "probe/udev.h"

struct _IommudKernelBackend
{
  IommudBackend parent_instance;

  IommudProbe *probe;
};

struct _IommudKernelBackendClass
{
  IommudBackendClass parent_class;
};

/**
 * IommudKernelBackend:
 *
 * The backend of this machine: its kernel, and the devices that udev knows.
 */
G_DEFINE_FINAL_TYPE (IommudKernelBackend, iommud_kernel_backend, IOMMUD_TYPE_BACKEND)

static const char *
iommud_kernel_backend_get_name (IommudBackend *backend)
{
  return "kernel";
}

static const IommudSyscalls *
iommud_kernel_backend_get_syscalls (IommudBackend *backend)
{
  return iommud_syscalls_get_real ();
}

static IommudProbe *
iommud_kernel_backend_get_probe (IommudBackend *backend)
{
  return IOMMUD_KERNEL_BACKEND (backend)->probe;
}

/* The drivers of VT-d and AMD in Linux 6.12 stop a device's DMA for a moment:
 * intel_iommu_attach_device() blocks translation first, amd_iommu_attach_device() detaches first.
 * Another driver that can record dirty pages, such as that of SMMUv3, may do so too: what is not
 * known to move devices without a gap is taken for one that has it. */
static gboolean
iommud_kernel_backend_moves_without_gap (IommudBackend *backend, const char *iommu)
{
  static const char *const gapless[] = {
    "vmock-iommu", /* of tests/vm/vfio-mock: it changes one pointer */
  };

  for (gsize i = 0; i < G_N_ELEMENTS (gapless); i++)
    if (g_str_has_prefix (iommu, gapless[i]))
      return TRUE;
  return FALSE;
}

static void
iommud_kernel_backend_finalize (GObject *object)
{
  g_clear_object (&IOMMUD_KERNEL_BACKEND (object)->probe);
  G_OBJECT_CLASS (iommud_kernel_backend_parent_class)->finalize (object);
}

static void
iommud_kernel_backend_class_init (IommudKernelBackendClass *klass)
{
  IommudBackendClass *backend_class = IOMMUD_BACKEND_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = iommud_kernel_backend_finalize;
  backend_class->get_name = iommud_kernel_backend_get_name;
  backend_class->get_syscalls = iommud_kernel_backend_get_syscalls;
  backend_class->get_probe = iommud_kernel_backend_get_probe;
  backend_class->moves_without_gap = iommud_kernel_backend_moves_without_gap;
}

static void
iommud_kernel_backend_init (IommudKernelBackend *self)
{
  self->probe = iommud_udev_probe_new ();
}

/**
 * iommud_kernel_backend_new:
 *
 * Makes the backend of this machine.
 *
 * Returns: (transfer full): a new backend
 */
IommudKernelBackend *
iommud_kernel_backend_new (void)
{
  return g_object_new (IOMMUD_TYPE_KERNEL_BACKEND, NULL);
}
