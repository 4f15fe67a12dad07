/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether the kernel still has what was written down: questions that change nothing. For workers,
 * and for an adoption, which is over before the main loop runs.
 *
 * Each returns FALSE with an error if the kernel could not say, for instance because it is out of
 * memory: that does not mean that an object is gone. */
#pragma once

#include "handle/page-table.h"

G_BEGIN_DECLS

/* Whether @access->iommufd is an iommufd. */
gboolean iommud_presence_of_context (const IommudKernelAccess *access, gboolean *present,
                                     GError **error);
/* @space is what can be mapped in it. */
gboolean iommud_presence_of_ioas (const IommudKernelAccess *access, guint32 ioas_id,
                                  IommudIovaSpace *space, gboolean *present, GError **error);
gboolean iommud_presence_of_hwpt (const IommudKernelAccess *access, guint32 hwpt_id,
                                  gboolean *present, GError **error);
/* Whether all of a range is mapped. */
gboolean iommud_presence_of_mapping (const IommudKernelAccess *access, guint32 ioas_id,
                                     guint64 iova, guint64 length, gboolean *present,
                                     GError **error);
/* For a device that has an IOMMU, so not for an mdev. @capabilities are those of the IOMMU. */
gboolean iommud_presence_of_device (const IommudKernelAccess *access, guint32 device_id,
                                    guint64 *capabilities, gboolean *present, GError **error);
/* Whether a cdev is bound to any context, and whether its device can log its DMA. */
gboolean iommud_presence_of_binding (const IommudKernelAccess *access, int cdev, gboolean *present,
                                     GError **error);
gboolean iommud_presence_of_dma_logging (const IommudKernelAccess *access, int cdev,
                                         gboolean *present, GError **error);

G_END_DECLS
