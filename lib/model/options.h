/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The options of calls, as the operations read them. */
#pragma once

#include "iommud-options.h"

G_BEGIN_DECLS

struct _IommudMapOptions
{
  GObject parent_instance;

  gboolean readable;
  gboolean writable;
  gboolean fixed;
};

struct _IommudAttachOptions
{
  GObject parent_instance;

  IommudAttachMode mode;
  IommudTrackerChoice tracker;
};

struct _IommudHwptOptions
{
  GObject parent_instance;

  gboolean dirty_tracking;
  gboolean nest_parent;
};

struct _IommudReadOptions
{
  GObject parent_instance;

  gboolean no_clear;
  IommudTrackerChoice tracker;
};

/* A copy of @options, because the caller may change them during the call; the defaults if it is
 * NULL. */
IommudMapOptions *iommud_map_options_copy (IommudMapOptions *options);
IommudAttachOptions *iommud_attach_options_copy (IommudAttachOptions *options);
IommudReadOptions *iommud_read_options_copy (IommudReadOptions *options);

G_END_DECLS
