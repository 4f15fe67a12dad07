/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Processes that have a device open, as records and in words. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* An a{sv}, floating. */
GVariant *iommuctl_holder_record (guint32 pid, const char *command, const char *unit);
/* An aa{sv} with Pid, Command and Unit from an a(uss) of the service. */
GVariant *iommuctl_holder_records (GVariant *holders);
/* "qemu-system-x86 (pid 42, vm1.service)" */
char *iommuctl_holder_describe (GVariant *record);
/* All of an aa{sv}, or "-". */
char *iommuctl_holder_describe_records (GVariant *records);

G_END_DECLS
