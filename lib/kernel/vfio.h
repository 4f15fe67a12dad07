/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The ioctls of a VFIO cdev as typed functions. Each returns 0 or a positive errno. */
#pragma once

#include "kernel/iommufd.h"

G_BEGIN_DECLS

int iommud_vfio_bind_iommufd (const IommudSyscalls *syscalls, int fd, int iommufd,
                              guint32 *device_id);
/* @pt_id: in, an IOAS or a HWPT; out, the HWPT (the IOAS for an mdev) that translates now. */
int iommud_vfio_attach (const IommudSyscalls *syscalls, int fd, guint32 *pt_id);
int iommud_vfio_detach (const IommudSyscalls *syscalls, int fd);
/* What it says of the device is not kept. EINVAL: it is not bound. */
int iommud_vfio_get_info (const IommudSyscalls *syscalls, int fd);
/* The first errno of the probes below that is not 0: ENOTTY if the device has no log. */
int iommud_vfio_probe_dma_logging (const IommudSyscalls *syscalls, int fd);
/* Whether the device can log its own DMA: all three DMA logging features answer a probe. */
gboolean iommud_vfio_has_dma_logging (const IommudSyscalls *syscalls, int fd);

/* @ranges: an array of IommudIovaRange, multiples of the page size. @page_size: in, what is wanted;
 * out, what the device logs in. */
int iommud_vfio_start_dma_logging (const IommudSyscalls *syscalls, int fd, const GArray *ranges,
                                   guint64 *page_size);
int iommud_vfio_stop_dma_logging (const IommudSyscalls *syscalls, int fd);
/* Joins the dirty pages of a range into a bitmap, whose bit 0 is @iova, and forgets them. If the
 * range covers only a part of a page of the log, all of that page is forgotten. */
int iommud_vfio_report_dma_logging (const IommudSyscalls *syscalls, int fd, guint64 iova,
                                    guint64 length, guint64 page_size, guint64 *words);

G_END_DECLS
