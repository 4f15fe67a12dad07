/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The sections of a configuration file, their keys and values. */
#pragma once

#include "access/problems.h"

G_BEGIN_DECLS

typedef struct
{
  guint line;
  char *key;
  char *value;
} IommudSetting;

typedef struct
{
  guint line;
  char *name;
  GPtrArray *settings; /* of IommudSetting */
  gboolean is_broken;  /* a line in it is wrong */
} IommudSection;

GPtrArray *iommud_settings_parse (const char *file, const char *text, gsize length,
                                  IommudProblems *problems);
char **iommud_setting_split (const IommudSetting *self);
gboolean iommud_setting_parse_number (const char *text, guint64 largest, guint64 *number);
gboolean iommud_setting_parse_size (const char *text, guint64 *n_bytes);

G_END_DECLS
