/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What all headers of the client library share. */
#pragma once

#include <gio/gio.h>

#define IOMMUD_DBUS_PUBLIC __attribute__ ((visibility ("default")))
