/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The end of a host: its files are closed, and the kernel frees what belongs to them. */
#pragma once

#include <gio/gio.h>

#include "kernel/syscalls.h"

G_BEGIN_DECLS

/* No operation is under way. Devices go first: closing a device detaches it. */
void iommud_close_devices (GListModel *devices, const IommudSyscalls *syscalls);
void iommud_close_containers (GListModel *containers);

G_END_DECLS
