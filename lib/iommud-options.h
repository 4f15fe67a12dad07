/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What callers can ask for beyond the arguments of a call; every option has a default. */
#pragma once

#include "iommud-types.h"

G_BEGIN_DECLS

#define IOMMUD_TYPE_MAP_OPTIONS (iommud_map_options_get_type ())
IOMMUD_PUBLIC
G_DECLARE_FINAL_TYPE (IommudMapOptions, iommud_map_options, IOMMUD, MAP_OPTIONS, GObject)

IOMMUD_PUBLIC IommudMapOptions *iommud_map_options_new (void);

#define IOMMUD_TYPE_ATTACH_OPTIONS (iommud_attach_options_get_type ())
IOMMUD_PUBLIC
G_DECLARE_FINAL_TYPE (IommudAttachOptions, iommud_attach_options, IOMMUD, ATTACH_OPTIONS, GObject)

IOMMUD_PUBLIC IommudAttachOptions *iommud_attach_options_new (void);

#define IOMMUD_TYPE_HWPT_OPTIONS (iommud_hwpt_options_get_type ())
IOMMUD_PUBLIC
G_DECLARE_FINAL_TYPE (IommudHwptOptions, iommud_hwpt_options, IOMMUD, HWPT_OPTIONS, GObject)

IOMMUD_PUBLIC IommudHwptOptions *iommud_hwpt_options_new (void);

#define IOMMUD_TYPE_READ_OPTIONS (iommud_read_options_get_type ())
IOMMUD_PUBLIC
G_DECLARE_FINAL_TYPE (IommudReadOptions, iommud_read_options, IOMMUD, READ_OPTIONS, GObject)

IOMMUD_PUBLIC IommudReadOptions *iommud_read_options_new (void);

G_END_DECLS
