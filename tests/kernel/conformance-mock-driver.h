/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The driver of mock VFIO devices, tests/vm/vfio-mock, through its files in sysfs. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define CONFORMANCE_MOCK_DELETE "/sys/bus/platform/drivers/vfio_mock/delete_device"

gboolean conformance_mock_driver_is_there (void);

/* These return 0 or an errno; @name is such as vmock.0. */

int conformance_mock_driver_add (const char *specification);
int conformance_mock_driver_dma (const char *name, gboolean is_write, guint64 iova, guint64 length,
                                 guint8 value, guint8 *data);
int conformance_mock_driver_inject (const char *name, const char *call, int errnum, guint nth);
int conformance_mock_driver_get_state (const char *name, GString *state);
/* By the registers in the device's file: @result is bytes, or the errno as a negative number. */
int conformance_mock_driver_register_dma (int fd, guint64 iova, guint64 length, guint8 value,
                                          gint64 *result);

G_END_DECLS
