/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The one header that users of libiommud-dbus include. */
#pragma once

#include "iommud-dbus-types.h"
#include "iommud-dbus-names.h"
#include "iommud-dbus-error.h"
#include "iommud-dbus-generated.h"
#include "iommud-dbus-property.h"
#include "iommud-dbus-client.h"
