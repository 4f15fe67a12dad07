/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The one header that users of libiommud include. */
#pragma once

#include "iommud-types.h"
#include "iommud-error.h"
#include "iommud-backend.h"
#include "iommud-container.h"
#include "iommud-descriptors.h"
#include "iommud-device.h"
#include "iommud-dirty-tracking.h"
#include "iommud-enum-types.h"
#include "iommud-holder.h"
#include "iommud-host.h"
#include "iommud-hwpt.h"
#include "iommud-lease.h"
#include "iommud-memory.h"
#include "iommud-options.h"
#include "iommud-state.h"
