/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* org.iommud1.Hwpt. */
#pragma once

#include "export.h"

G_BEGIN_DECLS

extern const IommudInterface iommud_hwpt_interface;

G_END_DECLS
